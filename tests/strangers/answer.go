package main

import (
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	custom "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
)

// answer is what the clients made of the server's answer.
type answer struct {
	Items []item   `json:"items"`
	Error *failure `json:"error"`
	Wire  last     `json:"wire"`
}

// item is one value, of an object (custom) or with labels (external).
type item struct {
	APIVersion string                `json:"apiVersion"`
	Kind       string                `json:"kind"`
	Namespace  string                `json:"namespace"`
	Name       string                `json:"name"`
	Metric     string                `json:"metric"`
	Series     *metav1.LabelSelector `json:"series"`
	Labels     map[string]string     `json:"labels"`
	Timestamp  time.Time             `json:"timestamp"`
	Window     *int64                `json:"windowSeconds"`
	// Milli is the value in thousandths: all that the HPA looks at.
	Milli int64 `json:"milli"`
}

func ofCustom(value custom.MetricValue) item {
	object := value.DescribedObject
	return item{
		APIVersion: object.APIVersion,
		Kind:       object.Kind,
		Namespace:  object.Namespace,
		Name:       object.Name,
		Metric:     value.Metric.Name,
		Series:     value.Metric.Selector,
		Timestamp:  value.Timestamp.Time,
		Window:     value.WindowSeconds,
		Milli:      value.Value.MilliValue(),
	}
}

func ofExternal(value external.ExternalMetricValue) item {
	return item{
		Metric:    value.MetricName,
		Labels:    value.MetricLabels,
		Timestamp: value.Timestamp.Time,
		Window:    value.WindowSeconds,
		Milli:     value.Value.MilliValue(),
	}
}

// failure is an error as client-go understood it. Without a code it never was an answer of the server.
type failure struct {
	Message string `json:"message"`
	Reason  string `json:"reason"`
	Code    int32  `json:"code"`
}

func failureOf(err error) *failure {
	if err == nil {
		return nil
	}
	failure := &failure{Message: err.Error()}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		failure.Reason, failure.Code = string(status.Status().Reason), status.Status().Code
	}
	return failure
}
