//! Who did what to a bridge last: whose fault it is when it goes.

use std::collections::BTreeMap;

use bridge::Time;

/// What a controller told a bridge, as far as it matters to people.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Command {
    /// To drain.
    Drain,
    /// To take conferences again.
    Undrain,
    /// To shut down.
    Shutdown,
}

/// What was done to bridges, by name of the pod.
#[derive(Clone, Debug, Default)]
pub struct Blame {
    /// Whether it was us who deleted the pod first, and when.
    deleted: BTreeMap<String, (bool, Time)>,
    /// When we told the bridge to shut down.
    shut_down: BTreeMap<String, Time>,
    /// Something else killed it.
    killed: BTreeMap<String, Time>,
    /// When it was last deaf or out of reach.
    out_of_reach: BTreeMap<String, Time>,
    /// When jicofo last stopped or was away.
    jicofo_away: Option<Time>,
    /// When a leader was last disturbed.
    disturbed: Option<Time>,
    /// Until when a request of a controller was last held back on its way.
    held_back: Option<Time>,
}

impl Blame {
    /// Somebody deleted a pod; the first one is to blame.
    pub fn deleted(&mut self, name: &str, ours: bool, at: Time) {
        self.deleted.entry(name.to_owned()).or_insert((ours, at));
    }

    /// A controller told the run of a bridge that began at `started` to shut down; the first time counts.
    pub fn shut_down(&mut self, name: &str, started: Time, at: Time) {
        let first = self.shut_down.entry(name.to_owned()).or_insert(at);
        if *first < started {
            *first = at;
        }
    }

    /// A fault killed a bridge, its node or its sidecar.
    pub fn killed(&mut self, name: &str, at: Time) {
        self.killed.insert(name.to_owned(), at);
    }

    /// A bridge is deaf or out of reach at this moment.
    pub fn out_of_reach(&mut self, name: &str, at: Time) {
        self.out_of_reach.insert(name.to_owned(), at);
    }

    /// Whether a bridge was deaf or out of reach at or after this moment.
    pub(super) fn out_of_reach_since(&self, name: &str, at: Time) -> bool {
        self.out_of_reach.get(name).is_some_and(|last| *last >= at)
    }

    /// Jicofo is away at this moment.
    pub fn jicofo_away(&mut self, at: Time) {
        self.jicofo_away = Some(at);
    }

    /// No leader is undisturbed: none is there, one has just begun or hears late, or something is wrong between it and the bridges
    /// or the API server.
    pub fn disturbed(&mut self, at: Time) {
        self.disturbed = Some(at);
    }

    /// A request of a controller is held back on its way until then.
    pub fn held_back(&mut self, until: Time) {
        self.held_back = self.held_back.max(Some(until));
    }

    /// Whether a request of a controller was held back on its way at or after this moment.
    pub fn held_back_since(&self, at: Time) -> bool {
        self.held_back.is_some_and(|until| until >= at)
    }

    /// Whether a leader was disturbed at or after this moment.
    pub fn disturbed_since(&self, at: Time) -> bool {
        self.disturbed.is_some_and(|last| last >= at)
    }

    /// Whether a controller ever told a bridge to shut down.
    pub fn was_shut_down(&self, name: &str) -> bool {
        self.shut_down.contains_key(name)
    }

    /// Whether jicofo was away at or after this moment.
    pub fn jicofo_away_since(&self, at: Time) -> bool {
        self.jicofo_away.is_some_and(|away| away >= at)
    }

    /// Since when it is our doing that the run of a bridge that began at `started` goes: we shut it down or deleted its pod, and
    /// nobody else deleted that first or killed this run.
    pub fn ours(&self, name: &str, started: Time) -> Option<Time> {
        let deleted = self.deleted.get(name);
        let killed = self.killed.get(name).is_some_and(|at| *at >= started);
        // Whoever else deleted it first has its sidecar shut it down.
        if killed || deleted.is_some_and(|(ours, _)| !ours) {
            return None;
        }
        let shut_down = self.shut_down.get(name).filter(|at| **at >= started);
        let deleted = deleted.map(|(_, at)| at);
        deleted.into_iter().chain(shut_down).min().copied()
    }
}
