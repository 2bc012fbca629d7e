package main

import (
	"fmt"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	custom "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
)

// question is one read of metrics.
type question struct {
	// API is custom or external.
	API string `json:"api"`
	// Namespace is empty at the scope of the cluster, where namespaces themselves are.
	Namespace string `json:"namespace"`
	// Group and Kind say of what kind of objects the metric is.
	Group string `json:"group"`
	Kind  string `json:"kind"`
	// Name is that of one object; empty means all that Selector means.
	Name string `json:"name"`
	// Selector selects objects by their labels.
	Selector string `json:"selector"`
	Metric   string `json:"metric"`
	// MetricSelector selects among the series of the metric.
	MetricSelector string `json:"metricSelector"`
}

func (c *clients) answer(q question) answer {
	// As the HPA does before each round: the preferred version may have changed.
	c.available.Invalidate()
	*c.last = last{}
	items, err := c.ask(q)
	return answer{Items: items, Error: failureOf(err), Wire: *c.last}
}

func (c *clients) ask(q question) ([]item, error) {
	selector, err := labels.Parse(q.Selector)
	if err != nil {
		return nil, err
	}
	series, err := labels.Parse(q.MetricSelector)
	if err != nil {
		return nil, err
	}
	switch {
	case q.API == "external":
		list, err := c.external.NamespacedMetrics(q.Namespace).List(q.Metric, series)
		if err != nil {
			return nil, err
		}
		return each(list.Items, ofExternal), nil
	case q.API != "custom":
		return nil, fmt.Errorf("there is no API %q: it is custom or external", q.API)
	}
	metrics := c.custom.RootScopedMetrics()
	if q.Namespace != "" {
		metrics = c.custom.NamespacedMetrics(q.Namespace)
	}
	kind := schema.GroupKind{Group: q.Group, Kind: q.Kind}
	if q.Name == "" {
		list, err := metrics.GetForObjects(kind, selector, q.Metric, series)
		if err != nil {
			return nil, err
		}
		return each(list.Items, ofCustom), nil
	}
	value, err := metrics.GetForObject(kind, q.Name, q.Metric, series)
	if err != nil {
		return nil, err
	}
	return []item{ofCustom(*value)}, nil
}

func each[T custom.MetricValue | external.ExternalMetricValue](values []T, of func(T) item) []item {
	items := make([]item, 0, len(values))
	for _, value := range values {
		items = append(items, of(value))
	}
	return items
}
