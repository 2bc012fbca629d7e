//! What is true of the bridges, of jicofo and of the pool's size, and since when: controllers learn of it a little later.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bridge::model::Health;
use bridge::stats::StartupTime;
use bridge::{State, Time};

use scaler_api::spec::{self, DeletionPolicy};
use scaler_api::state::Intent;

use super::drains::intent;
use super::floors::{counted, readable};
use crate::api::{Change, Object, Pool};
use crate::world::World;

/// What was seen of one bridge.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// When it was last without people.
    pub(super) empty_at: Option<Time>,
    /// When it last took conferences.
    pub(super) open_at: Option<Time>,
    /// Since when it could have been taken back beyond doubt.
    pub(super) spare_since: Option<Time>,
    /// Its last run that was in the brewery.
    pub(super) joined: Option<StartupTime>,
    /// Whether it is to take conferences, as far as anybody can read.
    serves: bool,
    /// Whether it is to take none, as far as anybody can read.
    pub(super) leaves: bool,
    /// Since when it takes some all the same.
    exposed_since: Option<Time>,
}

/// What is true, and since when.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    pub(super) bridges: BTreeMap<String, Seen>,
    /// Since when most bridges that are to take conferences have been unhealthy.
    pub(super) sick_since: Option<Time>,
    /// Since when jicofo has been away.
    pub(super) jicofo_gone_since: Option<Time>,
    /// Since when the pool has been paused.
    pub(super) paused_since: Option<Time>,
    /// How many bridges were wanted from when on.
    sizes: Vec<(Time, u32)>,
    /// How bridges were to be drained from when on.
    drains: Vec<(Time, spec::Drain)>,
    /// What was to become of the bridges of a deleted pool from when on.
    deletion: Vec<(Time, DeletionPolicy)>,
    /// Which pods were counted, by name.
    counted: BTreeMap<String, bool>,
    /// When pods that were counted ceased to be, and no drain was the reason.
    lost: Vec<Time>,
    seen_log: usize,
}

/// How many bridges a pool asks for.
fn wanted(pool: &Pool) -> u32 {
    let spec = &pool.spec;
    let wanted = spec.replicas.max(spec.min_active);
    spec.max_replicas.map_or(wanted, |most| wanted.min(most))
}

impl Truth {
    /// Looks at everything.
    pub(super) fn look(&mut self, world: &World) {
        let now = world.now();
        while let Some(change) = world.api.log().get(self.seen_log) {
            self.seen_log += 1;
            self.hear(change);
        }
        let (mut all, mut sick) = (0, 0);
        for (name, bridge) in world.jitsi.bridges() {
            let seen = match self.bridges.get_mut(name) {
                Some(seen) => seen,
                None => self.bridges.entry(name.to_owned()).or_default(),
            };
            if bridge.local_endpoints() == 0 {
                seen.empty_at = Some(now);
            }
            let there = bridge.listening();
            let serves = there && seen.serves;
            all += u32::from(serves);
            sick += u32::from(serves && *bridge.health() != Health::Good);
            if there && bridge.in_brewery() {
                seen.joined = Some(bridge.startup_time());
                if bridge.state() == State::Accepting {
                    seen.open_at = Some(now);
                }
            }
            let open = seen.open_at == Some(now);
            let exposed = open && seen.leaves && !world.goes_on_unheard(name);
            since(&mut seen.exposed_since, exposed, now);
        }
        since(&mut self.sick_since, sick >= 2 && sick * 4 >= all * 3, now);
        since(
            &mut self.jicofo_gone_since,
            !world.jitsi.jicofo_running(),
            now,
        );
    }

    fn hear(&mut self, change: &Change) {
        match &*change.object {
            Object::Pool(pool) => {
                since(&mut self.paused_since, pool.spec.paused, change.at);
                let size = wanted(pool);
                from_when_on(&mut self.sizes, change.at, &size);
                from_when_on(&mut self.drains, change.at, &pool.spec.drain);
                from_when_on(&mut self.deletion, change.at, &pool.spec.deletion_policy);
            }
            Object::Pod(pod) => {
                let counts = !change.gone && counted(pod);
                let before = self.counted.insert(pod.meta.name.clone(), counts);
                let drained = !change.gone && intent(pod) != Intent::Active;
                if before == Some(true) && !counts && !drained {
                    self.lost.push(change.at);
                }
                let seen = self.bridges.entry(pod.meta.name.clone()).or_default();
                seen.leaves = drained && readable(pod);
                let stays = !change.gone && pod.meta.deleted.is_none();
                seen.serves = stays && !drained && readable(pod);
            }
            _ => {}
        }
    }

    /// Writes down all of it but how far it has heard.
    pub(super) fn tell(&self, to: &mut impl fmt::Write) -> fmt::Result {
        write!(
            to,
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            self.bridges,
            self.sick_since,
            self.jicofo_gone_since,
            self.paused_since,
            self.sizes,
            self.drains,
            self.deletion,
            self.counted,
            self.lost
        )
    }

    /// The fewest and the most bridges that were wanted at any time since this moment.
    pub(super) fn wanted_since(&self, moment: Time) -> (u32, u32) {
        in_force_since(&self.sizes, moment).fold((u32::MAX, 0), |(least, most), size| {
            (least.min(*size), most.max(*size))
        })
    }

    /// How bridges were to be drained at any time since this moment.
    pub(super) fn drains_since(&self, moment: Time) -> impl Iterator<Item = &spec::Drain> {
        in_force_since(&self.drains, moment)
    }

    /// What was to become of the bridges of a deleted pool at any time since this moment.
    pub(super) fn deletion_since(&self, moment: Time) -> impl Iterator<Item = DeletionPolicy> {
        in_force_since(&self.deletion, moment).copied()
    }

    /// How many counted pods were lost since this moment without being drained.
    pub(super) fn lost_since(&self, moment: Time) -> usize {
        self.lost.iter().filter(|at| **at >= moment).count()
    }

    /// How many bridges answer and have had people on them for so long.
    pub(super) fn busy_for(&self, time: Duration, world: &World) -> usize {
        let long_ago = |at: Time| world.now().since(at) >= time;
        let empty_at = |name: &str| self.bridges.get(name).and_then(|seen| seen.empty_at);
        let bridges = world.jitsi.bridges();
        bridges
            .filter(|(_, bridge)| bridge.listening() && bridge.local_endpoints() > 0)
            .filter(|(name, _)| empty_at(name).is_none_or(long_ago))
            .count()
    }

    /// A bridge that has been taking conferences for so long although it is to take none.
    pub(super) fn exposed_for(&self, time: Duration, now: Time) -> Option<&str> {
        let mut bridges = self.bridges.iter();
        let exposed = |seen: &Seen| seen.exposed_since.is_some_and(|at| now.since(at) >= time);
        bridges.find_map(|(name, seen)| exposed(seen).then_some(name.as_str()))
    }

    /// Whether a bridge took conferences within this time before now.
    pub(super) fn open_within(&self, name: &str, time: Duration, now: Time) -> bool {
        let open = self.bridges.get(name).and_then(|seen| seen.open_at);
        open.is_some_and(|at| now.since(at) <= time)
    }

    /// Whether any bridge but this one took conferences within this time before now.
    pub(super) fn another_open_within(&self, but: &str, time: Duration, now: Time) -> bool {
        let mut others = self.bridges.keys().filter(|name| *name != but);
        others.any(|name| self.open_within(name, time, now))
    }
}

/// Notes what is in force from this moment on, if it is new.
fn from_when_on<T: Clone + PartialEq>(all: &mut Vec<(Time, T)>, at: Time, now: &T) {
    if all.last().is_none_or(|(_, before)| before != now) {
        all.push((at, now.clone()));
    }
}

/// All that was in force at any time since this moment.
fn in_force_since<T>(all: &[(Time, T)], moment: Time) -> impl Iterator<Item = &T> {
    let later = all.partition_point(|(at, _)| *at <= moment);
    all[later.saturating_sub(1)..].iter().map(|(_, one)| one)
}

/// Sets since when something has been so.
pub(super) fn since(since: &mut Option<Time>, so: bool, now: Time) {
    *since = so.then(|| since.unwrap_or(now));
}
