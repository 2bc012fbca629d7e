//! People and the rooms that they are in, as the XMPP server knows them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::agenda::Name;
use super::ledger::Ledger;
use crate::time::Time;

/// One conference's room, and where jicofo has put its people.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) created: Time,
    pub(super) people: BTreeMap<Name, Person>,
    /// Jicofo's sessions with bridges, the oldest first.
    pub(super) sessions: Vec<Allocation>,
    /// Since when jicofo has been asking bridges in a tight loop that refuse.
    pub(super) trapped: Option<Time>,
}

/// What jicofo has put on one bridge for one conference, in the order in which it did.
#[derive(Clone, Debug)]
pub(super) struct Allocation {
    pub(super) bridge: Name,
    pub(super) endpoints: Vec<Name>,
    /// When it put people there lately, the earliest first.
    recent: VecDeque<Time>,
}

impl Allocation {
    pub(super) fn new(bridge: Name) -> Self {
        Self {
            bridge,
            endpoints: Vec::new(),
            recent: VecDeque::new(),
        }
    }

    /// Jicofo puts an endpoint there; arrivals older than `interval` are forgotten.
    pub(super) fn added(&mut self, endpoint: Name, interval: Duration, now: Time) {
        self.endpoints.push(endpoint);
        let old = self.recent.partition_point(|at| *at + interval <= now);
        self.recent.drain(..old);
        self.recent.push_back(now);
    }

    /// Endpoints put there within the interval, whether they are still there or not.
    pub(super) fn recently_added(&self, interval: Duration, now: Time) -> usize {
        self.recent.len() - self.recent.partition_point(|at| *at + interval <= now)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Order of joining.
    pub(super) number: u64,
    /// Whether media ever gets through.
    pub(super) ice: bool,
    /// Whether they only watch.
    pub(super) visitor: bool,
    pub(super) region: Option<String>,
    pub(super) place: Place,
    pub(super) lost_since: Option<Time>,
    pub(super) worst: Worst,
}

/// The worst that happened to a person so far.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Worst {
    /// Nothing did.
    #[default]
    Nothing,
    /// Their call was interrupted.
    Interrupted,
    /// A bridge vanished under them.
    Cut,
}

/// Where a person is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// In the room, with nobody to talk to, so on no bridge.
    Room,
    /// Should be on a bridge, and there is none.
    Waiting,
    /// On the way to a bridge.
    Invited(Name),
    /// On a bridge.
    On(Name),
}

impl Place {
    pub(super) fn bridge(&self) -> Option<&Name> {
        match self {
            Self::Room | Self::Waiting => None,
            Self::Invited(bridge) | Self::On(bridge) => Some(bridge),
        }
    }
}

impl Person {
    /// Moves the person, keeping the ledger. Media is lost where it flowed and found where it flows again.
    pub(super) fn go(&mut self, place: Place, ledger: &mut Ledger, now: Time) {
        let flows = |place: &Place| self.ice && matches!(place, Place::On(_));
        let (before, after) = (flows(&self.place), flows(&place));
        ledger.waiting -= u64::from(self.place == Place::Waiting);
        ledger.waiting += u64::from(place == Place::Waiting);
        ledger.on_bridges -= u64::from(before);
        ledger.on_bridges += u64::from(after);
        if before && !after {
            self.lose(ledger, now);
        }
        if after || place == Place::Room {
            self.regain(ledger, now);
        }
        self.place = place;
    }

    /// The bridge vanishes under the person, who is on the way to it until jicofo notices.
    pub(super) fn cut_off(&mut self, bridge: Name, ledger: &mut Ledger, now: Time) {
        ledger.cut += 1;
        self.suffer(Worst::Cut, ledger);
        self.go(Place::Invited(bridge), ledger, now);
    }

    /// Something happens to the person.
    pub(super) fn suffer(&mut self, what: Worst, ledger: &mut Ledger) {
        ledger.disturbed += u64::from(self.worst == Worst::Nothing);
        ledger.disturbed_by_cut += u64::from(self.worst < Worst::Cut && what == Worst::Cut);
        self.worst = self.worst.max(what);
    }

    /// No media comes from the person any more, wherever they are, and nobody misses it on their behalf.
    pub(super) fn fall_silent(&mut self, ledger: &mut Ledger, now: Time) {
        ledger.on_bridges -= u64::from(self.ice && matches!(self.place, Place::On(_)));
        self.ice = false;
        self.regain(ledger, now);
    }

    /// Media stops where the person is.
    fn lose(&mut self, ledger: &mut Ledger, now: Time) {
        if self.lost_since.is_none() {
            self.lost_since = Some(now);
            ledger.lost(now);
        }
    }

    /// Media flows again, or is no longer missed.
    fn regain(&mut self, ledger: &mut Ledger, now: Time) {
        if let Some(since) = self.lost_since.take() {
            ledger.regained(since, now);
        }
    }

    /// Whether jicofo has invited this person.
    pub(super) fn participates(&self) -> bool {
        self.place != Place::Room
    }
}

impl Room {
    pub(super) fn new(created: Time) -> Self {
        Self {
            created,
            people: BTreeMap::new(),
            sessions: Vec::new(),
            trapped: None,
        }
    }

    pub(super) fn participants(&self) -> usize {
        self.people
            .values()
            .filter(|person| person.participates())
            .count()
    }

    /// Visitors whom jicofo has invited.
    pub(super) fn visitors(&self) -> usize {
        self.people
            .values()
            .filter(|person| person.participates() && person.visitor)
            .count()
    }

    /// People for whom this holds, in the order in which they joined.
    pub(super) fn in_order(&self, which: impl Fn(&Person) -> bool) -> Vec<Name> {
        let mut names: Vec<_> = self
            .people
            .iter()
            .filter(|(_, person)| which(person))
            .map(|(name, person)| (person.number, name.clone()))
            .collect();
        names.sort();
        names.into_iter().map(|(_, name)| name).collect()
    }

    pub(super) fn session(&self, bridge: &Name) -> Option<&Allocation> {
        self.sessions
            .iter()
            .find(|session| session.bridge == *bridge)
    }
}
