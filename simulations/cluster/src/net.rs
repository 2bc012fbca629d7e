//! The way from the controllers to the bridges and to jicofo, and what may be wrong on it.

use std::collections::{BTreeMap, BTreeSet};

use bridge::model::Videobridge;
use bridge::{Source, Stats, reply, request};
use http::StatusCode;

use crate::world::World;

/// How a bridge answers whoever asks it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answering {
    /// The connection is refused.
    Refused,
    /// No answer ever comes.
    Hung,
    /// With a 500.
    Failing,
    /// With half of the body.
    Truncated,
    /// It confirms commands and does not follow them.
    Deaf,
    /// It counts somebody who is not there.
    Stuck,
    /// It counts fewer people than none.
    Negative,
    /// It says that nobody is there.
    Zero,
    /// It says that it relays a conference.
    RelayOnly,
}

impl Answering {
    /// Whether what it is told is lost.
    pub fn is_deaf(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Hung | Self::Failing | Self::Deaf
        )
    }
}

/// What is wrong on the way.
#[derive(Clone, Debug, Default)]
pub struct Net {
    /// Bridges that do not answer as they should, by name.
    pub bridges: BTreeMap<String, Answering>,
    /// How all others answer.
    pub all: Option<Answering>,
    /// The zone whose bridges are not reached.
    pub cut_zone: Option<String>,
    wire_every: u64,
    looks: u64,
}

/// The authority in requests: the model does not care.
const AUTHORITY: &str = "127.0.0.1:8080";

impl Net {
    /// Nothing is wrong. Every so many looks, one is made over the wire: the real request, the real reply, the real reader.
    pub fn new(wire_every: u64) -> Self {
        Self {
            wire_every,
            ..Self::default()
        }
    }

    /// How the bridge of this pod answers.
    pub fn answering(&self, world: &World, name: &str) -> Option<Answering> {
        let cut = self.cut_zone.as_deref().is_some_and(|zone| {
            let node = world.api.pod(name).and_then(|pod| pod.node.as_deref());
            world
                .nodes()
                .any(|other| Some(other.meta.name.as_str()) == node && other.zone == zone)
        });
        if cut {
            return Some(Answering::Hung);
        }
        self.bridges.get(name).copied().or(self.all)
    }

    /// Whether anything is wrong.
    pub fn troubled(&self) -> bool {
        !self.bridges.is_empty() || self.all.is_some() || self.cut_zone.is_some()
    }

    /// The bridges to which what they are told is lost.
    pub fn deaf(&self, world: &World) -> Vec<String> {
        if !self.troubled() {
            return Vec::new();
        }
        let bridges = world.jitsi.bridges();
        bridges
            .filter(|(name, _)| self.answering(world, name).is_some_and(Answering::is_deaf))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// Whether whoever asks this bridge waits until he gives up.
    pub fn hangs(&self, world: &World, name: &str) -> bool {
        self.answering(world, name) == Some(Answering::Hung)
    }

    /// Asks a bridge how it is; nothing when it does not say.
    pub fn look(&mut self, world: &mut World, name: &str) -> Option<Stats> {
        let answering = self.answering(world, name);
        if matches!(
            answering,
            Some(Answering::Refused | Answering::Hung | Answering::Failing)
        ) {
            return None;
        }
        self.looks += 1;
        let wire = matches!(answering, Some(Answering::Truncated | Answering::Negative))
            || (self.wire_every > 0 && self.looks.is_multiple_of(self.wire_every));
        let mut stats = if wire {
            Self::over_the_wire(world, name, answering)?
        } else {
            let bridge = world.jitsi.bridge(name)?;
            bridge.listening().then(|| stats_of(bridge))?
        };
        match answering {
            Some(Answering::Stuck) => {
                stats.local_endpoints = stats.local_endpoints.map(|count| count.max(1));
            }
            Some(Answering::Zero) => {
                stats.local_endpoints = Some(0);
                stats.conferences = Some(0);
                stats.largest_conference = Some(0);
            }
            Some(Answering::RelayOnly) => {
                stats.conferences = stats.conferences.map(|count| count.max(1));
            }
            _ => {}
        }
        world.tell_apart(name, &mut stats);
        Some(stats)
    }

    fn over_the_wire(world: &mut World, name: &str, answering: Option<Answering>) -> Option<Stats> {
        let source = Source::MetricsJson;
        let asked = request::stats(source, AUTHORITY);
        let now = world.now();
        let answer = world.jitsi.bridge_request(name, &asked, now)?;
        let mut body = answer.body().clone();
        match answering {
            Some(Answering::Truncated) => body.truncate(body.len() / 2),
            Some(Answering::Negative) => {
                let text = String::from_utf8_lossy(&body);
                let people = world.jitsi.bridge(name)?.local_endpoints();
                let said = format!("\"local_endpoints\":{people}");
                body = text
                    .replacen(&said, "\"local_endpoints\":-1", 1)
                    .into_bytes();
            }
            _ => {}
        }
        reply::stats(source, answer.status(), answer.headers(), &body, &[]).ok()
    }

    /// Tells a bridge something; the status and the body of its answer, nothing when none comes.
    pub fn tell(
        &self,
        world: &mut World,
        name: &str,
        request: &http::Request<Vec<u8>>,
    ) -> Option<(StatusCode, Vec<u8>)> {
        match self.answering(world, name) {
            Some(Answering::Refused | Answering::Hung) => None,
            Some(Answering::Failing) => Some((StatusCode::INTERNAL_SERVER_ERROR, Vec::new())),
            Some(Answering::Deaf) => Some((StatusCode::OK, Vec::new())),
            _ => {
                let now = world.now();
                world.commanded(name);
                let answer = world.jitsi.bridge_request(name, request, now)?;
                Some((answer.status(), answer.into_body()))
            }
        }
    }

    /// Which bridges jicofo knows; nothing while it is away.
    pub fn brewery(&self, world: &World) -> Option<BTreeSet<String>> {
        world.jitsi.jicofo_running().then(|| {
            world
                .jitsi
                .bridges()
                .filter(|(name, bridge)| bridge.in_brewery() && !world.is_apart(name))
                .map(|(name, _)| name.to_owned())
                .collect()
        })
    }
}

/// What a bridge says of itself, without the wire between.
fn stats_of(bridge: Videobridge<'_>) -> Stats {
    let largest = bridge
        .sessions()
        .map(|(_, people)| people.count() as u64)
        .max();
    Stats {
        stress: Some(bridge.stress()),
        local_endpoints: Some(u64::from(bridge.local_endpoints())),
        all_endpoints: Some(u64::from(bridge.all_endpoints())),
        conferences: Some(bridge.conferences() as u64),
        largest_conference: Some(largest.unwrap_or(0)),
        flags: bridge.flags(),
        healthy: Some(*bridge.health() == bridge::model::Health::Good),
        mucs_joined: Some(u64::from(bridge.in_brewery())),
        startup_time: Some(bridge.startup_time()),
        version: Some(bridge.config().version.clone()),
        relay_id: bridge.config().relay_id.clone(),
        ..Stats::default()
    }
}
