//! The HTTP of one bridge, or of jicofo: what the model answers, spoiled by what is wrong.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

use super::fault::Outcome;
use super::jitsi::{Shared, now};
use crate::accept::accept;

/// Whose HTTP it is.
#[derive(Clone)]
pub(super) enum Who {
    Bridge(String),
    Jicofo,
}

/// The largest request body that is read: the largest real one has 30 bytes.
const LARGEST_REQUEST: usize = 64 * 1024;

/// Accepts connections until `stopped`; then all of them end at once, as when a process is gone.
pub(super) async fn serve(
    listener: TcpListener,
    who: Who,
    shared: Weak<Shared>,
    stopped: CancellationToken,
) {
    loop {
        let stream = tokio::select! {
            stream = accept(&listener) => stream,
            () = stopped.cancelled() => return,
        };
        let (who, shared, stopped) = (who.clone(), shared.clone(), stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = connection(stream, who.clone(), shared.clone()) => {}
                () = gone(who, shared, stopped) => {}
            }
        });
    }
}

/// Until nothing is left of the process that has this connection.
async fn gone(who: Who, shared: Weak<Shared>, stopped: CancellationToken) {
    stopped.cancelled().await;
    let Who::Bridge(nick) = who else { return };
    let everything = match shared.upgrade() {
        Some(shared) if shared.haunts(&nick) => shared.stopped.clone(),
        _ => return,
    };
    everything.cancelled().await;
}

async fn connection(stream: TcpStream, who: Who, shared: Weak<Shared>) {
    let reset = CancellationToken::new();
    let token = reset.clone();
    let service = service_fn(move |request| {
        let (who, shared, reset) = (who.clone(), shared.clone(), token.clone());
        Box::pin(async move { Ok::<_, Infallible>(answer(request, who, shared, reset).await) })
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // However it ends, the other side knows as much as there is to know.
        _ = poll_fn(|context| connection.poll_without_shutdown(context)) => {}
        () = reset.cancelled() => {
            // Closing without lingering sends a reset instead of an orderly end.
            let _ = connection.into_parts().io.into_inner().set_zero_linger();
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    who: Who,
    shared: Weak<Shared>,
    reset: CancellationToken,
) -> Response<Sent> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_REQUEST).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(_) => return hang(reset).await,
    };
    let request = Request::from_parts(parts, body);
    let Some(shared) = shared.upgrade() else {
        return hang(reset).await;
    };
    let (reply, fault) = match &who {
        Who::Bridge(nick) => shared.ask(nick, &request),
        Who::Jicofo => {
            let reply = shared.model().jicofo_request(&request, now());
            (reply.map(|reply| reply.map(Bytes::from)), None)
        }
    };
    // Reading a bridge changes nothing; everything else may have brought something forward. jicofo moves people by GET.
    if matches!(who, Who::Jicofo) || request.method() != Method::GET {
        shared.changed.notify_one();
    }
    drop(shared);
    // Nobody listens any more: the process went between the connection and the request.
    let Some(reply) = reply else {
        return hang(reset).await;
    };
    let outcome = match &fault {
        None => Outcome::Reply(reply),
        Some(fault) => {
            sleep(fault.delay()).await;
            fault.spoil(reply)
        }
    };
    match outcome {
        Outcome::Reply(reply) => reply.map(|body| Sent {
            left: Some(body),
            cut: None,
        }),
        Outcome::Cut(mut reply, bytes) => {
            let whole = reply.body().len() as u64;
            reply
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from(whole));
            let pause = Box::pin(sleep(Duration::from_millis(20)));
            reply.map(|body| Sent {
                left: Some(body.slice(..bytes)),
                cut: Some(Cut {
                    announced: whole,
                    pause,
                }),
            })
        }
        Outcome::Silence => std::future::pending().await,
        Outcome::Reset => hang(reset).await,
    }
}

/// Ends the connection without an answer.
async fn hang(reset: CancellationToken) -> Response<Sent> {
    reset.cancel();
    std::future::pending().await
}

/// A body, possibly shorter than announced: then the connection breaks in its middle.
struct Sent {
    left: Option<Bytes>,
    cut: Option<Cut>,
}

struct Cut {
    announced: u64,
    /// Lets what was sent leave the machine before the connection breaks.
    pause: Pin<Box<Sleep>>,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(bytes) = self.left.take().filter(|bytes| !bytes.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let Some(cut) = &mut self.cut else {
            return Poll::Ready(None);
        };
        ready!(cut.pause.as_mut().poll(context));
        Poll::Ready(Some(Err(std::io::Error::other("cut on purpose"))))
    }

    fn is_end_stream(&self) -> bool {
        self.cut.is_none() && self.left.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.left.as_ref().map_or(0, |left| left.len() as u64);
        SizeHint::with_exact(self.cut.as_ref().map_or(left, |cut| cut.announced))
    }
}
