//! A pool that is too large: the bridges that are missed least are drained.

use std::collections::BTreeMap;

use scaler_api::state::{Intent, IntentReason};
use scaler_api::status::{ConditionType, Reason};

use crate::order::{Excluded, victims};
use crate::step::draft::Draft;
use crate::step::rollout;

/// Drains what is too much, within the budgets.
pub(super) fn shrink(draft: &mut Draft<'_, '_>) {
    surplus_spares(draft);
    if draft.left.counted <= draft.left.wanted {
        return;
    }
    let ranked = victims(draft.scene, |sight| {
        sight.counted() && sight.marks.intent == Intent::Active
    });
    // Why bridges are kept, and the first by name of each kind.
    let mut held: BTreeMap<Reason, &str> = BTreeMap::new();
    for (place, rank, sight) in ranked.iter() {
        if draft.left.counted <= draft.left.wanted {
            break;
        }
        if !draft.free(sight) {
            continue;
        }
        let never_ran = !sight.ever_ran();
        let obstacle = match rank.excluded {
            Some(Excluded::Pinned) => Some(Reason::Pinned),
            Some(Excluded::Young) => Some(Reason::MinLifetime),
            Some(Excluded::Unknown) => Some(Reason::Stale),
            Some(Excluded::LastOfRevision) => Some(Reason::Updating),
            Some(Excluded::UnderWay) => continue,
            None if !draft.above_floor(sight) => Some(Reason::MinActive),
            None if never_ran => None,
            None if draft.scene.breakers.mass_unhealthy => Some(Reason::Stale),
            None if !draft.within_budget() => Some(Reason::MaxConcurrent),
            None => None,
        };
        if let Some(why) = obstacle {
            let name = sight.pod.name.as_str();
            let first = held.entry(why).or_insert(name);
            *first = name.min(first);
            continue;
        }
        draft.drain(sight, IntentReason::ScaleDown);
        draft.rank(place);
    }
    if draft.left.counted > draft.left.wanted {
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
        let seen = sight.fresh || !sight.ever_ran();
        if rollout::spare(sight)
            && seen
            && !sight.marks.pinned
            && draft.free(sight)
            && draft.within_budget()
        {
            draft.drain(sight, IntentReason::ScaleDown);
        }
    }
}
