//! jvb-adapter: the custom metrics API of Kubernetes straight from the videobridges.

pub mod attributes;
mod authn;
mod authz;
mod cache;
mod delegation;
pub mod guard;
pub mod identity;
pub mod listener;
mod review;
pub mod status;
pub mod tls;
