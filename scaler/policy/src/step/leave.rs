//! Bridges that must go: their node leaves, or an operator asked for it.

use scaler_api::spec::OnDeadline;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::status::{ConditionType, Reason};

use crate::order::victims;
use crate::plan::Transition;
use crate::scene::{Leaving, Sight};
use crate::step::draft::Draft;
use crate::step::motion::names;
use crate::world::Marks;

fn reason(sight: &Sight<'_>) -> Option<IntentReason> {
    match sight.leaving {
        Some(Leaving::Interrupted) => Some(IntentReason::Interrupted),
        Some(Leaving::Soon) => Some(IntentReason::NodeLeaving),
        None => sight
            .marks
            .drain_requested
            .then_some(IntentReason::Operator),
    }
}

/// A bridge that drains already and whose node now leaves sooner gets the nearer deadline.
pub(super) fn escalate(draft: &mut Draft<'_, '_>) {
    for sight in draft.sights() {
        let (Some(why), Some(deadline)) = (reason(sight), sight.marks.deadline) else {
            continue;
        };
        let by_node = matches!(why, IntentReason::NodeLeaving | IntentReason::Interrupted);
        let worse = sight.marks.reason != IntentReason::Interrupted && sight.marks.reason != why;
        if sight.marks.intent == Intent::Drain
            && by_node
            && worse
            && draft.free(sight)
            && draft.on_deadline(sight) != OnDeadline::Kill
            && draft.deadline(why) < deadline
        {
            let after = Marks {
                deadline: Some(draft.deadline(why)),
                reason: why,
                ..sight.marks.clone()
            };
            draft.mark(sight, Transition::Drain, sight.state, after);
        }
    }
}

/// Drains the bridges that must go. Those whose going would leave the pool below its floor wait for a replacement.
pub(super) fn drain(draft: &mut Draft<'_, '_>) {
    let must = draft
        .sights()
        .any(|sight| sight.marks.intent == Intent::Active && reason(sight).is_some());
    if !must {
        return;
    }
    let ranked = victims(draft.scene, |sight| {
        sight.marks.intent == Intent::Active && sight.state.countable() && reason(sight).is_some()
    });
    let mut pinned = Vec::new();
    let mut waiting = Vec::new();
    for (place, _, sight) in ranked.iter() {
        let Some(why) = reason(sight) else { continue };
        if !draft.free(sight) {
            continue;
        }
        if sight.marks.pinned && draft.world.guards.on(crate::Guard::Pinned) {
            pinned.push(sight.pod.name.as_str());
        } else if draft.above_floor(sight) {
            draft.drain(sight, why);
            draft.rank(place);
        } else {
            draft.surge_needed += 1;
            waiting.push(sight.pod.name.as_str());
        }
    }
    draft.plan.leaving = ranked.into_ranks();
    if !pinned.is_empty() {
        let message = format!(
            "pinned bridges must go and are not drained: {}",
            pinned.join(", ")
        );
        draft.finding(ConditionType::ScalingLimited, Reason::Pinned, message);
    }
    if !waiting.is_empty() {
        let message = format!(
            "{} bridges must go, because their nodes leave or somebody asked for it, and wait until others take conferences, because minActive is {}{}",
            waiting.len(),
            draft.spec().min_active,
            names(&waiting)
        );
        draft.finding(ConditionType::ScalingLimited, Reason::MinActive, message);
    }
}
