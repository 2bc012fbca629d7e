//! One request and its answer: open, or authenticated, authorized and answered.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use http::request::Parts;
use http::{Method, Request, Response};
use hyper::body::{Body as _, Incoming};
use tokio_util::sync::CancellationToken;

use super::{Body, Limits, Service};
use crate::authn::Refusal;
use crate::authn::x509::Peer;
use crate::guard::Guard;
use crate::status::Status;

/// All that answering needs.
pub(super) struct Exchange<S> {
    pub(super) guard: Guard,
    pub(super) service: Arc<S>,
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
        let answering = self.answer(peer, parts, body.is_end_stream(), closing);
        let answering = AssertUnwindSafe(answering).catch_unwind();
        match tokio::time::timeout(self.limits.answer, answering).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(status))) => status.into_response(),
            Ok(Err(panic)) => {
                tracing::error!(path, panic = text(&*panic), "a request met a bug");
                Status::internal("the adapter failed to answer; its log has the reason")
                    .into_response()
            }
            Err(_) => {
                let within = humantime::format_duration(self.limits.answer);
                tracing::warn!(path, "no answer within {within}");
                Status::timeout(format!("no answer within {within}")).into_response()
            }
        }
    }

    async fn answer(
        &self,
        peer: &Peer,
        mut request: Parts,
        has_no_body: bool,
        closing: &CancellationToken,
    ) -> Result<Response<Body>, Status> {
        let reads = request.method == Method::GET || request.method == Method::HEAD;
        if reads && let Some(response) = self.service.open(request.uri.path()) {
            return Ok(response);
        }
        let user = match self.guard.authenticate(peer, &mut request.headers).await {
            Ok(user) => user,
            Err(refusal) => {
                report(peer, &request, &refusal);
                // Strangers do not keep connections, which are dear in HTTP/2.
                closing.cancel();
                return Err(refusal.into());
            }
        };
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
        self.guard.authorize(&user, &attributes).await?;
        Ok(self.service.answer(&user, &request).await)
    }
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
