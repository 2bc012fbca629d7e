//! What a bridge answers to the requests of [`crate::request`].

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::reading::{JsonError, ReadError};
use crate::request::path;
use crate::source::Source;
use crate::stats::Stats;

/// Why a reply is not the one that was asked for.
#[derive(Debug, Error)]
pub enum ReplyError {
    /// 404: the interface is switched off in the server's configuration.
    #[error("{path} is switched off (404)")]
    Disabled {
        /// The path that was asked for.
        path: &'static str,
        /// Which switches turn it on.
        switches: &'static str,
    },
    /// jicofo knows no such bridge or conference.
    #[error("{path}: {said}")]
    NotFound {
        /// The path that was asked for.
        path: &'static str,
        /// What jicofo said was not found.
        said: String,
    },
    /// A status that is no success.
    #[error("{path} answered {status}{}", told(said))]
    Refused {
        /// The path that was asked for.
        path: &'static str,
        /// The status.
        status: StatusCode,
        /// The beginning of what the server said of it; empty when it sent a page for a browser, or nothing.
        said: String,
    },
    /// A success in another form than was asked for.
    #[error("{path} answered with {content_type:?}, which is not its form")]
    Form {
        /// The path that was asked for.
        path: &'static str,
        /// The content type of the reply.
        content_type: String,
    },
    /// A success whose body is not what it should be.
    #[error("{path} answered with a body that cannot be read")]
    Body {
        /// The path that was asked for.
        path: &'static str,
        /// Where and why.
        #[source]
        error: JsonError,
    },
    /// Statistics that are none.
    #[error(transparent)]
    Stats(#[from] ReadError),
}

fn told(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

impl ReplyError {
    /// What to do about it, for whoever runs the server.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Disabled { switches, .. } => switches,
            Self::NotFound { .. } => {
                "the bridge may have left, or the conference ended, since it was last seen"
            }
            Self::Refused {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                path: "/metrics",
                ..
            } => {
                "a bridge answers so when the Accept header is missing or names no form that it knows: check what stands between"
            }
            Self::Refused { status, .. } if status.is_server_error() => "its log tells the cause",
            Self::Refused { .. } | Self::Form { .. } | Self::Body { .. } => {
                "check that the address is the server's private HTTP port and that nothing between answers for it"
            }
            Self::Stats(error) => error.hint(),
        }
    }
}

/// How a bridge or a jicofo finds itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Health {
    /// Its last check was good, or there was none yet.
    Healthy,
    /// Its last check failed, with this reason in its own words.
    Unhealthy(String),
}

/// What a bridge or a jicofo is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Version {
    /// The program: `JVB` or `JiCoFo`.
    pub name: String,
    /// For example `2.3.SNAPSHOT`.
    pub version: String,
    /// Operating system.
    pub os: String,
}

const STATS_SWITCH: &str = "set videobridge.apis.rest.enabled=true (in the image: COLIBRI_REST_ENABLED=true), \
                            or read /metrics, which is on by default";
const METRICS_SWITCH: &str = "set videobridge.rest.prometheus.enabled=true, its default";
const HEALTH_SWITCH: &str = "set videobridge.rest.health.enabled=true, its default";
const VERSION_SWITCH: &str = "set videobridge.rest.version.enabled=true, its default";
const DRAIN_SWITCH: &str = "set videobridge.rest.drain.enabled=true, its default";
const SHUTDOWN_SWITCHES: &str = "set both videobridge.rest.shutdown.enabled=true (in the image: SHUTDOWN_REST_ENABLED=true) \
                                 and videobridge.apis.rest.enabled=true (COLIBRI_REST_ENABLED=true): one alone does nothing";

/// Reads statistics in the form that was asked for, by [`Source::read`].
///
/// # Errors
/// Also when the status is not 200, and when the content type tells another form, such as a page in HTML: a reply without one is
/// read as it is.
pub fn stats(
    source: Source,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    extra: &[String],
) -> Result<Stats, ReplyError> {
    let switches = match source {
        Source::MetricsJson | Source::MetricsText => METRICS_SWITCH,
        Source::ColibriStats => STATS_SWITCH,
    };
    success(source.path(), switches, status, body)?;
    if let Some(content_type) = headers.get(CONTENT_TYPE) {
        let content_type = String::from_utf8_lossy(content_type.as_bytes());
        if !source.comes_as(&content_type) {
            let content_type = content_type.into_owned();
            return Err(ReplyError::Form {
                path: source.path(),
                content_type,
            });
        }
    }
    Ok(source.read(body, extra)?)
}

/// Reads the reply to [`crate::request::health`]: good is 200 with an empty body, bad is 500 or 503 with the reason, in plain
/// text whatever the content type says (seen on a running bridge).
///
/// # Errors
/// When it is neither.
pub fn health(status: StatusCode, body: &[u8]) -> Result<Health, ReplyError> {
    health_of(HEALTH_SWITCH, status, body)
}

/// Reads the reply to [`crate::request::version`].
///
/// # Errors
/// When it is not 200, or its body tells no version.
pub fn version(status: StatusCode, body: &[u8]) -> Result<Version, ReplyError> {
    success(path::VERSION, VERSION_SWITCH, status, body)?;
    parsed(path::VERSION, body)
}

/// Reads the reply to [`crate::request::drain_state`].
///
/// # Errors
/// When it is not 200, or its body does not tell.
pub fn drain_state(status: StatusCode, body: &[u8]) -> Result<bool, ReplyError> {
    #[derive(Deserialize)]
    struct State {
        drain: bool,
    }
    success(path::DRAIN, DRAIN_SWITCH, status, body)?;
    parsed(path::DRAIN, body).map(|state: State| state.drain)
}

/// Reads the reply to [`crate::request::drain`]: the bridge drains now, and jicofo knows within 5 s.
///
/// # Errors
/// When it is not 200.
pub fn drain(status: StatusCode, body: &[u8]) -> Result<(), ReplyError> {
    success(path::DRAIN_ENABLE, DRAIN_SWITCH, status, body)
}

/// Reads the reply to [`crate::request::undrain`].
///
/// # Errors
/// When it is not 200.
pub fn undrain(status: StatusCode, body: &[u8]) -> Result<(), ReplyError> {
    success(path::DRAIN_DISABLE, DRAIN_SWITCH, status, body)
}

/// Reads the reply to [`crate::request::shutdown`]: the bridge will leave.
///
/// # Errors
/// When it is not 200. 404 is the answer of a default configuration, where both switches are off.
pub fn shutdown(status: StatusCode, body: &[u8]) -> Result<(), ReplyError> {
    success(path::SHUTDOWN, SHUTDOWN_SWITCHES, status, body)
}

/// How much of a server's words an error repeats, in characters.
const EXCERPT: usize = 200;

/// The beginning of what a server said, in one line; nothing when it is a page for a browser.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    if line.starts_with('<') {
        String::new()
    } else {
        line.chars().take(EXCERPT).collect()
    }
}

pub(crate) fn success(
    path: &'static str,
    switches: &'static str,
    status: StatusCode,
    body: &[u8],
) -> Result<(), ReplyError> {
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::NOT_FOUND => Err(ReplyError::Disabled { path, switches }),
        status => Err(ReplyError::Refused {
            path,
            status,
            said: excerpt(body),
        }),
    }
}

pub(crate) fn parsed<T: DeserializeOwned>(
    path: &'static str,
    body: &[u8],
) -> Result<T, ReplyError> {
    serde_json::from_slice(body).map_err(|error| ReplyError::Body {
        path,
        error: error.into(),
    })
}

pub(crate) fn health_of(
    switch: &'static str,
    status: StatusCode,
    body: &[u8],
) -> Result<Health, ReplyError> {
    match status {
        StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE => {
            Ok(Health::Unhealthy(excerpt(body)))
        }
        status => success(path::HEALTH, switch, status, body).map(|()| Health::Healthy),
    }
}
