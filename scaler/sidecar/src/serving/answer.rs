//! One request, and what it is answered.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE,
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use reach::Failure;
use scaler_token::{SCHEME, contract};
use tokio::time::timeout;

use super::BODY;
use crate::desk::Desk;
use crate::last_line;
use crate::routes::{Change, LARGEST_BODY, Own, Read, Refusal, Route, framing};
use crate::telemetry;

type Answer = Response<Full<Bytes>>;

/// What a bridge may say at most: its metrics as text have some 50 KB.
const LARGEST_ANSWER: usize = 256 * 1024;

/// The loop that holds the mode comes round every few seconds, whatever the bridge does.
const SILENCE: Duration = Duration::from_mins(1);

/// Answers a request. None of its bytes goes any further: what the bridge is asked is built anew.
pub(super) async fn answer(request: Request<Incoming>, from: IpAddr, desk: &Desk) -> Answer {
    let (head, body) = request.into_parts();
    let route = match Route::of(&head.method, &head.uri) {
        Ok(route) => route,
        Err(refusal) => return refused(desk, "none", &refusal),
    };
    let label = label(route);
    if let Err(refusal) = framing(route, &head.headers) {
        return refused(desk, label, &refusal);
    }
    let (answer, result) = match route {
        Route::Own(own) => (of_our_own(own, desk), "answered"),
        Route::Read(read) => self::read(read, &head.headers, desk).await,
        Route::Change(change) => {
            match self::change(change, &head.headers, body, from, desk).await {
                Ok(answered) => answered,
                Err(refusal) => return refused(desk, label, &refusal),
            }
        }
    };
    desk.telemetry.answered(label, result);
    answer
}

const fn label(route: Route) -> &'static str {
    match route {
        Route::Read(Read::Metrics) => "metrics",
        Route::Read(Read::Stats) => "stats",
        Route::Read(Read::Drain) => "drain",
        Route::Read(Read::Health) => "health",
        Route::Read(Read::Version) => "version",
        Route::Change(Change::Drain) => "drain_enable",
        Route::Change(Change::Undrain) => "drain_disable",
        Route::Change(Change::ShutDown) => "shutdown",
        Route::Own(_) => "own",
    }
}

fn of_our_own(own: Own, desk: &Desk) -> Answer {
    match own {
        Own::Live if desk.silence() > SILENCE + desk.deadline => text(
            StatusCode::SERVICE_UNAVAILABLE,
            "the loop that looks at the bridge has not come round",
        ),
        Own::Live => text(StatusCode::OK, "alive"),
        Own::Ready if desk.latch().is_ready() => text(StatusCode::OK, "ready"),
        Own::Ready => text(
            StatusCode::SERVICE_UNAVAILABLE,
            "this run of the bridge has not joined its brewery yet",
        ),
        Own::Metrics => match desk.telemetry.render() {
            Ok(told) => {
                let mut answer = Response::new(Full::new(told.into()));
                let kind = HeaderValue::from_static(telemetry::CONTENT_TYPE);
                answer.headers_mut().insert(CONTENT_TYPE, kind);
                answer
            }
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        },
    }
}

/// What the bridge says to a reader.
async fn read(read: Read, headers: &HeaderMap, desk: &Desk) -> (Answer, &'static str) {
    // Readers wait for each other, and not for longer than for the bridge.
    let Ok(Ok(_place)) = timeout(desk.deadline, desk.reading.acquire()).await else {
        return (failed(desk, &Failure::Timeout), "timeout");
    };
    let request = read.request(&desk.authority, headers);
    let answer = reach::fetch(request, LARGEST_ANSWER, desk.deadline).await;
    passed(desk, answer)
}

/// What comes of a command.
async fn change(
    change: Change,
    headers: &HeaderMap,
    body: Incoming,
    from: IpAddr,
    desk: &Desk,
) -> Result<(Answer, &'static str), Refusal> {
    let route = Route::Change(change);
    // First of all, so that a stranger's body is not even waited for. Two tokens are none.
    let mut tokens = headers.get_all(AUTHORIZATION).iter();
    let token = tokens.next().filter(|_| tokens.next().is_none());
    let claims = match desk.verify(token, &route.method(), route.path()) {
        Ok(claims) => claims,
        Err(denied) => {
            desk.log_denial(from, route.path(), denied);
            let mut answer = text(StatusCode::UNAUTHORIZED, &denied.to_string());
            let scheme = HeaderValue::from_static(SCHEME);
            answer.headers_mut().insert(WWW_AUTHENTICATE, scheme);
            let why = HeaderValue::from_static(denied.label());
            answer.headers_mut().insert(contract::DENIED_HEADER, why);
            return Ok((closing(answer), "denied"));
        }
    };
    let body = whole(body).await?;
    let request = change.request(&desk.authority, &body)?;
    let _turn = desk.commanding.lock().await;
    if let Err(overruled) = desk.commanded(change.word(claims.issued)).await {
        let answer = text(StatusCode::CONFLICT, &overruled.to_string());
        return Ok((answer, "overruled"));
    }
    let answer = reach::fetch(request, last_line::LARGEST, desk.deadline).await;
    Ok(passed(desk, answer))
}

/// The whole body of a command.
async fn whole(body: Incoming) -> Result<Bytes, Refusal> {
    let body = Limited::new(body, LARGEST_BODY as usize).collect();
    match timeout(BODY, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::Large),
        Ok(Err(_)) | Err(_) => Err(Refusal::Slow),
    }
}

/// What the bridge answered: its status, its body and what kind of body that is, and nothing else of it.
fn passed(desk: &Desk, answer: Result<Response<Bytes>, Failure>) -> (Answer, &'static str) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => return (failed(desk, &failure), failure.class()),
    };
    let status = answer.status();
    // A bridge sends nobody elsewhere, and begins no other protocol.
    if status.is_redirection() || status.is_informational() {
        return (failed(desk, &Failure::Status(status)), "status");
    }
    let kind = answer.headers().get(CONTENT_TYPE).cloned();
    let mut passed = Response::new(Full::new(answer.into_body()));
    *passed.status_mut() = status;
    if let Some(kind) = kind {
        passed.headers_mut().insert(CONTENT_TYPE, kind);
    }
    (passed, "answered")
}

/// The bridge did not answer. 503: nobody listens, so that nothing was heard; 504: nobody knows whether it was; 502: the answer
/// is none.
fn failed(desk: &Desk, failure: &Failure) -> Answer {
    let status = match failure {
        Failure::Connect(_) | Failure::Address(_) => StatusCode::SERVICE_UNAVAILABLE,
        Failure::Timeout => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    };
    text(status, &format!("the bridge at {}: {failure}", desk.bridge))
}

/// A request that is not answered. What else comes on its connection is not read: nobody knows where it begins.
fn refused(desk: &Desk, label: &'static str, refusal: &Refusal) -> Answer {
    desk.telemetry.answered(label, refusal.label());
    let mut answer = text(refusal.status(), &refusal.to_string());
    if let Some((name, value)) = refusal.header() {
        answer.headers_mut().insert(name, value);
    }
    closing(answer)
}

fn closing(mut answer: Answer) -> Answer {
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(CONNECTION, close);
    answer
}

fn text(status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::new(format!("{text}\n").into()));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
