//! A bridge to be asked.

use std::net::SocketAddr;
use std::time::Duration;

use bridge::Time;
use reach::{Loopback, Probe};
use tokio::task::{AbortHandle, Id};

use crate::scraping::refresh::{Seen, Waiting};
use crate::scraping::schedule::{Fortune, next};
use crate::telling::Ticket;

/// A bridge to be asked.
pub(super) struct Target {
    pub(super) ticket: Ticket,
    /// At rest here, or on the way with the question that is under way.
    pub(super) probe: Result<Probe, AbortHandle>,
    pub(super) due: Time,
    pub(super) fortune: Fortune,
    /// How the last question ended, for the log.
    pub(super) last: Option<&'static str>,
    /// When the question that is under way was started, or the last one.
    pub(super) asked: Time,
    /// When it last answered.
    pub(super) answered: Option<Time>,
    /// Readers who wait for the end of the question that is under way, or due.
    pub(super) awaited: Vec<Waiting>,
}

impl Target {
    /// A bridge that is asked at once.
    pub(super) fn new(ticket: Ticket, address: SocketAddr, loopback: Loopback, now: Time) -> Self {
        Self {
            ticket,
            probe: Ok(Probe::new(address, loopback)),
            due: now,
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

    /// Nobody asks until it is due again.
    pub(super) fn rest(&mut self, probe: Probe, uid: &str, interval: Duration, now: Time) {
        self.probe = Ok(probe);
        self.awaited.clear();
        self.due = next(uid, self.fortune, interval, now);
    }
}
