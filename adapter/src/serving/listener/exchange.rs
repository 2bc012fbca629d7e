//! One request and its answer: open, or authenticated, authorized and answered.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response};
use hyper::body::{Body as _, Incoming};
use tokio_util::sync::CancellationToken;

use crate::access::{Guard, Peer, Refusal};
use crate::serving::body::Body;
use crate::serving::limits::Limits;
use crate::serving::service::Service;
use crate::serving::status::Status;

use super::room::Room;

/// All that answering needs.
pub(super) struct Exchange<S> {
    pub(super) guard: Guard,
    pub(super) service: Arc<S>,
    pub(super) room: Room,
    pub(super) limits: Limits,
}

impl<S: Service> Exchange<S> {
    /// The answer, whatever happens: a panic is a 500, dawdling a 504.
    pub(super) async fn respond(
        &self,
        peer: &Peer,
        request: Request<Incoming>,
        closing: &CancellationToken,
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let is_head = parts.method == Method::HEAD;
        let answering = self.answer(peer, parts, body.is_end_stream(), closing);
        let answering = AssertUnwindSafe(answering).catch_unwind();
        let answer = match tokio::time::timeout(self.limits.answer, answering).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => {
                tracing::error!(path, panic = text(&*panic), "a request met a bug");
                Err(Status::internal(
                    "the adapter failed to answer; its log has the reason",
                ))
            }
            Err(_) => {
                let within = humantime::format_duration(self.limits.answer);
                tracing::warn!(path, "no answer within {within}");
                Err(Status::timeout(format!("no answer within {within}")))
            }
        };
        let response = answer.unwrap_or_else(|status| {
            self.service.refused(status.code());
            status.into_response()
        });
        if is_head {
            headless(response)
        } else {
            response
        }
    }

    async fn answer(
        &self,
        peer: &Peer,
        mut request: Parts,
        has_no_body: bool,
        closing: &CancellationToken,
    ) -> Result<Response<Body>, Status> {
        if size(&request) > self.limits.header_bytes as usize {
            return Err(Status::header_too_large(format!(
                "the request's header has more than {} bytes",
                self.limits.header_bytes
            )));
        }
        let reads = request.method == Method::GET || request.method == Method::HEAD;
        if reads && let Some(response) = self.service.open(request.uri.path()) {
            return Ok(response);
        }
        let user = match self.guard.authenticate(peer, &mut request.headers).await {
            Ok(user) => user,
            Err(refusal) => {
                report(peer, &request, &refusal);
                if let Refusal::Unknown(_) = refusal {
                    // Strangers do not keep connections, which are dear in HTTP/2.
                    closing.cancel();
                }
                return Err(refusal.into());
            }
        };
        peer.welcome();
        self.service.admit(&user)?;
        if !reads {
            let method = &request.method;
            return Err(Status::method_not_allowed(format!(
                "{method} is not supported: metrics are only read"
            )));
        }
        if !has_no_body {
            return Err(Status::too_large("a request to read metrics has no body"));
        }
        let attributes = self.service.attributes(&request)?;
        self.guard
            .authorize(&user, &attributes)
            .await
            .map_err(|denial| Status::denial(denial, &user, &attributes))?;
        let answer = self.service.answer(&user, &request).await;
        if self.service.has_room_of_its_own(&user) {
            return Ok(answer);
        }
        self.room.keep(answer).await
    }
}

/// The bytes of a request's header as HTTP/2 counts them. The protocols have limits of their own,
/// but HTTP/1 reads up to twice its limit before it looks.
fn size(request: &Parts) -> usize {
    const OVERHEAD: usize = 32;
    let path = request.uri.path_and_query();
    let headers = request.headers.iter();
    headers
        .map(|(name, value)| name.as_str().len() + value.len() + OVERHEAD)
        .sum::<usize>()
        + path.map_or(0, |path| path.as_str().len())
}

/// The answer to HEAD: all but the body, which hyper would send in HTTP/2.
fn headless(response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        let length = HeaderValue::from(length);
        head.headers.insert(CONTENT_LENGTH, length);
    }
    Response::from_parts(head, Body::default())
}

/// One line for whoever has to find out why somebody is not let in.
fn report(peer: &Peer, request: &Parts, refusal: &Refusal) {
    let (address, path) = (peer.address(), request.uri.path());
    match refusal {
        Refusal::Unknown(reasons) => {
            tracing::info!(%address, path, reasons = reasons.join("; "), "unauthenticated request");
        }
        Refusal::Unavailable(error) => {
            tracing::warn!(%address, path, %error, "cannot authenticate a request");
        }
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
