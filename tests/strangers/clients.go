package main

import (
	"net/http"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/metrics/pkg/client/custom_metrics"
	"k8s.io/metrics/pkg/client/external_metrics"
)

// clients are those that kube-controller-manager makes for the HPA.
type clients struct {
	available custom_metrics.AvailableAPIsGetter
	custom    custom_metrics.CustomMetricsClient
	external  external_metrics.ExternalMetricsClient
	last      *last
}

func newClients(kubeconfig string) (*clients, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.ContentType = runtime.ContentTypeProtobuf
	config.QPS, config.Burst = 500, 1000

	discovery, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discovery))
	available := custom_metrics.NewAvailableAPIsGetter(discovery)

	last := &last{}
	config.Wrap(last.wrap)
	external, err := external_metrics.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	custom := custom_metrics.NewForConfig(config, mapper, available)
	return &clients{available, custom, external, last}, nil
}

// last remembers what the last request of a metrics client was on the wire, and in what form it was answered.
type last struct {
	URI         string `json:"uri"`
	Accept      string `json:"accept"`
	ContentType string `json:"contentType"`
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func (l *last) wrap(inner http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		*l = last{URI: request.URL.RequestURI(), Accept: request.Header.Get("Accept")}
		response, err := inner.RoundTrip(request)
		if err == nil {
			l.ContentType = response.Header.Get("Content-Type")
		}
		return response, err
	})
}

