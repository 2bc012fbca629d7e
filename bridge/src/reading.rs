//! How a bridge's statistics are read, in each of the three forms of [`Source`].
//!
//! All three read into the same [`Stats`], by the table in [`crate::keys`]. A number that cannot be true is kept apart in
//! [`Stats::nonsense`]; a reply that cannot be one of a bridge's, or is not whole, is a [`ReadError`]. Nothing becomes zero.

mod draft;
mod exposition;
mod json;

use thiserror::Error;

use crate::source::Source;
use crate::stats::Stats;
use draft::Draft;

pub use exposition::TextError;
pub use json::JsonError;

impl Source {
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
        error: JsonError,
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
                "if it comes again, check that this port is the bridge's private HTTP port and that nothing between shortens or rewrites replies"
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
