//! What a bridge counts: numbers that change at once, numbers that it refreshes every few seconds, and totals since its start.

use std::collections::{BTreeMap, BTreeSet};

use super::agenda::Name;
use super::load::Timer;
use super::people::Person;
use crate::time::Time;

/// Upper bounds of the histograms of conferences are 0 to this; one more bucket takes the rest.
pub(super) const LARGEST_BUCKET: usize = 20;

/// One conference on one bridge.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) created: Time,
    pub(super) local: BTreeSet<Name>,
    /// Those of the local endpoints that only watch.
    visitors: BTreeSet<Name>,
    /// Endpoints that other bridges hold.
    pub(super) relayed: u32,
    /// Other bridges of the conference.
    pub(super) relays: u32,
}

impl Session {
    fn size(&self) -> u32 {
        self.local.len() as u32 + self.relayed
    }
}

/// Totals since the start of the process.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Totals {
    pub(super) conferences_created: u64,
    pub(super) conferences_completed: u64,
    pub(super) conference_seconds: u64,
    pub(super) endpoints: u64,
    pub(super) visitors: u64,
    pub(super) relays: u64,
    pub(super) ice_succeeded: u64,
    pub(super) ice_failed: u64,
}

/// The numbers that are refreshed every few seconds only.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Refreshed {
    pub(super) local: u32,
    pub(super) relayed: u32,
    pub(super) largest: u32,
    pub(super) conferences: u32,
    pub(super) pairs: u32,
    pub(super) with_relay: u32,
    /// How many conferences have exactly so many endpoints; the last entry is for those with more than the largest bound.
    pub(super) by_size: [u32; LARGEST_BUCKET + 2],
    pub(super) sizes: u32,
}

impl Refreshed {
    pub(super) fn endpoints(&self) -> u32 {
        self.local + self.relayed
    }
}

/// When the first of something came, which registers the metrics of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Firsts {
    pub(super) conference: Option<Time>,
    pub(super) endpoint: Option<Time>,
    pub(super) relay: Option<Time>,
}

#[derive(Clone, Debug)]
pub(super) struct Statistics {
    pub(super) sessions: BTreeMap<Name, Session>,
    pub(super) totals: Totals,
    pub(super) firsts: Firsts,
    local: u32,
    timer: Timer,
    settled: Refreshed,
    settled_ticks: i64,
    /// Time that local endpoints have spent here together, up to `until`.
    endpoint_millis: u64,
    until: Time,
}

impl Statistics {
    pub(super) fn new(timer: Timer, now: Time) -> Self {
        Self {
            sessions: BTreeMap::new(),
            totals: Totals::default(),
            firsts: Firsts::default(),
            local: 0,
            timer,
            settled: Refreshed::default(),
            settled_ticks: 0,
            endpoint_millis: 0,
            until: now,
        }
    }

    /// Endpoints of this bridge, at once up to date.
    pub(super) fn local(&self) -> u32 {
        self.local
    }

    /// Endpoints of this bridge that only watch, at once up to date.
    pub(super) fn visitors(&self) -> usize {
        let sessions = self.sessions.values();
        sessions.map(|session| session.visitors.len()).sum()
    }

    /// When the refreshed numbers were last refreshed.
    pub(super) fn refreshed_at(&self, now: Time) -> Option<Time> {
        self.timer.last(now)
    }

    /// The refreshed numbers as they are shown at this moment.
    pub(super) fn refreshed(&self, now: Time) -> Refreshed {
        if self.timer.ticks(now) > self.settled_ticks {
            self.count()
        } else {
            self.settled.clone()
        }
    }

    /// Seconds that local endpoints have spent here together.
    pub(super) fn endpoint_seconds(&self, now: Time) -> f64 {
        let more = now.since(self.until).as_millis() as u64 * u64::from(self.local);
        (self.endpoint_millis + more) as f64 / 1000.0
    }

    /// Something will change: work out what was shown until now.
    pub(super) fn settle(&mut self, now: Time) {
        let ticks = self.timer.ticks(now);
        if ticks > self.settled_ticks {
            self.settled = self.count();
            self.settled_ticks = ticks;
        }
        self.endpoint_millis += now.since(self.until).as_millis() as u64 * u64::from(self.local);
        self.until = now;
    }

    /// A conference comes to this bridge; `settle` first.
    pub(super) fn open(&mut self, conference: &Name, now: Time) {
        self.totals.conferences_created += 1;
        self.firsts.conference.get_or_insert(now);
        self.sessions.insert(
            conference.clone(),
            Session {
                created: now,
                local: BTreeSet::new(),
                visitors: BTreeSet::new(),
                relayed: 0,
                relays: 0,
            },
        );
    }

    /// A conference leaves this bridge, with whoever is still in it; `settle` first.
    pub(super) fn close(&mut self, conference: &Name, now: Time) {
        if let Some(session) = self.sessions.remove(conference) {
            self.local -= session.local.len() as u32;
            self.totals.conferences_completed += 1;
            self.totals.conference_seconds += now.since(session.created).as_secs();
        }
    }

    /// An endpoint comes to this bridge; `settle` first.
    pub(super) fn add(&mut self, conference: &Name, endpoint: &Name, person: &Person, now: Time) {
        if let Some(session) = self.sessions.get_mut(conference)
            && session.local.insert(endpoint.clone())
        {
            self.local += 1;
            self.totals.endpoints += 1;
            self.totals.ice_succeeded += u64::from(person.ice);
            if person.visitor {
                session.visitors.insert(endpoint.clone());
                self.totals.visitors += 1;
            }
            self.firsts.endpoint.get_or_insert(now);
        }
    }

    /// An endpoint leaves this bridge; `settle` first. Whether it was here.
    pub(super) fn remove(&mut self, conference: &Name, endpoint: &Name) -> bool {
        let was_here = self.sessions.get_mut(conference).is_some_and(|session| {
            session.visitors.remove(endpoint);
            session.local.remove(endpoint)
        });
        self.local -= u32::from(was_here);
        was_here
    }

    /// How many other bridges the conference has, and endpoints on them; `settle` first.
    pub(super) fn relay(&mut self, conference: &Name, relays: u32, relayed: u32, now: Time) {
        if let Some(session) = self.sessions.get_mut(conference) {
            let new = relays.saturating_sub(session.relays);
            if new > 0 {
                self.totals.relays += u64::from(new);
                self.totals.ice_succeeded += u64::from(new);
                self.firsts.relay.get_or_insert(now);
            }
            session.relays = relays;
            session.relayed = relayed;
        }
    }

    fn count(&self) -> Refreshed {
        let mut counted = Refreshed {
            local: self.local,
            ..Refreshed::default()
        };
        for session in self.sessions.values() {
            let size = session.size();
            counted.relayed += session.relayed;
            counted.largest = counted.largest.max(size);
            counted.conferences += 1;
            counted.pairs += u32::from(size == 2);
            counted.with_relay += u32::from(session.relays > 0);
            counted.by_size[(size as usize).min(LARGEST_BUCKET + 1)] += 1;
            counted.sizes += size;
        }
        counted
    }
}
