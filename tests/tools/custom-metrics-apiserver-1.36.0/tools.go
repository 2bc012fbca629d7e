//go:build tools

// Package tools names the adapter that custom-metrics-apiserver tests itself with, so that go.sum pins what it is built from.
package tools

import _ "sigs.k8s.io/custom-metrics-apiserver/test-adapter"
