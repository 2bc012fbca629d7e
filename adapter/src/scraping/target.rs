//! A bridge to be asked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use reach::{Loopback, Probe};
use tokio::task::{AbortHandle, Id};

use crate::scraping::refresh::{Seen, Waiting};
use crate::scraping::schedule::{Fortune, Lane, next};
use crate::telling::Ticket;

/// A bridge to be asked.
pub(super) struct Target {
    pub(super) ticket: Ticket,
    /// At rest here, or on the way with the question that is under way.
    pub(super) probe: Result<Probe, AbortHandle>,
    pub(super) due: Time,
    pub(super) lane: Lane,
    pub(super) fortune: Fortune,
    /// How the last question ended, for the log.
    pub(super) last: Option<&'static str>,
    /// When the question that is under way was started, or the last one.
    pub(super) asked: Time,
    /// When it last answered.
    pub(super) answered: Option<Time>,
    /// Readers who wait for the end of the question that is under way, or due.
    awaited: Vec<Waiting>,
}

impl Target {
    /// A bridge that is asked at once.
    pub(super) fn new(ticket: Ticket, address: SocketAddr, loopback: Loopback, now: Time) -> Self {
        Self {
            ticket,
            probe: Ok(Probe::new(address, loopback)),
            due: now,
            lane: Lane::Prompt,
            fortune: Fortune::default(),
            last: None,
            asked: now,
            answered: None,
            awaited: Vec::new(),
        }
    }

    /// Whether this question is the one that is under way to it.
    pub(super) fn is_asked(&self, question: Id) -> bool {
        matches!(&self.probe, Err(asking) if asking.id() == question)
    }

    /// What a round of readers needs to know of it.
    pub(super) fn seen(&self) -> Seen {
        Seen {
            fortune: self.fortune,
            asked: self.probe.is_err().then_some(self.asked),
            answered: self.answered,
        }
    }

    /// A reader waits for the end of the question that is under way, or due. Those who have waited for long enough are forgotten
    /// before more are remembered: where all questions that may be under way are, it may be long due.
    pub(super) fn hold(&mut self, waiting: &Waiting) {
        if self.awaited.len() == self.awaited.capacity() {
            self.awaited.retain(|waiting| !waiting.is_closed());
        }
        self.awaited.push(Arc::clone(waiting));
    }

    /// Nobody asks until it is due again.
    pub(super) fn rest(&mut self, probe: Probe, uid: &str, interval: Duration, now: Time) {
        self.probe = Ok(probe);
        self.awaited.clear();
        self.due = next(uid, self.fortune, interval, now);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::telling::Store;
    use crate::telling::fixtures::{RULES, metrics, pod};

    #[test]
    fn readers_that_wait_no_more_are_not_remembered() {
        let mut store = Store::new(Arc::new(metrics()), RULES);
        let ticket = store.observe(pod("jvb-0", "u0", None), Time::default());
        let address = ([127, 0, 0, 1], 9).into();
        let mut target = Target::new(ticket, address, Loopback::Asked, Time::default());
        let (patient, mut answer) = oneshot::channel();
        target.hold(&Arc::new(patient));
        for _ in 0..10_000 {
            target.hold(&Arc::new(oneshot::channel().0));
        }
        assert!(target.awaited.len() < 10, "{}", target.awaited.len());
        assert_eq!(answer.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        target.rest(
            Probe::new(address, Loopback::Asked),
            "u0",
            Duration::from_secs(5),
            Time::default(),
        );
        assert_eq!(answer.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }
}
