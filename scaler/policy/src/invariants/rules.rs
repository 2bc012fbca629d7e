//! The invariants, each a function of its own.

use std::collections::BTreeSet;

use scaler_api::state::{Intent, IntentReason};

use super::before::Before;
use super::{Invariant, after};
use crate::plan::{Action, Decision, Plan, Transition};
use crate::world::{Command, World};

type Found = Result<(), String>;
type OfADecision = fn(&World, &Plan, &Decision, Option<&Before<'_>>) -> Found;
type OfAPlan = fn(&World, &Plan) -> Found;

/// What is asked of each decision.
pub(super) const OF_A_DECISION: [(Invariant, OfADecision); 8] = [
    (Invariant::I1, deletes_only_with_proof),
    (Invariant::I2, deletes_what_is_persisted),
    (Invariant::I3, intends_before_it_acts),
    (Invariant::I6, decides_by_fresh_statistics),
    (Invariant::I7, sets_a_deadline_once),
    (Invariant::I8, counts_only_what_serves),
    (Invariant::I9, names_the_version),
    (Invariant::I10, keeps_protection),
];

/// What is asked of a plan as a whole.
pub(super) const OF_A_PLAN: [(Invariant, OfAPlan); 5] = [
    (Invariant::I4, keeps_the_floor),
    (Invariant::I4, keeps_the_last_of_a_revision),
    (Invariant::I5, drains_few_at_once),
    (Invariant::I8, tells_what_is_counted),
    (Invariant::I11, decides_once),
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
    if before.marks.force || overdue || before.known.pod.verifiably_down() {
        return Ok(());
    }
    before.proven_empty(world)
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
    _: &World,
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
    let never_ran = before.known.pod.verifiably_down();
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
            let licensed = after.force || overdue || before.known.pod.verifiably_down();
            if licensed {
                Ok(())
            } else {
                before.proven_empty(world)
            }
        }
    }
}

/// Bridges that take conferences and are counted: before, and when the plan is carried out.
fn takers(world: &World, plan: &Plan, of: impl Fn(&str) -> bool) -> (u32, u32, u32) {
    let (mut before, mut drained, mut added) = (0, 0, 0);
    for uid in world.pods().keys() {
        if Before::new(world, uid, plan.at)
            .is_some_and(|pod| pod.takes_counted() && of(&pod.marks.revision))
        {
            before += 1;
        }
    }
    for decision in &plan.decisions {
        let Some(pod) = decision
            .pod
            .as_ref()
            .and_then(|pod| Before::new(world, &pod.uid, plan.at))
        else {
            continue;
        };
        let Some(after) = after(decision).filter(|_| of(&pod.marks.revision)) else {
            continue;
        };
        let chosen = after.intent == Intent::Drain
            && !matches!(
                after.reason,
                IntentReason::PoolDeleted | IntentReason::Failed
            );
        drained += u32::from(pod.takes_counted() && chosen);
        added += u32::from(pod.takes() && !pod.marks.counted && after.counted);
    }
    (before, drained, added)
}

fn keeps_the_floor(world: &World, plan: &Plan) -> Found {
    let (before, drained, added) = takers(world, plan, |_| true);
    let left = (before + added).saturating_sub(drained);
    let floor = world.pool().spec.min_active;
    if drained > 0 && left < floor {
        return Err(format!(
            "{left} bridges would take conferences, and {floor} must"
        ));
    }
    Ok(())
}

fn keeps_the_last_of_a_revision(world: &World, plan: &Plan) -> Found {
    let current = &world.pool().revision;
    let floor = world.pool().spec.min_active;
    let revisions: BTreeSet<&str> = plan
        .decisions
        .iter()
        .filter_map(|decision| decision.pod.as_ref())
        .map(|pod| pod.revision.as_str())
        .filter(|revision| revision != current)
        .collect();
    let new = world
        .pods()
        .keys()
        .filter_map(|uid| Before::new(world, uid, plan.at))
        .filter(|pod| pod.takes() && pod.marks.revision == *current)
        .count() as u32;
    for revision in revisions {
        let (before, _, _) = takers(world, plan, |of| of == revision);
        let by_choice = plan.decisions.iter().filter(|decision| {
            let pod = decision.pod.as_ref().filter(|pod| pod.revision == revision);
            let pod = pod.and_then(|pod| Before::new(world, &pod.uid, plan.at));
            pod.is_some_and(|pod| pod.takes_counted())
                && after(decision).is_some_and(|after| {
                    after.intent == Intent::Drain
                        && matches!(
                            after.reason,
                            IntentReason::ScaleDown | IntentReason::Outdated
                        )
                })
        });
        if before == 1 && by_choice.count() == 1 && new < floor {
            return Err(format!(
                "the last bridge of {revision} drains, and {new} of {current} take conferences"
            ));
        }
    }
    Ok(())
}

fn drains_few_at_once(world: &World, plan: &Plan) -> Found {
    let chosen = |reason| matches!(reason, IntentReason::ScaleDown | IntentReason::Outdated);
    let draining = |intent| matches!(intent, Intent::Drain | Intent::Expel);
    let (mut before, mut new) = (0_u32, 0_u32);
    let mut bridges = world.outstanding().creates.len() as u32;
    for known in world
        .pods()
        .values()
        .filter(|known| known.pod.deletion.is_none())
    {
        bridges += 1;
        let Ok(marks) = &known.pod.marks else {
            continue;
        };
        // Nobody is on one that does not run.
        let going = draining(marks.intent) && !known.pod.verifiably_down();
        before += u32::from(going && chosen(marks.reason));
    }
    for decision in &plan.decisions {
        let Some(after) = after(decision) else {
            continue;
        };
        let from = decision
            .pod
            .as_ref()
            .and_then(|pod| Before::new(world, &pod.uid, plan.at));
        let Some(from) = from else { continue };
        new += u32::from(
            from.marks.intent == Intent::Active && draining(after.intent) && chosen(after.reason),
        );
    }
    let most = world.pool().spec.drain.max_concurrent.of(bridges);
    if new > 0 && before + new > most {
        return Err(format!(
            "{before} bridges drain, {new} more are chosen, and {most} may"
        ));
    }
    Ok(())
}

fn tells_what_is_counted(world: &World, plan: &Plan) -> Found {
    let Some(tally) = &plan.tally else {
        return Ok(());
    };
    let labelled = world
        .pods()
        .values()
        .filter(|known| match &known.pod.marks {
            Ok(marks) => marks.counted,
            Err(frozen) => frozen.counted,
        })
        .count();
    let expected = world.outstanding().creates.len() + world.outstanding().writes.len();
    if tally.counted as usize > labelled + expected {
        return Err(format!(
            "{} are told to be counted, and {labelled} bear the label",
            tally.counted
        ));
    }
    Ok(())
}

fn decides_once(world: &World, plan: &Plan) -> Found {
    let mut seen = BTreeSet::new();
    for decision in &plan.decisions {
        let Some(pod) = &decision.pod else { continue };
        if !seen.insert(&pod.uid) {
            return Err(format!("two things are decided about {}", pod.name));
        }
        let drained_already = Before::new(world, &pod.uid, plan.at).is_some_and(|before| {
            matches!(
                before.marks.intent,
                Intent::Drain | Intent::Expel | Intent::Remove
            )
        });
        let nearer = after(decision).is_some_and(|after| {
            matches!(
                after.reason,
                IntentReason::NodeLeaving | IntentReason::Interrupted
            )
        });
        if decision.transition == Transition::Drain && drained_already && !nearer {
            return Err(format!("{} is chosen although it drains already", pod.name));
        }
    }
    Ok(())
}
