//! Which bridge is drained first.

use std::cmp::Reverse;

use bridge::Time;
use scaler_api::State;
use serde::Serialize;

use crate::guards::Guard;
use crate::scene::{Scene, Sight};
use crate::world::Uid;

/// A bridge in the order of the victims, as it is printed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct VictimRank {
    /// By what it stands where it does.
    pub key: VictimKey,
    /// Why it may not be drained; those that may not come after those that may.
    pub excluded: Option<Excluded>,
}

/// By what victims are ordered: the first difference decides, the smaller is drained first.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct VictimKey {
    /// An operator asked for it: first.
    pub operator: Reverse<bool>,
    /// Its bridge never ran, so that nobody can be on it: first.
    pub never_started: Reverse<bool>,
    /// It is warm, and there are more of them than may be: first.
    pub warm_surplus: Reverse<bool>,
    /// Its node is about to leave: first.
    pub node_leaving: Reverse<bool>,
    /// It is of an older revision: first.
    pub outdated: Reverse<bool>,
    /// People on it, in powers of two; unknown is most.
    pub people: u32,
    /// Endpoints of its largest conference; unknown is most.
    pub largest: u64,
    /// Other protected pods on its node: the fewer, the sooner the node is empty.
    pub neighbours: u32,
    /// Counted pods in its zone: most first.
    pub zone: Reverse<u32>,
    /// Stress in thousandths; unknown is most.
    pub stress: u64,
    /// When it was created: youngest first.
    pub created: Reverse<Time>,
    /// Its UID.
    pub uid: Uid,
}

/// Why a bridge may not be drained to make the pool smaller or newer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Excluded {
    /// An operator wants it left alone.
    Pinned,
    /// Nothing fresh is known of it.
    Unknown,
    /// It is younger than `minLifetime`.
    Young,
    /// Something about it is under way.
    UnderWay,
    /// It is the last of its revision, and the new revision has too few bridges that take conferences.
    LastOfRevision,
}

/// The bridges that serve, or are about to, in the order in which they are drained.
pub(crate) fn victims<'s, 'w>(
    scene: &'s Scene<'w>,
    among: impl Fn(&Sight<'w>) -> bool,
) -> Vec<(VictimRank, &'s Sight<'w>)> {
    let nodes = scene.protected_by_node();
    let zones = scene.counted_by_zone();
    let surplus_warm = scene.tally.warm > scene.world.pool.spec.warm.max;
    let mut ranked: Vec<_> = scene
        .sights
        .iter()
        .filter(|sight| among(sight))
        .map(|sight| {
            let look = sight.live.last.filter(|_| sight.fresh);
            let neighbours = sight.node_number.map_or(0, |number| nodes[number]);
            let neighbours = neighbours.saturating_sub(u32::from(sight.marks.protected));
            let rank = VictimRank {
                excluded: excluded(scene, sight),
                key: VictimKey {
                    operator: Reverse(sight.marks.drain_requested),
                    never_started: Reverse(!sight.ever_ran()),
                    warm_surplus: Reverse(surplus_warm && sight.state == State::Warm),
                    node_leaving: Reverse(sight.leaving.is_some()),
                    outdated: Reverse(sight.outdated),
                    people: if sight.ever_ran() {
                        look.and_then(|look| look.people).map_or(u32::MAX, bucket)
                    } else {
                        0
                    },
                    largest: look.and_then(|look| look.largest).unwrap_or(u64::MAX),
                    neighbours,
                    zone: Reverse(zones.get(sight.zone()).copied().unwrap_or(0)),
                    stress: look
                        .and_then(|look| look.stress)
                        .map_or(u64::MAX, |stress| (stress * 1000.0) as u64),
                    created: Reverse(sight.pod.created),
                    uid: sight.pod.uid.clone(),
                },
            };
            (rank, sight)
        })
        .collect();
    ranked.sort_unstable_by(|(a, _), (b, _)| {
        (a.excluded.is_some(), &a.key).cmp(&(b.excluded.is_some(), &b.key))
    });
    ranked
}

/// 0, 1, 2–3, 4–7, … people: 0, 1, 2, 3, …
const fn bucket(people: u64) -> u32 {
    u64::BITS - people.leading_zeros()
}

fn excluded(scene: &Scene<'_>, sight: &Sight<'_>) -> Option<Excluded> {
    let guards = scene.world.guards;
    let spec = &scene.world.pool.spec;
    if !guards.hold(Guard::Pinned, !sight.marks.pinned) {
        return Some(Excluded::Pinned);
    }
    if sight.writing {
        return Some(Excluded::UnderWay);
    }
    if !sight.ever_ran() {
        return None;
    }
    if !guards.hold(Guard::FreshnessOfVictims, sight.fresh) {
        return Some(Excluded::Unknown);
    }
    if !guards.hold(
        Guard::MinLifetime,
        scene.clock.since(sight.up_since()) >= spec.min_lifetime.get(),
    ) {
        return Some(Excluded::Young);
    }
    let takers = |revision: &str| scene.active_by_revision.get(revision).copied().unwrap_or(0);
    if sight.outdated && sight.state == State::Active && takers(&sight.marks.revision) <= 1 {
        let new = takers(&scene.world.pool.revision);
        if !guards.hold(Guard::RevisionFloor, new >= spec.min_active) {
            return Some(Excluded::LastOfRevision);
        }
    }
    None
}
