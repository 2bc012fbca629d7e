//! The three forms in which a bridge tells its statistics: which request asks for one, and how the reply is read.
//!
//! All three read into the same [`Stats`], by the table in [`crate::keys`]. A number that cannot be true is kept apart in
//! [`Stats::nonsense`]; a reply that cannot be one of a bridge's, or is not whole, is a [`ReadError`]. Nothing becomes zero.

mod draft;
mod exposition;
mod json;

use std::fmt;

use http::header::{ACCEPT, HeaderValue};
use http::{Method, Request};
use thiserror::Error;

use crate::Stats;
use crate::request;
use draft::Draft;

pub use exposition::TextError;

/// A form in which a bridge tells its statistics.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Source {
    /// `/metrics` as JSON: about 5 KB, on in a default configuration, and the only one that needs no parser of its own and
    /// tells when the bridge started.
    MetricsJson,
    /// `/colibri/stats`: half the size, off in a default configuration, and the only one that tells the version.
    ColibriStats,
    /// `/metrics` as text, OpenMetrics 1.0.0 or Prometheus 0.0.4: some 30 to 50 KB, and the form that is documented.
    MetricsText,
}

impl Source {
    /// Every form, in the order in which it is worth trying them.
    pub const ALL: [Self; 3] = [Self::MetricsJson, Self::ColibriStats, Self::MetricsText];

    /// The path that this form is found at.
    pub const fn path(self) -> &'static str {
        match self {
            Self::MetricsJson | Self::MetricsText => "/metrics",
            Self::ColibriStats => "/colibri/stats",
        }
    }

    /// The Accept header that asks for this form. A bridge that is asked without one answers 500 (seen on a running bridge).
    ///
    /// For text OpenMetrics is preferred, because only it has an end mark and so tells when it was cut off.
    pub const fn accept(self) -> &'static str {
        match self {
            Self::MetricsJson | Self::ColibriStats => "application/json",
            Self::MetricsText => {
                "application/openmetrics-text;version=1.0.0, text/plain;version=0.0.4;q=0.5"
            }
        }
    }

    /// The request for this form to a bridge at an authority such as `10.1.2.3:8080` (see [`request`] for what else it may be).
    pub fn request(self, authority: &str) -> Request<Vec<u8>> {
        let mut request = request::to(Method::GET, authority, self.path(), Vec::new());
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static(self.accept()));
        request
    }

    /// Whether a reply's Content-Type is one that this form comes in, whatever its parameters.
    pub fn comes_as(self, content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let own: &[&str] = match self {
            Self::MetricsJson | Self::ColibriStats => &["application/json"],
            Self::MetricsText => &["application/openmetrics-text", "text/plain"],
        };
        own.iter().any(|own| essence.eq_ignore_ascii_case(own))
    }

    /// Reads the body of a reply with status 200 whose content type this form [`comes_as`](Self::comes_as).
    ///
    /// `extra` names further numbers that are wanted, by the bridge's own keys and in its own units: those of this form, for
    /// both forms of `/metrics` the same, with [`crate::keys::PREFIX`] or without. True and false count as 1 and 0, as in the
    /// text form. One that the bridge does not tell is left out.
    ///
    /// # Errors
    /// When the body is not whole or not in this form, when a key that is read comes twice, when a required key is missing, and
    /// when a flag of [`crate::stats::Flags`] is neither true nor false: a bridge of which that is unknown has no state.
    pub fn read(self, body: &[u8], extra: &[String]) -> Result<Stats, ReadError> {
        let mut draft = Draft::new(self, extra);
        match self {
            Self::MetricsJson | Self::ColibriStats => {
                json::read(&mut draft, body)
                    .map_err(|error| ReadError::Json { form: self, error })?;
            }
            Self::MetricsText => exposition::read(&mut draft, body)?,
        }
        draft.finish()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MetricsJson => "/metrics as JSON",
            Self::ColibriStats => "/colibri/stats",
            Self::MetricsText => "/metrics as text",
        })
    }
}

/// Why a bridge's statistics could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The body is not one JSON object and nothing else.
    #[error("{form} is not one whole JSON object")]
    Json {
        /// The form that was read.
        form: Source,
        /// Where and why.
        #[source]
        error: serde_json::Error,
    },
    /// The body is not in the text form.
    #[error("{} is not in a text format of Prometheus", Source::MetricsText)]
    Text(#[from] TextError),
    /// A key came twice, and nobody can tell which value holds.
    #[error("{form} has the key {key} twice")]
    Twice {
        /// The form that was read.
        form: Source,
        /// The bridge's own key.
        key: String,
    },
    /// A flag without which the bridge has no state was neither true nor false.
    #[error("{form} has a key {key} that is neither true nor false")]
    NotAFlag {
        /// The form that was read.
        form: Source,
        /// The bridge's own key.
        key: String,
    },
    /// Keys that every bridge tells are missing.
    #[error("{form} lacks {}", keys.join(", "))]
    Missing {
        /// The form that was read.
        form: Source,
        /// The bridge's own keys, at least one.
        keys: Vec<String>,
    },
}

impl ReadError {
    /// What to do about it, for whoever runs the bridge.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Json { .. } | Self::Text(_) => {
                "if it is not for once: check that this port is the bridge's private HTTP port and that nothing between shortens or rewrites replies"
            }
            Self::Twice { .. } | Self::NotAFlag { .. } => {
                "check that nothing between rewrites the bridge's replies"
            }
            Self::Missing { .. } => {
                "check that this port is a videobridge's private HTTP port and not another server's; a bridge too old to tell these keys needs an upgrade"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_goes_without_an_accept_header() {
        for source in Source::ALL {
            let request = source.request("10.1.2.3:8080");
            assert_eq!(request.method(), Method::GET);
            assert_eq!(
                request.uri(),
                format!("http://10.1.2.3:8080{}", source.path()).as_str()
            );
            assert_eq!(request.headers()[ACCEPT], source.accept());
        }
    }

    #[test]
    fn a_page_in_html_is_no_statistics() {
        for source in Source::ALL {
            assert!(!source.comes_as("text/html;charset=iso-8859-1"), "{source}");
            assert!(!source.comes_as(""), "{source}");
        }
        assert!(Source::MetricsJson.comes_as("Application/JSON ; charset=utf-8"));
        assert!(!Source::MetricsJson.comes_as("text/plain;version=0.0.4"));
        assert!(Source::MetricsText.comes_as("text/plain;version=0.0.4"));
        assert!(!Source::MetricsText.comes_as("application/json"));
    }
}
