//! The accept loop: connections come, are served, and end in good order.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Guard;
use crate::serving::limits::Limits;
use crate::serving::service::Service;
use crate::serving::tls::Tls;

mod connection;
mod exchange;
mod neighbours;
mod room;

use exchange::Exchange;
use neighbours::{Neighbour, Neighbours};
use room::Room;

/// Serves within these limits until `shutdown` is cancelled, then finishes the requests that are under way.
///
/// # Errors
/// Where a background task that serving needs has come to its end.
pub async fn serve<S: Service>(
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
        neighbours: Neighbours::new(limits.connections_of_one),
        exchange: Arc::new(Exchange {
            guard,
            service,
            room: Room::new(limits.unread),
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
    neighbours: Arc<Neighbours>,
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
                Ok((stream, address)) => {
                    if let Some(neighbour) = self.neighbours.enter(address.ip()) {
                        self.start(stream, (place.ok(), neighbour));
                    } else {
                        tracing::debug!(%address, "an address has too many connections");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn start(&self, stream: TcpStream, place: (Option<OwnedSemaphorePermit>, Neighbour)) {
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
