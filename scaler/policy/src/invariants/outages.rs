//! The invariants of single decisions while the API server tells nothing, clocks differ, or the pool is paused.

use std::time::Duration;

use scaler_api::state::IntentReason;

use super::after;
use super::before::Before;
use super::rules::Found;
use crate::life;
use crate::plan::{Action, Decision, Plan, Transition};
use crate::world::{Command, World};

/// What is known of pods and of the pool is old: nothing is begun by it.
pub(super) fn begins_nothing_blind(
    world: &World,
    plan: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    let of_pods = plan.at.since(world.pods_heard_at);
    let silent = of_pods.max(plan.at.since(world.pool_heard_at));
    if silent <= world.tuning.watch_silence {
        return Ok(());
    }
    let begun = match &decision.action {
        Action::Create(_) | Action::Delete { .. } => true,
        _ => before
            .zip(after(decision))
            .is_some_and(|(before, after)| before.marks.intent != after.intent),
    };
    (!begun).then_some(()).ok_or_else(|| {
        format!(
            "{:?}, and the API server has told nothing for {} s",
            decision.transition,
            silent.as_secs()
        )
    })
}

/// Whoever pauses a pool wants to see it as it is.
pub(super) fn begins_nothing_while_paused(
    world: &World,
    _: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    // By its name, and by what it does.
    let begun = !life::goes_on_while_paused(decision.transition)
        || match &decision.action {
            Action::Create(_)
            | Action::Delete { .. }
            | Action::Move { .. }
            | Action::Tell(Command::Shutdown) => true,
            _ => before
                .zip(after(decision))
                .is_some_and(|(before, after)| before.marks.intent != after.intent),
        };
    if begun && world.pool().spec.paused {
        return Err(format!("{:?}, and the pool is paused", decision.transition));
    }
    Ok(())
}

/// Whoever wrote a deadline may have had another clock.
pub(super) fn heeds_no_deadline_while_clocks_differ(
    world: &World,
    _: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    let (Some(before), Some(after)) = (before, after(decision)) else {
        return Ok(());
    };
    let skew = world
        .skew
        .map(|skew| Duration::from_millis(skew.unsigned_abs()));
    let heeded = matches!(decision.transition, Transition::Expel | Transition::Remove)
        && after.reason == IntentReason::DeadlinePassed
        && !before.down();
    if heeded && skew.is_none_or(|skew| skew > world.pool().spec.evidence.clock_skew.get()) {
        return Err(format!(
            "a deadline is heeded while clocks differ: {skew:?}"
        ));
    }
    Ok(())
}
