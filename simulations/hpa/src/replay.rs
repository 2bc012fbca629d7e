//! Holds recorded decisions of a real controller against this one.
//!
//! A recording has one JSON object in a line, an [`Episode`]: an HPA from its first sync on, each sync with all that the real
//! controller saw and all that it did. `tests/recorded/README.md` tells the form, field by field.

mod episode;
mod expected;
mod record;
mod step;

pub use episode::{EpisodeError, replay};
pub use record::Episode;

/// A field in which a sync came out otherwise than recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which step of the episode, counted from 0.
    pub step: usize,
    /// Its moment, in seconds since the episode's start.
    pub seconds: f64,
    /// The field of the recording.
    pub field: &'static str,
    /// What was recorded.
    pub recorded: String,
    /// What came out here.
    pub computed: String,
}
