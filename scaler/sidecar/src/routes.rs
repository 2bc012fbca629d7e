//! Which requests are answered, and with what right.
//!
//! A path is known letter by letter: nothing is decoded, folded or completed, so that there is one way to write each. What is not
//! known here never reaches the bridge.

#[cfg(test)]
mod tests;

use bridge::request::{self, path};
use bridge::{Source, Time};
use http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Request, StatusCode, Uri};
use scaler_token::contract;
use serde::Deserialize;

use crate::mode::{Mode, Word};

/// A request that is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route {
    /// Passed on to the bridge for whoever asks.
    Read(Read),
    /// Passed on to the bridge for whoever has the controller's token.
    Change(Change),
    /// Answered here.
    Own(Own),
}

/// What may be read of the bridge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Read {
    /// Its metrics, in the form that is asked for.
    Metrics,
    /// Its statistics.
    Stats,
    /// Whether it drains.
    Drain,
    /// Its own health check.
    Health,
    /// Its version.
    Version,
}

/// What changes the bridge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Change {
    /// It drains.
    Drain,
    /// It drains no longer.
    Undrain,
    /// It shuts down.
    ShutDown,
}

/// What is told of the sidecar itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Own {
    /// Whether it lives.
    Live,
    /// Whether the pod is ready.
    Ready,
    /// Its numbers.
    Metrics,
}

impl Route {
    /// Every route.
    pub const ALL: [Self; 11] = [
        Self::Read(Read::Metrics),
        Self::Read(Read::Stats),
        Self::Read(Read::Drain),
        Self::Read(Read::Health),
        Self::Read(Read::Version),
        Self::Change(Change::Drain),
        Self::Change(Change::Undrain),
        Self::Change(Change::ShutDown),
        Self::Own(Own::Live),
        Self::Own(Own::Ready),
        Self::Own(Own::Metrics),
    ];

    /// The one path that leads there; of what is passed on, the bridge's own.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Read(read) => read.path(),
            Self::Change(change) => change.path(),
            Self::Own(Own::Live) => contract::LIVE,
            Self::Own(Own::Ready) => contract::READY,
            Self::Own(Own::Metrics) => contract::METRICS,
        }
    }

    /// The one method.
    pub const fn method(self) -> Method {
        match self {
            Self::Change(_) => Method::POST,
            Self::Read(_) | Self::Own(_) => Method::GET,
        }
    }

    /// The route of a request, by its first line.
    ///
    /// # Errors
    /// When there is none.
    pub fn of(method: &Method, target: &Uri) -> Result<Self, Refusal> {
        if target.scheme().is_some() || target.authority().is_some() {
            return Err(Refusal::Elsewhere);
        }
        let path = target.path();
        let route = Self::ALL.into_iter().find(|route| route.path() == path);
        let route = route.ok_or(Refusal::Unknown)?;
        if *method != route.method() {
            return Err(Refusal::Method(route.method()));
        }
        // A token is for a path; what stands behind it was signed by nobody. Readers' queries mean nothing to a bridge.
        if matches!(route, Self::Change(_)) && target.query().is_some() {
            return Err(Refusal::Query);
        }
        Ok(route)
    }
}

impl Read {
    const fn path(self) -> &'static str {
        match self {
            Self::Metrics => "/metrics",
            Self::Stats => "/colibri/stats",
            Self::Drain => path::DRAIN,
            Self::Health => path::HEALTH,
            Self::Version => path::VERSION,
        }
    }

    /// What the bridge is asked: a request of our own, in which nothing is the reader's but what forms it accepts.
    pub fn request(self, authority: &str, headers: &HeaderMap) -> Request<Vec<u8>> {
        let mut request = match self {
            Self::Metrics => request::stats(Source::MetricsText, authority),
            Self::Stats => request::stats(Source::ColibriStats, authority),
            Self::Drain => request::drain_state(authority),
            Self::Health => request::health(authority),
            Self::Version => request::version(authority),
        };
        let accepted = headers
            .get(ACCEPT)
            .filter(|accept| accept.len() <= LONGEST_ACCEPT)
            .cloned()
            // A bridge that is asked without one answers 500 (seen on a running bridge).
            .unwrap_or(HeaderValue::from_static("*/*"));
        request.headers_mut().insert(ACCEPT, accepted);
        request
    }
}

impl Change {
    const fn path(self) -> &'static str {
        match self {
            Self::Drain => path::DRAIN_ENABLE,
            Self::Undrain => path::DRAIN_DISABLE,
            Self::ShutDown => path::SHUTDOWN,
        }
    }

    /// What it says about the drain mode, also of a bridge that is started anew after it.
    pub const fn word(self, issued: Time) -> Word {
        let mode = match self {
            Self::Drain | Self::ShutDown => Mode::Drained,
            Self::Undrain => Mode::Undrained,
        };
        Word { mode, issued }
    }

    /// What the bridge is told: a request of our own, in which nothing is the sender's but one word.
    ///
    /// # Errors
    /// When the body does not say how to shut down.
    pub fn request(self, authority: &str, body: &[u8]) -> Result<Request<Vec<u8>>, Refusal> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        struct How {
            graceful_shutdown: bool,
        }
        Ok(match self {
            Self::Drain => request::drain(authority),
            Self::Undrain => request::undrain(authority),
            Self::ShutDown => {
                // A list would be taken for the fields in their order.
                if !body.trim_ascii_start().starts_with(b"{") {
                    return Err(Refusal::Body);
                }
                let how: How = serde_json::from_slice(body).map_err(|_| Refusal::Body)?;
                request::shutdown(authority, how.graceful_shutdown)
            }
        })
    }
}

/// The longest Accept header that is passed on. Prometheus' has some 300 bytes.
const LONGEST_ACCEPT: usize = 1024;

/// The largest body that is read: the longest that means anything has 27 bytes.
pub const LARGEST_BODY: u64 = 1024;

/// Why a request is not answered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It names another server.
    #[error("the target names a server: this is no proxy, ask for the path alone")]
    Elsewhere,
    /// Nothing is there.
    #[error("nothing is at this path: there are {}", PATHS)]
    Unknown,
    /// It is there for another method.
    #[error("this path takes {0} alone")]
    Method(Method),
    /// A command with a query.
    #[error("a command has no query")]
    Query,
    /// A body of which nobody knows where it ends, or that has no meaning.
    #[error("a body comes with its length in Content-Length, and only to a command")]
    Framing,
    /// A body that is too large.
    #[error("the body is larger than {} bytes", LARGEST_BODY)]
    Large,
    /// A body that came too slowly or broke off.
    #[error("the body did not come in time")]
    Slow,
    /// A body that does not say how to shut down.
    #[error(r#"the body is not {{"graceful-shutdown":false}} or {{"graceful-shutdown":true}}"#)]
    Body,
}

/// What a stranger is told that there is.
const PATHS: &str =
    "/metrics, /colibri/stats, /colibri/drain, /about/health, /about/version and /sidecar/metrics";

impl Refusal {
    /// The status that tells it.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Elsewhere | Self::Query | Self::Framing | Self::Body => StatusCode::BAD_REQUEST,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Large => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// As a metric's label.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Elsewhere => "elsewhere",
            Self::Unknown => "unknown_path",
            Self::Method(_) => "method",
            Self::Query => "query",
            Self::Framing => "framing",
            Self::Large => "large",
            Self::Slow => "slow",
            Self::Body => "body",
        }
    }

    /// A header that goes with it.
    pub fn header(&self) -> Option<(http::HeaderName, HeaderValue)> {
        match self {
            Self::Method(method) => {
                let method = HeaderValue::from_str(method.as_str()).ok()?;
                Some((ALLOW, method))
            }
            _ => None,
        }
    }
}

/// Whether the body of a request to this route may be read: two ways to tell its length are two opinions about where the next
/// request begins.
///
/// # Errors
/// When it may not.
pub fn framing(route: Route, headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(Refusal::Framing);
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let Some(length) = lengths.next() else {
        return Ok(());
    };
    if lengths.next().is_some() {
        return Err(Refusal::Framing);
    }
    let digits = length
        .to_str()
        .ok()
        .filter(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()));
    let digits = digits.ok_or(Refusal::Framing)?;
    // More digits than a number has are a large one.
    let length = digits.parse::<u64>().unwrap_or(u64::MAX);
    match route {
        Route::Change(_) if length > LARGEST_BODY => Err(Refusal::Large),
        Route::Read(_) | Route::Own(_) if length > 0 => Err(Refusal::Framing),
        _ => Ok(()),
    }
}
