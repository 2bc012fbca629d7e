//! jvb-adapter: the custom metrics API of Kubernetes straight from the videobridges.

pub mod attributes;
pub mod guard;
pub mod identity;
pub mod listener;
pub mod status;
pub mod tls;
