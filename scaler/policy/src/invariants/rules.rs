//! The invariants of single decisions, each a function of its own.

use scaler_api::spec::OnDeadline;
use scaler_api::state::{Intent, IntentReason};

use super::before::Before;
use super::outages::{
    begins_nothing_blind, begins_nothing_while_paused, heeds_no_deadline_while_clocks_differ,
};
use super::{Invariant, after};
use crate::plan::{Action, Decision, Plan, Transition};
use crate::world::{Command, World};

/// What was found where it does not hold.
pub(super) type Found = Result<(), String>;
type OfADecision = fn(&World, &Plan, &Decision, Option<&Before<'_>>) -> Found;

/// What is asked of each decision.
pub(super) const OF_A_DECISION: [(Invariant, OfADecision); 12] = [
    (Invariant::I1, deletes_only_with_proof),
    (Invariant::I1, gives_time_to_leave),
    (Invariant::I2, deletes_what_is_persisted),
    (Invariant::I3, intends_before_it_acts),
    (Invariant::I6, decides_by_fresh_statistics),
    (Invariant::I6, begins_nothing_blind),
    (Invariant::I7, sets_a_deadline_once),
    (Invariant::I7, heeds_no_deadline_while_clocks_differ),
    (Invariant::I8, counts_only_what_serves),
    (Invariant::I9, names_the_version),
    (Invariant::I10, keeps_protection),
    (Invariant::I12, begins_nothing_while_paused),
];

fn deletes_only_with_proof(
    world: &World,
    plan: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    let (Action::Delete { .. }, Some(before)) = (&decision.action, before) else {
        return Ok(());
    };
    let overdue = before.marks.reason == IntentReason::DeadlinePassed
        && before
            .marks
            .deadline
            .is_some_and(|deadline| deadline <= world.server_time(plan.at));
    if before.marks.force || overdue || before.down() {
        return Ok(());
    }
    before.proven_empty(world)
}

/// Whoever is to be moved at the deadline was moved, or had the time for it: under `Move`, and under `Wait` where the node goes.
fn gives_time_to_leave(
    world: &World,
    _: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    let Some(before) = before else {
        return Ok(());
    };
    let spec = &world.pool().spec.drain;
    let may_be_cut = spec.on_deadline == OnDeadline::Kill;
    if may_be_cut || before.marks.force || before.down() {
        return Ok(());
    }
    match (&decision.action, after(decision)) {
        (_, Some(after))
            if after.intent == Intent::Remove
                && before.marks.intent != Intent::Remove
                && after.reason == IntentReason::DeadlinePassed =>
        {
            if before.marks.intent != Intent::Expel {
                return Err("it is removed at its deadline, and nobody was to be moved".to_owned());
            }
            let expelled = before.moved_for();
            let time = spec.expel_timeout.get() + spec.shutdown_timeout.get();
            let in_vain = before.shuts_down_for(spec.shutdown_timeout.get());
            let left = before.fresh(world) && before.nobody() && before.shutdown_is_known();
            (expelled >= time || in_vain || left)
                .then_some(())
                .ok_or_else(|| format!("people had {expelled:?} to be moved, and no shutdown"))
        }
        (Action::Delete { .. }, _) if before.marks.reason == IntentReason::DeadlinePassed => {
            let somebody = before.fresh(world) && !before.nobody();
            let told = before.shutdown_is_known() || before.tells_in_vain();
            if somebody && !told {
                return Err("people are on it whom no shutdown has moved".to_owned());
            }
            moves_with_jicofo(world, before)
        }
        (Action::Tell(Command::Shutdown), _)
            if before.marks.reason == IntentReason::DeadlinePassed =>
        {
            moves_with_jicofo(world, before)
        }
        _ => Ok(()),
    }
}

/// It is jicofo that moves people: without it a shutdown cuts them off.
fn moves_with_jicofo(world: &World, before: &Before<'_>) -> Found {
    let nobody = before.fresh(world) && before.nobody();
    (nobody || !world.jicofo().away())
        .then_some(())
        .ok_or_else(|| "people are on it, and jicofo is away".to_owned())
}

fn deletes_what_is_persisted(
    _: &World,
    _: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    let Action::Delete {
        resource_version, ..
    } = &decision.action
    else {
        return Ok(());
    };
    let before = before.ok_or("a pod is deleted that is not known")?;
    if before.marks.intent != Intent::Remove {
        return Err("a pod is deleted whose removal is not written down".to_owned());
    }
    if *resource_version != before.known.pod.resource_version {
        return Err("a deletion names another version than that of the pod".to_owned());
    }
    Ok(())
}

fn intends_before_it_acts(
    world: &World,
    _: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    let Some(before) = before else {
        return Ok(());
    };
    let intent = before.marks.intent;
    let fits = match &decision.action {
        Action::Tell(Command::Drain) => intent != Intent::Active,
        Action::Tell(Command::Undrain) => intent == Intent::Active,
        Action::Tell(Command::Shutdown) => matches!(intent, Intent::Remove | Intent::Expel),
        Action::Move { .. } => intent == Intent::Expel,
        _ => true,
    };
    let shutdown = matches!(decision.action, Action::Tell(Command::Shutdown));
    if shutdown && !(before.confirmed(true) && before.fresh(world)) {
        return Err("a shutdown is told to whoever answers at the address".to_owned());
    }
    fits.then_some(())
        .ok_or_else(|| format!("{:?} while {intent:?} is intended", decision.action))
}

/// A drain, a rescue and a removal by choice rest on statistics; those that must be do not.
fn decides_by_fresh_statistics(
    world: &World,
    _: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    let (Some(before), Some(after)) = (before, after(decision)) else {
        return Ok(());
    };
    let never_ran = before.down();
    let by_choice = match (before.marks.intent, after.intent) {
        (Intent::Active, Intent::Drain) => matches!(
            after.reason,
            IntentReason::ScaleDown | IntentReason::Outdated
        ),
        (from, Intent::Active) => from != Intent::Active && after.reason == IntentReason::Rescued,
        (from, Intent::Remove) if from != Intent::Remove => {
            if after.reason == IntentReason::Empty && !never_ran {
                before
                    .proven_empty(world)
                    .map_err(|why| format!("it is removed as empty, but {why}"))?;
            }
            false
        }
        _ => false,
    };
    if by_choice && !before.fresh(world) && !never_ran {
        return Err(format!("{:?} by old statistics", decision.transition));
    }
    Ok(())
}

fn sets_a_deadline_once(
    world: &World,
    plan: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    let (Some(before), Some(after)) = (before, after(decision)) else {
        return Ok(());
    };
    let (old, new) = (before.marks.deadline, after.deadline);
    match (before.marks.intent, after.intent) {
        (_, Intent::Active) if new.is_some() => {
            Err("a bridge that serves has a deadline".to_owned())
        }
        (Intent::Active, Intent::Drain)
            if new.is_none_or(|new| new < world.server_time(plan.at)) =>
        {
            Err("a new drain has no deadline ahead".to_owned())
        }
        (Intent::Drain | Intent::Expel, Intent::Drain | Intent::Expel | Intent::Remove)
            if old != new && old.is_some() =>
        {
            let nearer = matches!(
                after.reason,
                IntentReason::NodeLeaving | IntentReason::Interrupted
            ) && new < old;
            (nearer && decision.transition == Transition::Drain)
                .then_some(())
                .ok_or_else(|| format!("the deadline {old:?} became {new:?}"))
        }
        _ => Ok(()),
    }
}

fn counts_only_what_serves(
    _: &World,
    _: &Plan,
    decision: &Decision,
    _: Option<&Before<'_>>,
) -> Found {
    match after(decision) {
        Some(after) if after.counted && after.intent != Intent::Active => {
            Err(format!("a bridge that shall {:?} is counted", after.intent))
        }
        _ => match &decision.action {
            Action::Create(mark)
                if mark.after.counted && mark.after.reason == IntentReason::Surge =>
            {
                Err("a replacement is counted before what it replaces is not".to_owned())
            }
            _ => Ok(()),
        },
    }
}

fn names_the_version(
    _: &World,
    _: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    let (Action::Mark(mark), Some(before)) = (&decision.action, before) else {
        return Ok(());
    };
    (mark.resource_version == before.known.pod.resource_version)
        .then_some(())
        .ok_or_else(|| "a patch names another version than that of the pod".to_owned())
}

fn keeps_protection(
    world: &World,
    plan: &Plan,
    decision: &Decision,
    before: Option<&Before<'_>>,
) -> Found {
    if let Action::Create(mark) = &decision.action {
        return mark
            .after
            .protected
            .then_some(())
            .ok_or_else(|| "a pod is born without protection".to_owned());
    }
    let (Some(before), Some(after)) = (before, after(decision)) else {
        return Ok(());
    };
    match after.intent {
        Intent::Active | Intent::Drain | Intent::Expel => {
            let taken =
                !after.protected && (before.marks.protected || after.intent != before.marks.intent);
            (!taken)
                .then_some(())
                .ok_or_else(|| "a bridge with people loses its protection".to_owned())
        }
        Intent::Remove | Intent::Warm if after.protected == before.marks.protected => Ok(()),
        Intent::Remove | Intent::Warm => {
            let overdue = after
                .deadline
                .is_some_and(|deadline| deadline <= world.server_time(plan.at));
            let licensed = after.force || overdue || before.down();
            if licensed {
                Ok(())
            } else {
                before.proven_empty(world)
            }
        }
    }
}
