//! What may come between, beside the faults: a pause of the pool while something is under way, and prosody away.
//!
//! They are drawn from a stream of their own and stand behind the faults in a seed's numbers, so that whoever leaves them out has
//! the seed as it is without them.

use std::fmt;
use std::time::Duration;

use bridge::Time;

use crate::kernel::{Chance, Concern};

/// Something that comes between.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Interlude {
    /// The pool is paused between a drain and its confirmation.
    PausedBeforeConfirmed,
    /// The pool is paused, and then a bridge restarts that drains.
    PausedThenRestarted,
    /// The pool is paused, and then a user takes the protection of a draining bridge away, or forges its marks.
    PausedThenForged,
    /// Prosody is away: all bridges leave their brewery, and count nobody a minute later. F49 in full length.
    ProsodyAway,
}

/// One that is to come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Coming {
    /// From when on, as soon as its situation is there.
    pub at: Time,
    /// Which.
    pub what: Interlude,
    /// For how long.
    pub lasts: Duration,
}

/// One that goes on.
#[derive(Clone, Debug)]
pub(super) struct Ongoing {
    pub(super) what: Interlude,
    /// The bridge that it is about; empty: all of them.
    pub(super) victim: String,
    pub(super) since: Time,
    pub(super) until: Time,
    /// Whether the second half of it has happened.
    pub(super) followed: bool,
}

impl Interlude {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::PausedBeforeConfirmed,
        Self::PausedThenRestarted,
        Self::PausedThenForged,
        Self::ProsodyAway,
    ];

    /// Whether it pauses the pool.
    pub(super) const fn pauses(self) -> bool {
        !matches!(self, Self::ProsodyAway)
    }
}

impl fmt::Display for Interlude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PausedBeforeConfirmed => {
                "the pool is paused between a drain and its confirmation"
            }
            Self::PausedThenRestarted => "the pool is paused, and a draining bridge restarts",
            Self::PausedThenForged => {
                "the pool is paused, and a user forges the marks of a draining bridge"
            }
            Self::ProsodyAway => "prosody is away, and all bridges leave their brewery",
        })
    }
}

/// What comes between two moments in a seed: a pause in one of five, and prosody away in one of twenty-five.
pub fn draw(seed: u64, from: Time, to: Time) -> Vec<Coming> {
    let mut chance = Chance::new(seed, Concern::Interludes);
    let span = to.since(from).as_millis() as u64;
    let (pauses, outages): (Vec<_>, Vec<_>) =
        Interlude::ALL.into_iter().partition(|what| what.pauses());
    let mut coming = Vec::new();
    for (share, among, shortest, longest) in [(200, pauses, 60, 240), (40, outages, 120, 420)] {
        if !chance.per_mille(share) {
            continue;
        }
        let at = from + Duration::from_millis(chance.below(span / 2));
        let lasts = Duration::from_secs(chance.from_to(shortest, longest));
        let what = chance.pick(&among).copied();
        coming.extend(what.map(|what| Coming { at, what, lasts }));
    }
    coming
}
