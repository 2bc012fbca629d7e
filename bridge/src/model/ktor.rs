//! Replies as jicofo's Ktor writes them.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderValue, Response, StatusCode};

use super::java::Json;
use super::page::Reply;

const JSON: &str = "application/json";
const PLAIN: &str = "text/plain; charset=UTF-8";

/// A reply of known length.
pub(super) fn reply(status: StatusCode, content_type: Option<&'static str>, body: String) -> Reply {
    let mut reply = Response::new(body.into_bytes());
    *reply.status_mut() = status;
    let length = reply.body().len();
    reply.headers_mut().insert(CONTENT_LENGTH, length.into());
    if let Some(content_type) = content_type {
        reply
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    reply
}

/// No body at all.
pub(super) fn bare(status: StatusCode) -> Reply {
    reply(status, None, String::new())
}

/// Text.
pub(super) fn plain(status: StatusCode, text: String) -> Reply {
    reply(status, Some(PLAIN), text)
}

/// 200 with JSON.
pub(super) fn json(json: &Json) -> Reply {
    reply(StatusCode::OK, Some(JSON), json.to_string())
}

/// JSON of an object that jicofo serialises while it sends it.
pub(super) fn chunked(body: &Json) -> Reply {
    let mut reply = json(body);
    reply.headers_mut().remove(CONTENT_LENGTH);
    let chunked = HeaderValue::from_static("chunked");
    reply.headers_mut().insert(TRANSFER_ENCODING, chunked);
    reply
}
