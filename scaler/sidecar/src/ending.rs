//! The last line: what is done from the moment on at which the pod ends, whoever ended it.
//!
//! ```text
//!  begin                              begin + grace - (delay + margin)            begin + grace - margin / 3   begin + grace
//!    | drain: nobody new comes, those      | SHUTTING_DOWN: jicofo moves             | whoever waits gives up:     | SIGKILL
//!    | who are there may finish            | everybody, the bridge leaves after      | SIGTERM to the bridge       |
//!    |                                     | the delay by itself                     |                             |
//! ```
//!
//! As soon as the bridge is empty, or has left, nobody waits any longer. None of it needs an API server, a controller or jicofo's
//! REST. GRACEFUL_SHUTDOWN is not used: jicofo chooses such a bridge over a draining one, and is refused again and again (seen on
//! a running jicofo).

mod times;

#[cfg(test)]
mod tests;

use std::time::Duration;

use bridge::stats::StartupTime;
use bridge::{State, Time};
use serde::{Deserialize, Serialize};

use crate::sight::{Look, Sight};

pub use self::times::Times;

/// A bridge that was there, and where nobody has listened for so long, has left: one that is started anew in its container
/// answers after 2 to 4.5 s (seen on a running bridge).
const GONE: Duration = Duration::from_secs(15);

/// What the bridge is to be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// To drain.
    Drain,
    /// To shut down without waiting: jicofo moves everybody.
    ShutDown,
}

impl Order {
    /// As a metric's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::ShutDown => "shutdown",
        }
    }
}

/// Why nobody waits for the bridge any longer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// Nobody is on it, and nobody is on the way to it.
    Empty,
    /// It has left by itself, or is dead.
    Left,
    /// The grace period is about to end.
    OutOfTime,
}

impl End {
    /// As a metric's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Left => "left",
            Self::OutOfTime => "out_of_time",
        }
    }
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Step {
    /// What the bridge is to be told; it is told again until it is seen to follow.
    pub order: Option<Order>,
    /// Whether whoever waits for the bridge may go, and why.
    pub end: Option<End>,
}

/// Since when a run of the bridge has been hidden from new conferences, as it is written down for whoever else waits in the pod.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Hidden {
    /// Which run.
    pub startup_time: StartupTime,
    /// Since when, on the clock that counts from the machine's start.
    pub since: Time,
}

impl Hidden {
    /// What is known after this sight, from what was known before it.
    pub fn after(before: Option<Self>, sight: &Sight, now: Time) -> Option<Self> {
        let startup_time = sight.startup?;
        let before = before.filter(|hidden| hidden.startup_time == startup_time);
        let seen = Self {
            startup_time,
            since: now,
        };
        (!sight.state.takes_new_conferences()).then(|| before.unwrap_or(seen))
    }
}

/// The end of a pod, from the moment on at which it began.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    times: Times,
    began: Time,
    /// The run of the bridge that was last heard.
    run: Option<StartupTime>,
    /// Whether a bridge was ever heard where we look.
    was_heard: bool,
    /// Since when jicofo has been told by this run that it takes no new conferences, as far as that was seen.
    hidden_since: Option<Time>,
    /// Whether this run is on its way out.
    leaves: bool,
    /// Since when nobody has listened.
    absent_since: Option<Time>,
    /// What the last look told.
    seen: Option<Sight>,
    /// Whether this run said that it cannot be told to shut down.
    is_deaf: bool,
}

impl Ending {
    /// It begins. `was_heard`: whether a bridge has been heard before where we look.
    pub const fn new(times: Times, began: Time, was_heard: bool) -> Self {
        Self {
            times,
            began,
            run: None,
            was_heard,
            hidden_since: None,
            leaves: false,
            absent_since: None,
            seen: None,
            is_deaf: false,
        }
    }

    /// With what was seen before it began.
    #[must_use]
    pub const fn knowing(mut self, hidden: Option<Hidden>) -> Self {
        if let Some(hidden) = hidden {
            self.run = Some(hidden.startup_time);
            self.hidden_since = Some(hidden.since);
        }
        self
    }

    /// The bridge was looked at.
    pub fn hear(&mut self, look: &Look, now: Time) {
        self.seen = look.heard().copied();
        match look {
            Look::Heard(sight) => self.hear_of(sight, now),
            Look::Absent => {
                self.absent_since.get_or_insert(now);
            }
            Look::Silent => self.absent_since = None,
        }
    }

    fn hear_of(&mut self, sight: &Sight, now: Time) {
        let is_another = sight.startup.is_some() && self.run.is_some() && sight.startup != self.run;
        if is_another {
            // What the run before was told, this one does not know.
            self.hidden_since = None;
            self.is_deaf = false;
        }
        self.run = sight.startup.or(self.run);
        self.was_heard = true;
        self.absent_since = None;
        self.leaves = sight.state == State::ShuttingDown;
        self.hidden_since = if sight.state.takes_new_conferences() {
            None
        } else {
            self.hidden_since.or(Some(now))
        };
    }

    /// The bridge said that it knows no such request: it is configured without, and will say so for as long as it runs.
    pub const fn refused(&mut self, order: Order) {
        if matches!(order, Order::ShutDown) {
            self.is_deaf = true;
        }
    }

    /// What is to be done now. Repeated without a new look it is the same, until a time has come.
    pub fn step(&self, now: Time) -> Step {
        Step {
            order: self.order(now),
            end: self.end(now),
        }
    }

    fn order(&self, now: Time) -> Option<Order> {
        // There is nobody who could be told.
        if self.leaves || self.absent_since.is_some() {
            return None;
        }
        let is_late = now.since(self.began) >= self.times.to_finish();
        let is_empty = self.end(now) == Some(End::Empty);
        if is_late && !self.is_deaf && !is_empty {
            return Some(Order::ShutDown);
        }
        self.hidden_since.is_none().then_some(Order::Drain)
    }

    fn end(&self, now: Time) -> Option<End> {
        if let Some(sight) = &self.seen {
            // Jicofo knows of a drain or a shutdown with the next presence, and may give the bridge people until then.
            let is_settled = self
                .hidden_since
                .is_some_and(|since| now.since(since) >= self.times.settle);
            if sight.is_empty() && is_settled {
                return Some(End::Empty);
            }
        }
        if let Some(since) = self.absent_since {
            let is_gone = self.was_heard && now.since(since) >= GONE;
            if self.leaves || is_gone {
                return Some(End::Left);
            }
        }
        (now.since(self.began) >= self.times.to_wait()).then_some(End::OutOfTime)
    }
}
