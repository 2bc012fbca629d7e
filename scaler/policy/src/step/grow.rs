//! A pool that is too small: what drains is taken back, what is warm is woken, and what is still missing is started.

use bridge::Time;
use scaler_api::State;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::status::{ConditionType, Reason};

use crate::guards::Guard;
use crate::order::{Unfit, rescues};
use crate::plan::{Action, Mark, Transition};
use crate::scene::Sight;
use crate::step::draft::Draft;
use crate::step::rollout;
use crate::world::{Marks, backoff};

/// Makes up for what is missing, the fastest first.
pub(super) fn grow(draft: &mut Draft<'_, '_>) {
    undrain(draft);
    if draft.left.counted >= draft.left.wanted {
        return;
    }
    for sight in draft.sights() {
        let takes = sight.state == State::Active && !sight.unreachable;
        if missing(draft) == 0 || !takes || !rollout::spare(sight) {
            continue;
        }
        if draft.free(sight) {
            rollout::count(draft, sight);
        } else {
            // It can be counted in a moment: none is started in its place.
            draft.wait_for(sight);
        }
    }
    if draft.world.guards.on(Guard::RescueFirst) {
        rescue(draft);
        start(draft);
    } else {
        start(draft);
        rescue(draft);
    }
}

fn missing(draft: &Draft<'_, '_>) -> u32 {
    draft.left.wanted.saturating_sub(draft.left.counted)
}

fn rescue(draft: &mut Draft<'_, '_>) {
    if missing(draft) == 0 {
        return;
    }
    let ranked = rescues(draft.scene);
    for (place, rank, sight) in ranked.iter() {
        let soon = rank.unfit.is_some_and(Unfit::passes);
        if missing(draft) == 0 || rank.unfit.is_some() && !soon {
            continue;
        }
        if rank.unfit.is_none() && draft.free(sight) {
            take_back(draft, sight, IntentReason::Rescued);
            draft.rank(place);
        } else {
            // It can be taken back in a moment: none is started in its place.
            draft.wait_for(sight);
        }
    }
    draft.plan.rescues = ranked.into_ranks();
}

/// A bridge that an operator had drained and no longer wants to be is taken back, whatever the size.
fn undrain(draft: &mut Draft<'_, '_>) {
    for sight in draft.sights() {
        let called_off = sight.marks.intent == Intent::Drain
            && sight.marks.reason == IntentReason::Operator
            && !sight.marks.drain_requested
            && sight.leaving.is_none();
        if called_off && sight.fresh && draft.free(sight) {
            take_back(draft, sight, IntentReason::Operator);
        }
    }
}

/// Takes a bridge back: counted and protected with the same patch that makes it one that serves, before it is told.
fn take_back<'w>(draft: &mut Draft<'_, 'w>, sight: &Sight<'w>, reason: IntentReason) {
    let protected = sight.marks.protected || draft.world.guards.on(Guard::ProtectionOnRescue);
    let after = Marks {
        counted: true,
        protected,
        safe_to_evict: !protected,
        deadline: None,
        acked: sight.unconfirmed(),
        zero_since: None,
        ..draft.intend(sight, Intent::Active, reason)
    };
    let warm = sight.state == State::Warm;
    let transition = if warm {
        Transition::Wake
    } else {
        Transition::Rescue
    };
    draft.mark(sight, transition, State::Starting, after);
    draft.promise();
    draft.left.warm = draft.left.warm.saturating_sub(u32::from(warm));
}

fn start(draft: &mut Draft<'_, '_>) {
    while missing(draft) > draft.coming && create(draft, true, IntentReason::ScaleUp) {
        draft.promise();
    }
}

/// Starts one more bridge, if one may be started now.
pub(super) fn create(draft: &mut Draft<'_, '_>, counted: bool, reason: IntentReason) -> bool {
    let pool = &draft.world.pool;
    if creations(draft) >= draft.world.tuning.creations_at_once as usize
        || create_at(draft) > draft.now
    {
        return false;
    }
    let slot = pool
        .spec
        .slots
        .as_ref()
        .map(|slots| free_slot(draft, slots.count));
    if slot == Some(None) {
        let message = "all slots are held, no bridge can be started: wait for draining bridges, or raise slots.count";
        draft.finding(
            ConditionType::ScalingLimited,
            Reason::SlotsExhausted,
            message.to_owned(),
        );
        return false;
    }
    let number = draft.world.memory.creations + creations_planned(draft);
    let marks = Marks {
        counted,
        slot: slot.flatten(),
        state: Some(State::Pending),
        // The moment tells creations of one controller from those of the next, the number those of one moment.
        creation: Some(format!("{:x}-{number}", draft.now.as_millis())),
        ..Marks::new(&pool.revision, reason, draft.clock)
    };
    let mark = Mark {
        resource_version: String::new(),
        after: marks,
    };
    draft.decide_pool(
        Transition::Create,
        State::Pending,
        reason,
        Action::Create(Box::new(mark)),
    );
    true
}

fn creations_planned(draft: &Draft<'_, '_>) -> u64 {
    draft
        .plan
        .decisions
        .iter()
        .filter(|decision| matches!(decision.action, Action::Create(_)))
        .count() as u64
}

fn creations(draft: &Draft<'_, '_>) -> usize {
    draft.world.outstanding.creates.len() + creations_planned(draft) as usize
}

/// From when on a bridge may be started: after failed starts of this revision, and after refusals, ever later.
pub(super) fn create_at(draft: &Draft<'_, '_>) -> Time {
    let tuning = &draft.world.tuning;
    let pause = |failures, last: Time| {
        last + backoff(
            tuning.creation_backoff,
            tuning.creation_backoff_most,
            failures,
        )
    };
    let memory = &draft.world.memory;
    let revision = &draft.world.pool.revision;
    let failed_now = draft.plan.decisions.iter().any(|decision| {
        decision.transition == Transition::StartFailed
            && decision
                .pod
                .as_ref()
                .is_some_and(|pod| pod.revision == *revision)
    });
    let starts = match memory.starts.get(revision) {
        Some(starts) if failed_now => Some(pause(starts.failures + 1, draft.now)),
        Some(starts) => Some(pause(starts.failures, starts.last)),
        None => failed_now.then(|| pause(1, draft.now)),
    };
    let refused = memory
        .refused
        .as_ref()
        .map(|(times, last, _)| pause(*times, *last));
    starts.max(refused).unwrap_or(draft.now)
}

/// The lowest slot that nobody holds: a pod holds its own until it is gone.
fn free_slot(draft: &Draft<'_, '_>, count: u32) -> Option<u32> {
    let world = draft.world;
    let held: std::collections::BTreeSet<u32> = world
        .pods()
        .values()
        .filter_map(|known| match &known.pod.marks {
            Ok(marks) => marks.slot,
            Err(frozen) => frozen.slot,
        })
        .chain(
            world
                .outstanding
                .creates
                .values()
                .filter_map(|create| create.marks.slot),
        )
        .chain(
            draft
                .plan
                .decisions
                .iter()
                .filter_map(|decision| match &decision.action {
                    Action::Create(mark) => mark.after.slot,
                    _ => None,
                }),
        )
        .collect();
    (0..count).find(|slot| !held.contains(slot))
}
