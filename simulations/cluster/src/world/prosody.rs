//! Prosody away: bridges have left their brewery without having gone.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::stats::StartupTime;
use bridge::{Stats, Time};

use super::World;

/// How long after its last sign of life a bridge gives a person up: its `entity-expiration`.
const EXPIRY: Duration = Duration::from_mins(1);

/// Since when prosody has been away, and the runs of bridges that it left behind. A bridge that starts meanwhile finds it back:
/// the model of Jitsi lets it join.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    since: Time,
    left: BTreeMap<String, StartupTime>,
}

impl World {
    /// Prosody goes away, or is back. While it is away nobody joins a conference, and those who are in one stay in it: whoever has
    /// been given up comes back with it.
    pub fn lose_prosody(&mut self, away: bool) {
        let joined = self
            .jitsi
            .bridges()
            .filter(|(_, bridge)| bridge.in_brewery());
        let left = joined.map(|(name, bridge)| (name.to_owned(), bridge.startup_time()));
        self.outage = away.then(|| Outage {
            since: self.now,
            left: left.collect(),
        });
    }

    /// Whether prosody is away.
    pub fn prosody_is_away(&self) -> bool {
        self.outage.is_some()
    }

    /// Whether a bridge has left its brewery with prosody.
    pub fn is_apart(&self, name: &str) -> bool {
        let left = self
            .outage
            .as_ref()
            .and_then(|outage| outage.left.get(name));
        left.is_some_and(|run| {
            let bridge = self.jitsi.bridge(name);
            bridge.is_some_and(|bridge| bridge.startup_time() == *run)
        })
    }

    /// What a bridge says of itself, as it would say it without prosody.
    pub fn tell_apart(&self, name: &str, stats: &mut Stats) {
        let Some(outage) = self.outage.as_ref().filter(|_| self.is_apart(name)) else {
            return;
        };
        stats.mucs_joined = Some(0);
        if self.now.since(outage.since) >= EXPIRY {
            stats.local_endpoints = Some(0);
            stats.conferences = Some(0);
            stats.largest_conference = Some(0);
        }
    }
}
