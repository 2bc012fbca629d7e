//! How jicofo chooses a bridge, trap included.

use std::collections::BTreeMap;

use super::agenda::Name;
use super::config::JicofoConfig;
use super::jicofo::{Jicofo, Known};
use super::people::Room;
use super::videobridge::Process;
use crate::time::Time;

/// One choice: everything that it depends on.
pub(super) struct Selection<'a> {
    pub(super) config: &'a JicofoConfig,
    pub(super) jicofo: &'a Jicofo,
    pub(super) processes: &'a BTreeMap<Name, Process>,
    pub(super) conference: &'a Name,
    pub(super) room: &'a Room,
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

/// A bridge that selection leaves.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    name: &'a Name,
    stress: f64,
    overloaded: bool,
    /// Endpoints of the conference there, if it is there.
    holds: Option<usize>,
}

impl<'a> Selection<'a> {
    /// The bridge for one more participant of the conference.
    pub(super) fn choose(&self) -> Option<Name> {
        let existing = self.existing();
        let version = self.version(existing);
        if let Some((name, known)) = existing
            && (!self.config.octo || known.relay_id.is_none())
        {
            let any = self.eligible(known, version)
                || self
                    .jicofo
                    .known
                    .values()
                    .any(|known| self.eligible(known, version));
            return any.then(|| name.clone());
        }
        if existing.is_none() {
            return self.least_loaded(version);
        }
        self.spread(&self.candidates(version))
    }

    /// The conference's oldest bridge.
    fn existing(&self) -> Option<(&'a Name, &'a Known)> {
        let bridge = &self.room.sessions.first()?.bridge;
        self.jicofo.known.get_key_value(bridge)
    }

    /// Which versions will do.
    fn version(&self, existing: Option<(&'a Name, &'a Known)>) -> Wanted<'a> {
        let pinned = self.jicofo.pinned(self.conference, self.now);
        let running = existing.map(|(_, known)| known.version.as_str());
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
        known.operational(self.now) && !known.shutting_down && version.takes(&known.version)
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
        let stress = known.corrected(told, self.config, self.now);
        let session = self.room.session(name);
        let holds = session.map(|session| session.endpoints.len());
        let full = holds.is_some_and(|count| count >= self.config.max_bridge_participants);
        let interval = self.config.max_bridge_participants_interval;
        let rushed = session
            .zip(self.config.max_bridge_participants_per_interval)
            .is_some_and(|(session, max)| session.recently_added(interval, self.now) >= max);
        Candidate {
            name,
            stress,
            overloaded: stress >= self.config.stress_threshold || full || rushed,
            holds,
        }
    }

    /// All that is left, the least loaded first.
    fn candidates(&self, version: Wanted<'a>) -> Vec<Candidate<'a>> {
        let mut candidates: Vec<_> = self
            .preferred(version)
            .map(|(name, known)| self.candidate(name, known))
            .collect();
        candidates.sort_by(|a, b| a.stress.total_cmp(&b.stress).then(a.name.cmp(b.name)));
        candidates
    }

    /// The first bridge of a conference: the least loaded, however loaded it is.
    fn least_loaded(&self, version: Wanted<'a>) -> Option<Name> {
        self.preferred(version)
            .map(|(name, known)| self.candidate(name, known))
            .min_by(|a, b| a.stress.total_cmp(&b.stress).then(a.name.cmp(b.name)))
            .map(|candidate| candidate.name.clone())
    }

    /// Region-based selection for people without a region: a bridge that holds the conference and has room, any that has room, one
    /// that holds the conference, any.
    fn spread(&self, candidates: &[Candidate<'a>]) -> Option<Name> {
        let below_max = |count: usize| count < self.config.max_bridge_participants;
        let first = |which: &dyn Fn(&Candidate<'_>) -> bool| candidates.iter().find(|c| which(c));
        first(&|candidate| !candidate.overloaded && candidate.holds.is_some())
            .or_else(|| first(&|candidate| !candidate.overloaded))
            .or_else(|| first(&|candidate| candidate.holds.is_some_and(below_max)))
            .or_else(|| candidates.first())
            .map(|candidate| candidate.name.clone())
    }
}
