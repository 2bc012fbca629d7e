//! What a token says.

use bridge::Time;
use http::Method;
use serde::{Deserialize, Serialize};

use crate::LIFETIME;
use crate::signing::KeyId;

/// What a token allows: one method and one path in one pod, for a time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claims {
    /// The pod's UID.
    pub pod: String,
    /// The request's method.
    pub method: Method,
    /// The request's path, without a query.
    pub path: String,
    /// When the token was made, by the controller's clock.
    pub issued: Time,
    /// When it ends, by the controller's clock; not before `issued`, and at most [`LIFETIME`] after it.
    pub expires: Time,
}

impl Claims {
    /// What is allowed from now on for as long as a token may be good.
    pub fn new(pod: &str, method: Method, path: &str, now: Time) -> Self {
        Self {
            pod: pod.to_owned(),
            method,
            path: path.to_owned(),
            issued: now,
            expires: now + LIFETIME,
        }
    }
}

/// A token's payload. Times are milliseconds since 1970.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Payload<'a> {
    key: &'a str,
    pod: String,
    method: &'a str,
    path: String,
    iat: i64,
    exp: i64,
}

/// The payload of a token: the claims and the key that signs them.
pub(crate) fn print(claims: &Claims, key: &KeyId) -> Vec<u8> {
    let payload = Payload {
        key: key.as_str(),
        pod: claims.pod.clone(),
        method: claims.method.as_str(),
        path: claims.path.clone(),
        iat: claims.issued.as_millis(),
        exp: claims.expires.as_millis(),
    };
    // Texts and numbers can always be written.
    serde_json::to_vec(&payload).unwrap_or_default()
}

/// What a payload says, and the key that it says it is signed by; `None` where it is none.
pub(crate) fn parse(payload: &[u8]) -> Option<(Claims, KeyId)> {
    let payload: Payload<'_> = serde_json::from_slice(payload).ok()?;
    let claims = Claims {
        pod: payload.pod,
        method: Method::from_bytes(payload.method.as_bytes()).ok()?,
        path: payload.path,
        issued: Time::from_millis(payload.iat),
        expires: Time::from_millis(payload.exp),
    };
    (claims.expires >= claims.issued).then(|| (claims, KeyId::named(payload.key)))
}
