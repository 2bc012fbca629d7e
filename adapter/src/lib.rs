//! jvb-adapter: the custom metrics API of Kubernetes straight from the videobridges.
