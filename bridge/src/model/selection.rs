//! Which bridges jicofo leaves to its strategy, trap included, and what becomes of the strategy's choice.

use std::collections::BTreeMap;

use super::agenda::Name;
use super::jicofo::{Jicofo, Known};
use super::jicofo_config::JicofoConfig;
use super::people::{Allocation, Person, Room};
use super::strategy::{Candidate, Choice, Holder, SelectionStrategy};
use super::videobridge::Process;
use crate::time::Time;

/// One choice: everything that it depends on.
pub(super) struct Selection<'a> {
    pub(super) config: &'a JicofoConfig,
    pub(super) jicofo: &'a Jicofo,
    pub(super) processes: &'a BTreeMap<Name, Process>,
    pub(super) conference: &'a Name,
    pub(super) room: &'a Room,
    pub(super) person: &'a Person,
    pub(super) now: Time,
}

/// Versions that a bridge may have.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    Any,
    Only(&'a str),
    /// A conference is pinned to another version than that of the bridge that it is on.
    None,
}

impl Wanted<'_> {
    fn takes(self, version: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(wanted) => version == wanted,
            Self::None => false,
        }
    }
}

/// A bridge that holds the conference, as jicofo knows it.
type Existing<'a> = (&'a Allocation, &'a Known);

impl<'a> Selection<'a> {
    /// The bridge for this person.
    pub(super) fn choose(&self) -> Option<Name> {
        let existing = self.existing();
        let version = self.version(existing.first());
        let spreads = self.config.octo || self.config.strategy == SelectionStrategy::Split;
        let chosen = match existing.first() {
            Some((session, known)) if !spreads || known.relay_id.is_none() => {
                let known = &self.jicofo.known;
                let any = known.values().any(|known| self.eligible(known, version));
                any.then_some(&session.bridge)?
            }
            _ => self.by_strategy(&existing, version)?,
        };
        self.joins(chosen).then(|| chosen.clone())
    }

    /// The conference's bridges that are operational, the oldest first.
    fn existing(&self) -> Vec<Existing<'a>> {
        let sessions = self.room.sessions.iter();
        let known = |bridge| self.jicofo.known.get(bridge);
        sessions
            .filter_map(|session| Some((session, known(&session.bridge)?)))
            .filter(|(_, known)| known.operational(self.now))
            .collect()
    }

    fn by_strategy(&self, existing: &[Existing<'a>], version: Wanted<'a>) -> Option<&'a Name> {
        let candidates: Vec<_> = self
            .preferred(version)
            .map(|(name, known)| self.candidate(name, known))
            .collect();
        if candidates.is_empty() {
            return None;
        }
        let holders: Vec<_> = existing
            .iter()
            .map(|existing| self.holder(*existing))
            .collect();
        let choice = Choice {
            config: self.config,
            candidates: &candidates,
            holders: &holders,
            region: self.person.region.as_deref(),
            visitor: self.person.visitor,
        };
        choice.by(&self.config.strategy)
    }

    /// Whether the conference can be on this bridge besides those that it is on already: all of them need a relay. If not, the
    /// choice was in vain, and jicofo makes no other.
    fn joins(&self, chosen: &Name) -> bool {
        let relays = |bridge| {
            self.jicofo
                .known
                .get(bridge)
                .is_some_and(|known| known.relay_id.is_some())
        };
        let mut sessions = self.room.sessions.iter();
        self.room.sessions.is_empty()
            || self.room.session(chosen).is_some()
            || self.config.octo && relays(chosen) && sessions.all(|session| relays(&session.bridge))
    }

    /// Which versions will do.
    fn version(&self, existing: Option<&Existing<'a>>) -> Wanted<'a> {
        let pinned = self.jicofo.pinned(self.conference, self.now);
        let running = existing.map(|(_, known)| known.full_version.as_str());
        match (running, pinned) {
            (Some(running), Some(pinned)) if running != pinned => Wanted::None,
            (Some(version), _) | (None, Some(version)) if !self.config.allow_mixed_versions => {
                Wanted::Only(version)
            }
            _ => Wanted::Any,
        }
    }

    /// The filters that never give way.
    fn eligible(&self, known: &Known, version: Wanted<'_>) -> bool {
        known.operational(self.now) && !known.shutting_down && version.takes(&known.full_version)
    }

    /// The filters that give way when nothing is left, in their order: not draining comes before not gracefully shutting down, and
    /// that is the trap: a gracefully shutting bridge beats a draining one, and refuses.
    fn preferred(&self, version: Wanted<'a>) -> impl Iterator<Item = (&'a Name, &'a Known)> {
        let known = &self.jicofo.known;
        let eligible = move |known: &Known| self.eligible(known, version);
        let active = known.values().any(|known| !known.drain && eligible(known));
        let undrained = move |known: &Known| !(active && known.drain) && eligible(known);
        let running = known
            .values()
            .any(|known| !known.graceful && undrained(known));
        known
            .iter()
            .filter(move |(_, known)| !(running && known.graceful) && undrained(known))
    }

    fn candidate(&self, name: &'a Name, known: &'a Known) -> Candidate<'a> {
        let told = known.stress(self.processes.get(name), self.now);
        Candidate {
            name,
            region: known.region.as_deref(),
            stress: known.corrected(told, self.config, self.now),
        }
    }

    fn holder(&self, (session, known): Existing<'a>) -> Holder<'a> {
        let interval = self.config.max_bridge_participants_interval;
        let first = session.endpoints.first();
        let first = first.and_then(|endpoint| self.room.people.get(endpoint));
        Holder {
            name: &session.bridge,
            region: known.region.as_deref(),
            endpoints: session.endpoints.len(),
            recent: session.recently_added(interval, self.now),
            visitors: first.is_some_and(|person| person.visitor),
        }
    }
}
