//! HTTPS: connections, requests, and errors in the form that clients of Kubernetes read.
//!
//! What is served is a [`Service`], which sees a request only after the [`Guard`](crate::access::Guard) let it pass.

mod body;
mod limits;
mod listener;
mod service;
mod status;
mod tls;

pub use body::Body;
pub use limits::Limits;
pub use listener::serve;
pub use service::Service;
pub use status::Status;
pub(crate) use tls::{Files, Look, follow, is_overdue};
pub use tls::{Tls, TlsError};
