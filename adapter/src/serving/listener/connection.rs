//! One connection: its handshake, its protocol, its rest and its end.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::exchange::Exchange;
use crate::access::Peer;
use crate::serving::limits::Limits;
use crate::serving::service::Service;

/// How often a peer without a request is asked whether it still lives (HTTP/2 ping), and how long
/// it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(30);
const PONG_WITHIN: Duration = Duration::from_secs(15);

/// Streams that a peer may open and reset before they were looked at (CVE-2023-44487).
const RESETS_PENDING: usize = 20;
/// Streams that may be reset for the peer's mistakes, in one connection.
const RESETS_OF_ERRORS: usize = 200;

/// Bytes that a peer may send of bodies before they are taken up. Nothing here takes one up: this is as little as a client may
/// count on before it has read the settings.
const WINDOW: u32 = 65_535;
/// Bytes of a frame: the least that there can be, so that no peer makes room for more. It bounds the parts of a header as well
/// (CVE-2024-27316).
const FRAME: u32 = 16_384;

/// Serves one connection to its end. `closing` ends it after the requests under way.
pub(super) async fn run<S: Service>(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    exchange: Arc<Exchange<S>>,
    closing: CancellationToken,
) {
    let Ok(address) = stream.peer_addr() else {
        return; // gone already
    };
    // On a socket for both families an address of IPv4 comes in the form of IPv6.
    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
    // Small answers shall not wait for each other; without it they are late, not wrong.
    let _ = stream.set_nodelay(true);
    let handshake = tokio::time::timeout(exchange.limits.handshake, acceptor.accept(stream));
    match handshake.await {
        Ok(Ok(stream)) => converse(stream, address, exchange, closing).await,
        // Port scans, probes without TLS, and the refused: not worth more.
        Ok(Err(error)) => tracing::debug!(%address, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
    }
}

async fn converse<S: Service>(
    stream: TlsStream<TcpStream>,
    address: SocketAddr,
    exchange: Arc<Exchange<S>>,
    closing: CancellationToken,
) {
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    let chain = chain.iter().map(|c| c.clone().into_owned()).collect();
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    let builder = builder(&exchange.limits, is_http2);
    let Limits {
        rest,
        stranger_rest,
        farewell,
        ..
    } = exchange.limits;

    let peer = Arc::new(Peer::new(address, chain));
    let activity = Arc::new(Activity::new(Instant::now()));
    let service = service_fn({
        let (activity, closing) = (Arc::clone(&activity), closing.clone());
        let peer = Arc::clone(&peer);
        move |request| {
            let (peer, exchange) = (Arc::clone(&peer), Arc::clone(&exchange));
            let closing = closing.clone();
            let busy = activity.begin();
            async move {
                let response = exchange.respond(&peer, request, &closing).await;
                drop(busy);
                Ok::<_, std::convert::Infallible>(response)
            }
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut told = false;
    loop {
        let patience = match (told, peer.is_known()) {
            (true, _) => farewell,
            (false, true) => rest,
            (false, false) => stranger_rest,
        };
        let due = activity.quiet_since(Instant::now()) + patience;
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%address, error, "a connection broke");
                }
                return;
            }
            () = closing.cancelled(), if !told => {
                connection.as_mut().graceful_shutdown();
                activity.touch(Instant::now());
                told = true;
            }
            () = tokio::time::sleep_until(due) => {
                // Requests may have come meanwhile.
                if activity.quiet_since(Instant::now()) + patience > due {
                    continue;
                }
                if told {
                    tracing::debug!(%address, "a peer did not take its last answer in time");
                    return;
                }
                closing.cancel();
            }
        }
    }
}

/// The protocol is what ALPN agreed on. Guessing it from the first bytes would wait for them
/// without an end.
fn builder(limits: &Limits, is_http2: bool) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    if is_http2 {
        builder = builder.http2_only();
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(limits.header_bytes)
            .max_frame_size(FRAME)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .adaptive_window(false)
            .max_pending_accept_reset_streams(RESETS_PENDING)
            .max_local_error_reset_streams(RESETS_OF_ERRORS)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PONG_WITHIN);
    } else {
        builder = builder.http1_only();
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header)
            // An answer is sent from where it lies: copied, its room would be free while it waits.
            .writev(true)
            .max_buf_size(limits.header_bytes as usize)
            .max_headers(limits.headers);
    }
    builder
}

/// Whether a connection has a request under way, and since when it has none.
#[derive(Debug)]
struct Activity(Mutex<(usize, Instant)>);

impl Activity {
    fn new(now: Instant) -> Self {
        Self(Mutex::new((0, now)))
    }

    fn with<T>(&self, change: impl FnOnce(&mut (usize, Instant)) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn begin(self: &Arc<Self>) -> Busy {
        self.with(|(requests, _)| *requests += 1);
        Busy(Arc::clone(self))
    }

    fn touch(&self, now: Instant) {
        self.with(|(_, since)| *since = now);
    }

    /// `now` while a request is under way.
    fn quiet_since(&self, now: Instant) -> Instant {
        self.with(|(requests, since)| if *requests > 0 { now } else { *since })
    }
}

/// One request under way.
struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.with(|(requests, since)| {
            *requests -= 1;
            *since = Instant::now();
        });
    }
}
