//! The invariants of a plan as a whole, each a function of its own.

use std::collections::BTreeSet;

use scaler_api::state::{Intent, IntentReason};

use super::before::{Before, heard_of};
use super::rules::Found;
use super::{Invariant, after};
use crate::plan::{Decision, Plan, Transition};
use crate::world::{Owner, Pod, Running, World};

type OfAPlan = fn(&World, &Plan) -> Found;

/// What is asked of a plan as a whole.
pub(super) const OF_A_PLAN: [(Invariant, OfAPlan); 5] = [
    (Invariant::I4, keeps_the_floor),
    (Invariant::I4, keeps_the_last_of_a_revision),
    (Invariant::I5, drains_few_at_once),
    (Invariant::I8, tells_what_is_counted),
    (Invariant::I11, decides_once),
];

/// Bridges that take conferences and are counted: before, and when the plan is carried out.
fn takers(world: &World, plan: &Plan) -> (u32, u32, u32) {
    let (mut before, mut drained, mut added) = (0, 0, 0);
    for uid in world.pods().keys() {
        if Before::new(world, uid, plan.at).is_some_and(|pod| pod.takes_counted()) {
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
        let Some(after) = after(decision) else {
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

/// Whether a drain for this reason is the pool's own choice.
const fn by_choice(reason: IntentReason) -> bool {
    matches!(reason, IntentReason::ScaleDown | IntentReason::Outdated)
}

/// The pod that a decision chooses to be drained, as it was.
fn chosen<'w>(world: &'w World, plan: &Plan, decision: &Decision) -> Option<Before<'w>> {
    let after = after(decision)?;
    let pod = decision.pod.as_ref()?;
    let drained = after.intent == Intent::Drain && by_choice(after.reason);
    drained.then(|| Before::new(world, &pod.uid, plan.at))?
}

fn keeps_the_floor(world: &World, plan: &Plan) -> Found {
    let (before, drained, added) = takers(world, plan);
    let left = (before + added).saturating_sub(drained);
    let floor = world.pool().spec.min_active;
    let may_take_some =
        |pod: Before<'_>| pod.marks.intent == Intent::Active && pod.known.pod.running().is_some();
    let mut chosen = plan
        .decisions
        .iter()
        .filter_map(|it| chosen(world, plan, it));
    if left < floor && (drained > 0 || chosen.any(may_take_some)) {
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
    // One that is not counted takes conferences all the same.
    let serving = |revision: &str| {
        let pods = world.pods().keys();
        pods.filter_map(|uid| Before::new(world, uid, plan.at))
            .filter(|pod| pod.takes() && pod.marks.revision == revision)
            .count() as u32
    };
    let new = serving(current);
    for revision in revisions {
        let drained = plan
            .decisions
            .iter()
            .filter(|decision| {
                decision
                    .pod
                    .as_ref()
                    .is_some_and(|pod| pod.revision == revision)
            })
            .filter_map(|decision| chosen(world, plan, decision))
            .filter(Before::takes);
        if serving(revision) == 1 && drained.count() == 1 && new < floor {
            return Err(format!(
                "the last bridge of {revision} drains, and {new} of {current} take conferences"
            ));
        }
    }
    Ok(())
}

fn drains_few_at_once(world: &World, plan: &Plan) -> Found {
    let draining = |intent| matches!(intent, Intent::Drain | Intent::Expel);
    let (mut before, mut new) = (0_u32, 0_u32);
    let mut bridges = world.outstanding().creates.len() as u32;
    for (uid, known) in world.pods() {
        if known.pod.deletion.is_some() {
            continue;
        }
        let Ok(marks) = &known.pod.marks else {
            continue;
        };
        // A share is one of the bridges that are counted, or are on their way out.
        bridges +=
            u32::from(marks.counted || marks.intent == Intent::Remove || draining(marks.intent));
        // Nobody is on one that does not run.
        let down = Before::new(world, uid, plan.at).is_some_and(|pod| pod.down());
        let going = draining(marks.intent) && !down;
        before += u32::from(going && by_choice(marks.reason));
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
            from.marks.intent == Intent::Active
                && draining(after.intent)
                && by_choice(after.reason),
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
    let outstanding = world.outstanding();
    let there = world.pods().values().filter(|known| {
        let pod = &known.pod;
        let written = outstanding.writes.get(&pod.uid).map(|write| &write.after);
        let counts = match (written, &pod.marks) {
            (Some(marks), _) | (None, Ok(marks)) => {
                marks.counted && marks.intent == Intent::Active && !fails(world, pod)
            }
            (None, Err(frozen)) => frozen.counted && !pod.phase.is_over(),
        };
        counts && pod.deletion.is_none() && pod.owner != Owner::Other
    });
    let created = outstanding.creates.values();
    let counted = there.count() + created.filter(|create| create.marks.counted).count();
    if tally.counted as usize != counted {
        return Err(format!(
            "{} are told to be counted, and {counted} are",
            tally.counted
        ));
    }
    Ok(())
}

/// Whether a pod ended, or its bridge does not stay up, as a kubelet says that is heard of.
fn fails(world: &World, pod: &Pod) -> bool {
    let container = pod.container.as_ref().filter(|_| heard_of(world, pod));
    let down = container.is_some_and(|container| {
        let again = container.restarts >= world.tuning.restarts;
        container.running == Running::Terminated || container.running == Running::Waiting && again
    });
    pod.phase.is_over() || down
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
