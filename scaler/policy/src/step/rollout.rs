//! A changed template: new bridges are started uncounted, and each is counted when it takes the place of an old one.

use scaler_api::State;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::status::{ConditionType, Reason};

use crate::guards::Guard;
use crate::order::victims;
use crate::plan::Transition;
use crate::scene::Sight;
use crate::step::draft::Draft;
use crate::step::grow;
use crate::step::lost::missed;
use crate::world::Marks;

/// Whether a bridge serves, or is about to, uncounted: a replacement, or one that was out of sight and has come back.
pub(super) fn spare(sight: &Sight<'_>) -> bool {
    sight.marks.intent == Intent::Active
        && !sight.marks.counted
        && sight.state.countable()
        && sight.leaving.is_none()
}

/// Spare bridges that take conferences, and about which nothing else was decided so far.
fn ready<'s, 'w>(draft: &Draft<'s, 'w>) -> Vec<&'s Sight<'w>> {
    let surge_first = draft.world.guards.on(Guard::SurgeFirst);
    let ready = draft.sights().filter(|sight| {
        spare(sight)
            && !sight.outdated
            && !sight.unreachable
            && (sight.state == State::Active || !surge_first)
            && draft.free(sight)
    });
    ready.collect()
}

pub(super) fn count<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>) {
    let after = Marks {
        counted: true,
        ..sight.marks.clone()
    };
    draft.mark(sight, Transition::Count, sight.state, after);
    draft.counted(sight);
}

/// Bridges that must go and may not without a replacement go with the replacement's coming.
pub(super) fn count_replacements(draft: &mut Draft<'_, '_>) {
    let blocked = draft.sights().any(|sight| {
        sight.counted()
            && (sight.leaving.is_some() || sight.marks.drain_requested)
            && !sight.marks.pinned
            && !draft.above_floor(sight)
    });
    if blocked && let Some(replacement) = ready(draft).first() {
        count(draft, replacement);
    }
}

/// Drains outdated bridges, each when a new one takes its place.
pub(super) fn drain_outdated(draft: &mut Draft<'_, '_>) {
    let outdated = draft
        .sights()
        .any(|sight| sight.outdated && sight.marks.intent == Intent::Active);
    if !outdated || draft.spec().update.paused {
        return;
    }
    let ranked = victims(draft.scene, |sight| {
        sight.outdated && sight.marks.intent == Intent::Active && sight.state.countable()
    });
    let mut replacements = ready(draft).into_iter();
    for (place, rank, sight) in ranked.iter() {
        if rank.excluded.is_some() || !draft.free(sight) {
            continue;
        }
        // Nobody can be on one that never ran: it makes room at once, and the next one is made of the new template.
        if !sight.ever_ran {
            draft.drain(sight, IntentReason::Outdated);
            draft.rank(place);
            continue;
        }
        if draft.scene.breakers.mass_unhealthy || !draft.within_budget() {
            continue;
        }
        // One that is not counted needs nothing in its place.
        if !sight.marks.counted {
            if draft.above_floor(sight) {
                draft.drain(sight, IntentReason::Outdated);
                draft.rank(place);
            }
            continue;
        }
        let Some(replacement) = replacements.next() else {
            continue;
        };
        count(draft, replacement);
        if draft.above_floor(sight) {
            draft.drain(sight, IntentReason::Outdated);
            draft.rank(place);
        }
    }
    draft.plan.outdated = ranked.into_ranks();
}

/// Starts replacements, as many at once as may be, unless the last ones did not come up.
pub(super) fn surge(draft: &mut Draft<'_, '_>) {
    let spec = draft.spec();
    let outdated = draft
        .sights()
        .filter(|sight| {
            sight.outdated && sight.counted() && !sight.marks.pinned && draft.free(sight)
        })
        .count() as u32;
    let outdated = if spec.update.paused { 0 } else { outdated };
    let stalled = draft
        .world
        .memory
        .starts
        .contains_key(&draft.world.pool.revision);
    if outdated > 0 && stalled {
        let message = format!(
            "bridges of revision {} do not come up; old ones are kept. Look at their pods: make room if there is none for them, \
             otherwise correct the template",
            draft.world.pool.revision
        );
        draft.finding(
            ConditionType::UpdateStalled,
            Reason::ProgressDeadline,
            message,
        );
    } else if outdated > 0 {
        let message = format!("{outdated} bridges are to be replaced by newer ones");
        draft.finding(ConditionType::Progressing, Reason::Updating, message);
    }
    let most = spec.update.max_surge.of(draft.left.wanted.max(1));
    // A revision that does not come up is tried again, one bridge at a time and ever later; the old ones stay.
    let for_rollout = outdated.min(if stalled { 1 } else { most });
    // One that is lost before it was counted takes nobody's place.
    let lost = draft
        .sights()
        .filter(|sight| sight.surge() && draft.free(sight) && missed(draft, sight))
        .count() as u32;
    let there = draft.left.surge.saturating_sub(lost);
    let needed = for_rollout.max(draft.surge_needed).saturating_sub(there);
    for _ in 0..needed {
        let counted = !draft.world.guards.on(Guard::SurgeUncounted);
        if !grow::create(draft, counted, IntentReason::Surge) {
            break;
        }
        draft.left.surge += 1;
    }
}
