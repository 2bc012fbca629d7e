//! Fresh when read: a read of values that have grown old has their bridges asked first, and waits for them, but not for long.
//!
//! All readers share what is under way: a bridge that is being asked is not asked again, and one that has answered since a
//! reader looked is fresh enough for that reader too. So however many read at once, each bridge is asked once.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::scraping::schedule::Fortune;
use crate::telling::{Record, Ticket};

#[cfg(test)]
mod tests;

/// Rounds that may wait until the loop takes them up; a reader who finds no place is answered with what is known.
const WAITING: usize = 1_024;

/// How fresh values are when they are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Freshness {
    /// An older value has its bridge asked before it is told; nothing means never.
    pub within: Duration,
    /// How long a read waits for that at most.
    pub budget: Duration,
}

impl Freshness {
    /// Whether a read asks this bridge first. One that has never answered is asked by the loop at once, and one that fails is
    /// asked when the loop finds it worth it: a read does not hammer it.
    pub(crate) fn wants(&self, bridge: &Record, now: Time) -> bool {
        !self.within.is_zero()
            && bridge.last_answer().is_some_and(|at| self.is_old(at, now))
            && bridge.failure().is_none()
            && bridge.pod().is_alive()
    }

    fn is_old(&self, answered: Time, now: Time) -> bool {
        now.since(answered) > self.within
    }

    /// What a round does with a bridge as the loop finds it.
    pub(super) fn take(&self, seen: Seen, now: Time) -> Step {
        let Seen {
            fortune,
            asked,
            answered,
        } = seen;
        if fortune.failures > 0 {
            return Step::Leave;
        }
        match asked {
            // It has had its time: whoever waits for it would wait for nothing.
            Some(asked) if now.since(asked) >= self.budget => Step::Leave,
            Some(_) => Step::Await,
            None if answered.is_some_and(|at| self.is_old(at, now)) => Step::Ask,
            None => Step::Leave,
        }
    }
}

/// What the loop knows of a bridge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) fortune: Fortune,
    /// Since when a question is under way.
    pub(super) asked: Option<Time>,
    /// When it last answered.
    pub(super) answered: Option<Time>,
}

/// What a round does with one bridge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// It is asked now, and awaited.
    Ask,
    /// It is being asked, and awaited.
    Await,
    /// It is fresh, fails or dawdles: nobody waits for it.
    Leave,
}

/// Somebody who waits for as long as this is held by a bridge that is being asked.
pub(super) type Waiting = Arc<oneshot::Sender<Infallible>>;

/// Bridges that somebody wants to be asked.
#[derive(Debug)]
pub(crate) struct Round {
    pub(super) bridges: Vec<Ticket>,
    pub(super) waiting: Waiting,
}

/// Asks the loop on behalf of readers.
#[derive(Debug)]
pub(crate) struct Refresher {
    /// How fresh values are to be.
    pub freshness: Freshness,
    rounds: mpsc::Sender<Round>,
}

/// How waiting for a round ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refreshed {
    /// Everybody who was awaited has answered, or failed.
    Complete,
    /// The budget was spent first.
    Late,
    /// So many readers wait that this one did not.
    Skipped,
}

impl Refresher {
    /// A refresher, and where the loop gets its rounds from.
    pub(crate) fn new(freshness: Freshness) -> (Self, mpsc::Receiver<Round>) {
        let (rounds, to_do) = mpsc::channel(WAITING);
        (Self { freshness, rounds }, to_do)
    }

    /// Has these bridges asked, and waits for them within the budget.
    pub(crate) async fn refresh(&self, bridges: Vec<Ticket>) -> Refreshed {
        let (waiting, done) = oneshot::channel();
        let round = Round {
            bridges,
            waiting: Arc::new(waiting),
        };
        if self.rounds.try_send(round).is_err() {
            return Refreshed::Skipped;
        }
        match timeout(self.freshness.budget, done).await {
            Ok(_) => Refreshed::Complete,
            Err(_) => Refreshed::Late,
        }
    }
}
