//! HTTP for whoever reaches the pod's address: one listener, within limits that no stranger can stretch.

mod answer;
mod guests;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::debug;

use self::guests::{Guest, Guests};
use crate::desk::Desk;

/// How long the head of a request may take to come.
const HEAD: Duration = Duration::from_secs(10);

/// How long the body of a command may take to come.
const BODY: Duration = Duration::from_secs(5);

/// How long a connection may rest, or take an answer: a reader that comes every 5 s keeps its connection.
const REST: Duration = Duration::from_secs(15);

/// Bytes of a request's head. A token has at most 1 KiB.
const HEAD_BYTES: usize = 16 * 1024;

/// Number of a request's headers.
const HEADERS: usize = 64;

/// The pause after a connection could not be accepted: too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, desk: Arc<Desk>) -> Infallible {
    let guests = Arc::new(Guests::default());
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                debug!("a connection was not accepted: {error}");
                sleep(PAUSE).await;
                continue;
            }
        };
        // On a socket for both families an address of IPv4 comes in the form of IPv6.
        let guest = match guests.welcome(address.ip().to_canonical(), Instant::now()) {
            Ok(guest) => guest,
            Err(why) => {
                desk.telemetry.hung_up(why.label());
                continue;
            }
        };
        connections.spawn(converse(stream, guest, Arc::clone(&desk)));
    }
}

/// One connection to its end.
async fn converse(stream: TcpStream, guest: Guest, desk: Arc<Desk>) {
    // Small answers shall not wait for each other; without it they are late, not wrong.
    let _ = stream.set_nodelay(true);
    let guest = &guest;
    // What a command may take: its body, the file that it is written to, and whoever else talks to the bridge.
    let answer = BODY + desk.deadline * 2 + REST;
    let service = service_fn(|request: Request<Incoming>| {
        let desk = &desk;
        async move {
            guest.asks(Instant::now() + answer);
            let response = answer::answer(request, guest.address(), desk).await;
            guest.rests(Instant::now() + REST);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    guest.rests(Instant::now() + REST);
    loop {
        let due = guest.due();
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    if error.is_timeout() {
                        desk.telemetry.hung_up("late");
                    }
                    debug!(address = %guest.address(), %error, "a connection broke");
                }
                return;
            }
            () = guest.put_out() => {
                desk.telemetry.hung_up("room");
                return;
            }
            () = sleep_until(due) => {
                // Requests may have come meanwhile.
                if guest.due() > due {
                    continue;
                }
                desk.telemetry.hung_up("late");
                return;
            }
        }
    }
}
