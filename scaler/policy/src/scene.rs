//! A world, seen at a moment: the state of each bridge, and how many there are of what.

mod breakers;
mod evidence;
mod sight;

use std::collections::BTreeMap;

use bridge::Time;
use scaler_api::State;
use scaler_api::state::IntentReason;

pub(crate) use breakers::Breakers;
pub(crate) use evidence::proven_empty;
pub(crate) use sight::{Leaving, Sight, forced};

use crate::plan::Tally;
use crate::world::{Frozen, Owner, Pod, World};

/// A world, seen at a moment.
pub(crate) struct Scene<'w> {
    pub(crate) world: &'w World,
    pub(crate) now: Time,
    /// The pods that can be decided about, in the order of their UIDs.
    pub(crate) sights: Vec<Sight<'w>>,
    /// The pods that cannot be understood.
    pub(crate) frozen: Vec<(&'w Pod, &'w Frozen)>,
    pub(crate) tally: Tally,
    pub(crate) breakers: Breakers,
    /// How many bridges of each revision take conferences and answer.
    pub(crate) active_by_revision: BTreeMap<&'w str, u32>,
}

impl<'w> Scene<'w> {
    pub(crate) fn new(world: &'w World, now: Time) -> Self {
        let mut sights = Vec::with_capacity(world.pods.len());
        let mut frozen = Vec::new();
        for known in world.pods.values() {
            if known.pod.owner == Owner::Other && world.guards.on(crate::Guard::OwnPodsOnly) {
                continue;
            }
            match Sight::new(world, known, now) {
                Ok(sight) => sights.push(sight),
                Err(why) => frozen.push((&known.pod, why)),
            }
        }
        let tally = tally(world, &sights, &frozen);
        let breakers = Breakers::new(world, &sights, now);
        let mut active_by_revision = BTreeMap::new();
        for sight in &sights {
            if sight.state == State::Active && !sight.unreachable {
                *active_by_revision
                    .entry(sight.marks.revision.as_str())
                    .or_insert(0) += 1;
            }
        }
        Self {
            world,
            now,
            sights,
            frozen,
            tally,
            breakers,
            active_by_revision,
        }
    }

    /// Whether a bridge other than `but` can take people who are moved.
    pub(crate) fn target(&self, but: &Sight<'_>) -> bool {
        let most = self.world.pool.spec.capacity.max_stress;
        self.sights.iter().any(|other| {
            other.pod.uid != but.pod.uid
                && other.state == State::Active
                && other.fresh
                && other.leaving != Some(Leaving::Interrupted)
                && other.live.last.is_some_and(|look| {
                    look.healthy != Some(false)
                        && !look.flags.drain
                        && !look.flags.shutting_down
                        && look.joined
                        && look.stress.is_none_or(|stress| stress < most)
                })
        })
    }

    /// How many protected pods there are on each node.
    pub(crate) fn protected_by_node(&self) -> BTreeMap<&'w str, u32> {
        let mut nodes = BTreeMap::new();
        for sight in &self.sights {
            if let (true, Some(node)) = (sight.marks.protected, sight.pod.node.as_deref()) {
                *nodes.entry(node).or_insert(0) += 1;
            }
        }
        nodes
    }

    /// How many counted pods there are in each zone.
    pub(crate) fn counted_by_zone(&self) -> BTreeMap<&'w str, u32> {
        let mut zones = BTreeMap::new();
        for sight in self.sights.iter().filter(|sight| sight.counted()) {
            *zones.entry(sight.zone()).or_insert(0) += 1;
        }
        zones
    }
}

fn tally(world: &World, sights: &[Sight<'_>], frozen: &[(&Pod, &Frozen)]) -> Tally {
    let mut tally = Tally {
        wanted: world.pool.wanted(world.guards.on(crate::Guard::Ceiling)),
        ..Tally::default()
    };
    for sight in sights {
        let is = u32::from;
        tally.counted += is(sight.counted());
        tally.ready += is(sight.counted() && sight.pod.ready);
        tally.active += is(sight.state == State::Active);
        tally.active_counted +=
            is(sight.state == State::Active && sight.counted() && !sight.unreachable);
        tally.draining += is(sight.state.draining());
        tally.draining_chosen += is((sight.state.draining() || sight.state == State::Removing)
            && !forced(sight.marks.reason)
            && sight.ever_ran());
        tally.warm += is(sight.state == State::Warm);
        tally.unknown +=
            is(sight.pod.running().is_some() && !sight.fresh && sight.pod.deletion.is_none());
        tally.updated += is(sight.counted() && !sight.outdated);
        tally.outdated += is(sight.outdated
            && !matches!(
                sight.state,
                State::Deleting | State::Preempted | State::Failed
            ));
        tally.surge += is(sight.surge());
        if sight.state.draining() {
            tally.oldest_drain = Some(
                tally
                    .oldest_drain
                    .map_or(sight.marks.since, |oldest| oldest.min(sight.marks.since)),
            );
        }
    }
    let alive = |pod: &Pod| pod.deletion.is_none();
    tally.counted += frozen
        .iter()
        .filter(|(pod, why)| why.counted && alive(pod))
        .count() as u32;
    tally.unknown += frozen.len() as u32;
    if world.guards.on(crate::Guard::CreationsExpected) {
        for create in world.outstanding.creates.values() {
            tally.counted += u32::from(create.marks.counted);
            tally.surge +=
                u32::from(!create.marks.counted && create.marks.reason == IntentReason::Surge);
        }
    }
    tally
}
