//! The accept loop: connections come, are served, and end in good order.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::attributes::Attributes;
use crate::guard::Guard;
use crate::identity::User;
use crate::status::Status;
use crate::tls::Tls;

mod connection;
mod exchange;

use exchange::Exchange;

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

/// How much is served to whom at once, and for how long. The defaults are what
/// [`serve`] uses.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once; further ones wait in the listener's backlog.
    pub connections: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a request's header may take to arrive (HTTP/1).
    pub header: Duration,
    /// Bytes of a request's header. Groups of a user come as one header each.
    pub header_bytes: u32,
    /// Number of a request's headers (HTTP/1; in HTTP/2 their bytes bound it).
    pub headers: usize,
    /// Requests at once in one connection (HTTP/2).
    pub streams: u32,
    /// How long one answer may take to make.
    pub answer: Duration,
    /// How long a connection may rest without a request.
    pub rest: Duration,
    /// How long a connection that is being closed may take to deliver its last answer.
    pub farewell: Duration,
    /// How long requests that are under way at the end may take. Shorter than a pod's grace
    /// period.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1000,
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(32),
            header_bytes: 128 * 1024,
            headers: 1000,
            streams: 100,
            answer: Duration::from_secs(30),
            rest: Duration::from_secs(90),
            farewell: Duration::from_secs(10),
            drain: Duration::from_secs(20),
        }
    }
}

/// Serves until `shutdown` is cancelled, then finishes the requests that are under way.
///
/// # Errors
/// Where a background task that serving needs has come to its end.
pub async fn serve<S: Service>(
    listener: TcpListener,
    tls: Tls,
    guard: Guard,
    service: Arc<S>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    serve_within(Limits::default(), listener, tls, guard, service, shutdown).await
}

/// As [`serve`], within limits of one's own.
///
/// # Errors
/// As [`serve`].
pub async fn serve_within<S: Service>(
    limits: Limits,
    listener: TcpListener,
    tls: Tls,
    guard: Guard,
    service: Arc<S>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let drain = limits.drain;
    let server = Server {
        places: Arc::new(Semaphore::new(limits.connections)),
        exchange: Arc::new(Exchange {
            guard,
            service,
            limits,
        }),
        acceptor: TlsAcceptor::from(tls.config()),
        connections: TaskTracker::new(),
        closing: shutdown.child_token(),
        aborting: CancellationToken::new(),
    };
    // However this ends, connections do not outlive it.
    let _abort = server.aborting.clone().drop_guard();
    let outcome = tokio::select! {
        never = server.accept(&listener) => match never {},
        () = shutdown.cancelled() => Ok(()),
        () = server.blindness(&shutdown) => Err(anyhow::anyhow!(
            "the API server's authentication is not followed any more"
        )),
    };
    drop(listener);
    server.closing.cancel();
    server.connections.close();
    if tokio::time::timeout(drain, server.connections.wait())
        .await
        .is_err()
    {
        let left = server.connections.len();
        tracing::warn!(left, "connections were still busy at the end");
    }
    outcome
}

struct Server<S> {
    exchange: Arc<Exchange<S>>,
    acceptor: TlsAcceptor,
    places: Arc<Semaphore>,
    connections: TaskTracker,
    /// Connections take no more requests.
    closing: CancellationToken,
    /// Connections end now.
    aborting: CancellationToken,
}

impl<S: Service> Server<S> {
    async fn accept(&self, listener: &TcpListener) -> std::convert::Infallible {
        /// Out of file descriptors, most likely: others may close theirs soon.
        const BREATH: Duration = Duration::from_millis(100);
        loop {
            let place = Arc::clone(&self.places).acquire_owned().await;
            match listener.accept().await {
                Ok((stream, _)) => self.start(stream, place.ok()),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn start(&self, stream: TcpStream, place: Option<OwnedSemaphorePermit>) {
        let exchange = Arc::clone(&self.exchange);
        let acceptor = self.acceptor.clone();
        let closing = self.closing.child_token();
        let aborting = self.aborting.clone();
        self.connections.spawn(async move {
            tokio::select! {
                () = connection::run(stream, &acceptor, exchange, closing) => {}
                () = aborting.cancelled() => {}
            }
            drop(place);
        });
    }

    /// Ends when authorities are not followed any more although nobody asked to stop.
    async fn blindness(&self, shutdown: &CancellationToken) {
        self.exchange.guard.blinded().await;
        if shutdown.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }
}
