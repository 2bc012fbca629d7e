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
    /// When jicofo last stopped or was away.
    jicofo_away: Option<Time>,
}

impl Blame {
    /// Somebody deleted a pod; the first one is to blame.
    pub fn deleted(&mut self, name: &str, ours: bool, at: Time) {
        self.deleted.entry(name.to_owned()).or_insert((ours, at));
    }

    /// A controller told a bridge to shut down.
    pub fn shut_down(&mut self, name: &str, at: Time) {
        self.shut_down.entry(name.to_owned()).or_insert(at);
    }

    /// A fault killed a bridge, its node or its sidecar.
    pub fn killed(&mut self, name: &str, at: Time) {
        self.killed.insert(name.to_owned(), at);
    }

    /// Jicofo is away at this moment.
    pub fn jicofo_away(&mut self, at: Time) {
        self.jicofo_away = Some(at);
    }

    /// Whether jicofo was away at or after this moment.
    pub fn jicofo_away_since(&self, at: Time) -> bool {
        self.jicofo_away.is_some_and(|away| away >= at)
    }

    /// Whether it was we who made a bridge go: we deleted its pod or shut it down, and nothing else killed it.
    pub fn ours(&self, name: &str) -> Option<Time> {
        let deleted = self.deleted.get(name);
        // Whoever else deleted it first has its sidecar shut it down.
        if deleted.is_some_and(|(ours, _)| !ours) || self.killed.contains_key(name) {
            return None;
        }
        let shut_down = self.shut_down.get(name).copied();
        deleted.map(|(_, at)| *at).or(shut_down)
    }
}
