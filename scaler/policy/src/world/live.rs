//! What a bridge said of itself, and for how long it has said so.

use std::time::Duration;

use bridge::stats::{Flags, StartupTime};
use bridge::{Stats, Time};
use scaler_api::annotations::DrainAcked;
use serde::{Deserialize, Serialize};

use crate::guards::{Guard, Guards};

/// One run of a bridge: evidence of one is none of another, whatever the address.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Run {
    /// The container's ID.
    pub container: String,
    /// The bridge's own start.
    pub startup: StartupTime,
}

/// One look at a bridge. What it did not say, or what cannot be true, is `None`, and is never taken for zero.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Look {
    /// When the answer came.
    pub at: Time,
    /// The bridge's own start.
    pub startup: StartupTime,
    /// Drain and shutdown.
    pub flags: Flags,
    /// People on it.
    pub people: Option<u64>,
    /// Conferences on it, those without a person of its own included.
    pub conferences: Option<u64>,
    /// Endpoints of the largest conference.
    pub largest: Option<u64>,
    /// Its load: 1 is full.
    pub stress: Option<f64>,
    /// Whether it finds itself healthy.
    pub healthy: Option<bool>,
    /// Whether it is in a brewery now.
    pub joined: bool,
}

/// A bridge that has been seen draining and empty, without a break.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Empty {
    /// The first look that saw it so.
    pub since: Time,
    /// The last one.
    pub last: Time,
    /// How many there were.
    pub looks: u32,
}

/// What is known of a bridge by asking it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// The run that answered last.
    pub run: Option<Run>,
    /// When that run answered first.
    pub run_since: Option<Time>,
    /// What it said.
    pub last: Option<Look>,
    /// Since when it does not answer.
    pub silent_since: Option<Time>,
    /// Since when it is empty.
    pub empty: Option<Empty>,
    /// Since when this run has been seen shutting down.
    pub shutting_down_since: Option<Time>,
    /// Whether this run has been in a brewery: it was seen there, or that is written on its pod.
    pub joined: bool,
    /// When the last person left, where it is empty now and was not before.
    pub fell_at: Option<Time>,
}

impl Look {
    /// A bridge's statistics as a look at it; `None` when they do not say which run of the bridge they are of.
    pub fn new(at: Time, stats: &Stats) -> Option<Self> {
        Some(Self {
            at,
            startup: stats.startup_time?,
            flags: stats.flags,
            people: stats.local_endpoints,
            conferences: stats.conferences,
            largest: stats.largest_conference,
            stress: stats.stress,
            healthy: stats.healthy,
            joined: stats.mucs_joined.is_some_and(|joined| joined > 0),
        })
    }

    /// Whether nobody is on it, and no conference is relayed through it.
    pub fn empty(&self) -> bool {
        self.people == Some(0) && self.conferences == Some(0)
    }
}

impl Live {
    /// Takes up one more look; whether it says something new. `acked` is the run of which something is written on its pod.
    pub(crate) fn look(
        &mut self,
        container: &str,
        acked: Option<&DrainAcked>,
        look: Look,
        freshness: Duration,
        guards: Guards,
    ) -> bool {
        let run = Run {
            container: container.to_owned(),
            startup: look.startup,
        };
        if self.run.as_ref() != Some(&run) {
            *self = Self {
                run: Some(run),
                run_since: Some(look.at),
                ..Self::default()
            };
        }
        let before = self.last.replace(look);
        // An answer that overtook another one says nothing about now.
        if let Some(later) = before.filter(|before| before.at > look.at) {
            self.last = Some(later);
            return false;
        }
        let was_silent = self.silent_since.take().is_some();
        let gap = before.is_none_or(|before| look.at.since(before.at) > freshness);
        let written = acked.is_some_and(|acked| {
            acked.joined && acked.container_id == container && acked.startup_time == look.startup
        });
        self.joined |= look.joined || written;
        self.shutting_down_since = look
            .flags
            .shutting_down
            .then(|| self.shutting_down_since.unwrap_or(look.at));
        let nobody = look.people == Some(0)
            && guards.hold(Guard::ConferencesCount, look.conferences == Some(0));
        let hidden = look.flags.drain || look.flags.shutting_down;
        let told = guards.hold(Guard::EmptyInBrewery, !self.cut_off());
        self.empty = (nobody && hidden && told).then(|| match self.empty.filter(|_| !gap) {
            Some(empty) => Empty {
                last: look.at,
                looks: empty.looks.saturating_add(1),
                ..empty
            },
            None => Empty {
                since: look.at,
                last: look.at,
                looks: 1,
            },
        });
        let had_people =
            before.is_some_and(|before| before.people.is_some_and(|people| people > 0));
        if look.people == Some(0) {
            self.fell_at = if had_people {
                Some(look.at)
            } else {
                self.fell_at
            };
        } else {
            self.fell_at = None;
        }
        was_silent || gap || before.is_none_or(|before| before.differs(&look))
    }

    /// Whether it has left its brewery: prosody is away, or its way there.
    pub(crate) fn cut_off(&self) -> bool {
        self.joined && self.last.is_some_and(|look| !look.joined)
    }

    /// It did not answer; whether that is new.
    pub(crate) fn silence(&mut self, at: Time) -> bool {
        let new = self.silent_since.is_none();
        self.silent_since.get_or_insert(at);
        self.empty = None;
        new
    }
}

impl Look {
    /// Whether something a decision about a serving bridge could depend on is other than in a later look.
    fn differs(&self, later: &Self) -> bool {
        self.flags != later.flags
            || self.healthy != later.healthy
            || self.joined != later.joined
            || self.empty() != later.empty()
    }
}
