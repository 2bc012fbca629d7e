//! The laboratory: a real Kubernetes with mock bridges.
