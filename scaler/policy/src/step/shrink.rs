//! A pool that is too large: the bridges that are missed least are drained.

use std::collections::BTreeMap;

use scaler_api::state::{Intent, IntentReason};
use scaler_api::status::{ConditionType, Reason};

use crate::order::{Kept, Ranked, VictimRank, victims};
use crate::scene::{Scene, Sight};
use crate::step::draft::Draft;
use crate::step::rollout;

/// Drains what is too much, within the budgets.
pub(super) fn shrink(draft: &mut Draft<'_, '_>) {
    surplus_spares(draft);
    if !draft.too_many() {
        return;
    }
    let ranked = candidates(draft.scene);
    // Why bridges are kept, and the first by name of each kind.
    let mut held: BTreeMap<Reason, &str> = BTreeMap::new();
    for (place, rank, sight) in ranked.iter() {
        if !draft.too_many() {
            break;
        }
        if let Some(kept) = kept(draft, rank, sight) {
            if let Some(why) = reason(kept) {
                let name = sight.pod.name.as_str();
                let first = held.entry(why).or_insert(name);
                *first = name.min(first);
            }
            continue;
        }
        draft.drain(sight, IntentReason::ScaleDown);
        draft.rank(place);
    }
    if draft.too_many() {
        for (why, name) in held {
            let message = format!(
                "{} bridges are wanted and {} are counted; {name} is kept, among others",
                draft.left.wanted, draft.left.counted
            );
            draft.finding(ConditionType::ScalingLimited, why, message);
        }
    }
    draft.plan.victims = ranked.into_ranks();
}

/// The bridges among which one is chosen, in the order in which they are.
fn candidates<'s, 'w>(scene: &'s Scene<'w>) -> Ranked<'s, 'w, VictimRank> {
    victims(scene, |sight| {
        sight.counted() && sight.marks.intent == Intent::Active
    })
}

/// Why a candidate is not drained now.
fn kept<'w>(draft: &Draft<'_, 'w>, rank: &VictimRank, sight: &Sight<'w>) -> Option<Kept> {
    if !draft.free(sight) {
        return Some(Kept::UnderWay);
    }
    match rank.excluded {
        Some(excluded) => Some(excluded.into()),
        None if !draft.above_floor(sight) => Some(Kept::MinActive),
        None if !sight.ever_ran => None,
        None if draft.scene.breakers.mass_unhealthy => Some(Kept::ManyUnhealthy),
        None if !draft.within_budget() => Some(Kept::MaxConcurrent),
        None => None,
    }
}

/// The reason that is told; `None` where it is over in a moment.
const fn reason(kept: Kept) -> Option<Reason> {
    match kept {
        Kept::Pinned => Some(Reason::Pinned),
        Kept::Young => Some(Reason::MinLifetime),
        Kept::Unknown | Kept::ManyUnhealthy => Some(Reason::Stale),
        Kept::LastOfRevision => Some(Reason::Updating),
        Kept::MinActive => Some(Reason::MinActive),
        Kept::MaxConcurrent => Some(Reason::MaxConcurrent),
        Kept::UnderWay => None,
    }
}

/// The order in which bridges would be drained if the pool were to be smaller, and what would keep each of them now.
pub(crate) fn standing(scene: &Scene<'_>) -> Vec<(VictimRank, Option<Kept>)> {
    let draft = Draft::new(scene);
    let ranked = candidates(scene);
    let standing = ranked
        .iter()
        .map(|(_, rank, sight)| (rank.clone(), kept(&draft, rank, sight)));
    standing.collect()
}

/// Spare bridges that nothing waits for any more are drained.
fn surplus_spares(draft: &mut Draft<'_, '_>) {
    let wanted = draft.left.counted < draft.left.wanted || draft.surge_needed > 0;
    let rollout = !draft.spec().update.paused
        && draft
            .sights()
            .any(|sight| sight.outdated && sight.counted() && !sight.marks.pinned);
    if wanted || rollout || draft.scene.breakers.mass_unhealthy {
        return;
    }
    for sight in draft.sights() {
        let seen = sight.fresh || !sight.ever_ran;
        if rollout::spare(sight)
            && seen
            && !sight.marks.pinned
            && draft.free(sight)
            && draft.above_floor(sight)
            && draft.within_budget()
        {
            draft.drain(sight, IntentReason::ScaleDown);
        }
    }
}
