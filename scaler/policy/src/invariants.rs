//! What must hold of every plan, said a second time: not as the decisions say it, but as an operator would ask for it.
//!
//! Tests and the simulation hold every plan against these, and in production a violation is an alert. They read the world
//! itself and share no code with the decisions, so that a mistake there is not repeated here.

mod before;
mod outages;
mod requests;
mod rules;
mod totals;

use scaler_api::state::Intent;
use serde::Serialize;

use self::before::{Before, marked};
use crate::plan::{Action, Decision, Plan};
use crate::world::{Uid, World};

pub use requests::request_violations;

/// What must hold; [`Self::words`] says it in full.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Invariant {
    /// A pod is deleted only when its bridge is proven empty, its deadline passed, nothing runs in it, or an operator forced it.
    I1,
    /// Every deletion names UID and version of the pod on which the decision is persisted.
    I2,
    /// An intent is written before anything is done about it, and is kept up.
    I3,
    /// Bridges that take conferences do not fall below the floor by our doing.
    I4,
    /// No more bridges drain by choice than may at once.
    I5,
    /// Nothing is decided by old statistics: unknown is busy.
    I6,
    /// A deadline is absolute, and set once for each drain.
    I7,
    /// What the status tells the HPA is what is counted.
    I8,
    /// Only the leader writes, and every write names the version on which it was decided.
    I9,
    /// A bridge is protected unless it was proven empty.
    I10,
    /// Whoever leads next comes to the same end: no bridge is chosen twice.
    I11,
    /// In a paused pool nothing is begun.
    I12,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::I1,
        Self::I2,
        Self::I3,
        Self::I4,
        Self::I5,
        Self::I6,
        Self::I7,
        Self::I8,
        Self::I9,
        Self::I10,
        Self::I11,
        Self::I12,
    ];

    /// What it says, in full.
    pub const fn words(self) -> &'static str {
        match self {
            Self::I1 => {
                "a pod is deleted only when its bridge is proven empty, its deadline passed and everybody was moved \
                 or had the time for it, nothing runs in it, or an operator forced it. Proven empty is one whose \
                 present run confirmed its drain, is in its brewery or never was, and on which there was then nobody, and \
                 no conference, in `evidence.removalSamples` looks over `drain.settle`, the last of them \
                 `evidence.removalFreshness` old at most, to a leader that has watched for so long that it would have \
                 seen many fall to zero at once"
            }
            Self::I2 => {
                "every deletion names UID and version of the pod on which the decision is persisted; one that is \
                 refused is decided anew"
            }
            Self::I3 => {
                "an intent is written before anything is done about it; what is done about it may be done twice, and \
                 is done again until the bridge follows"
            }
            Self::I4 => {
                "bridges that are counted and take conferences do not fall below `minActive` by our doing, where \
                 they are too few none is drained by choice that may have begun to take some, and the last one of an \
                 old revision drains only when as many of the current one take conferences"
            }
            Self::I5 => {
                "no more bridges drain by choice than `drain.maxConcurrent`; those that must drain are told apart"
            }
            Self::I6 => {
                "unknown is busy: nothing is deleted, drained or taken back by statistics older than \
                 `evidence.freshness`, and nothing is begun while the API server tells nothing"
            }
            Self::I7 => {
                "a deadline is absolute and set once for each drain; no restart shortens it, a rescue clears it, and \
                 a new drain sets a new one"
            }
            Self::I8 => {
                "`status.replicas` is the number of pods that are counted, not terminating and not failed, and \
                 `status.selector` matches none that is not counted"
            }
            Self::I9 => {
                "only the holder of the lease writes, and every write names the version on which it was decided: one \
                 that arrives after the lease is lost fails, or does no harm"
            }
            Self::I10 => {
                "a pod is protected from its creation on; it loses that only with the intent to remove it or to keep \
                 it warm, once it is proven empty or nobody may wait for its people any longer, and has it again by \
                 the patch that makes it serve, before its bridge is told to take conferences"
            }
            Self::I11 => {
                "after a crash at any moment the next leader comes to the same end and drains no others: whoever has \
                 the intent is chosen already, no bridge is chosen twice, and about each at most one thing is decided"
            }
            Self::I12 => {
                "while a pool is paused nothing is begun: no bridge is started, drained, taken back, woken, moved \
                 off, shut down, removed or deleted; what drains is kept drained"
            }
        }
    }
}

/// An invariant that does not hold.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Violation {
    /// Which one.
    pub invariant: Invariant,
    /// Of which pod; `None` where it is of the pool.
    pub pod: Option<Uid>,
    /// What was found.
    pub found: String,
}

/// What of a plan must not be, in the world of which it was made.
pub fn violations(world: &World, plan: &Plan) -> Vec<Violation> {
    let mut found = Vec::new();
    for decision in &plan.decisions {
        let before = decision
            .pod
            .as_ref()
            .and_then(|pod| Before::new(world, &pod.uid, plan.at));
        for (invariant, rule) in rules::OF_A_DECISION {
            if let Err(what) = rule(world, plan, decision, before.as_ref()) {
                found.push(Violation {
                    invariant,
                    pod: decision.pod.as_ref().map(|pod| pod.uid.clone()),
                    found: what,
                });
            }
        }
    }
    for (invariant, rule) in totals::OF_A_PLAN {
        if let Err(what) = rule(world, plan) {
            found.push(Violation {
                invariant,
                pod: None,
                found: what,
            });
        }
    }
    found
}

/// The invariant of each rule for decisions and of each for plans, in their order.
#[cfg(test)]
pub(crate) fn rules() -> Vec<Invariant> {
    let of_decisions = rules::OF_A_DECISION.iter().map(|(invariant, _)| *invariant);
    let of_plans = totals::OF_A_PLAN.iter().map(|(invariant, _)| *invariant);
    of_decisions.chain(of_plans).collect()
}

/// Which of [`rules`] a plan breaks, by their places.
#[cfg(test)]
pub(crate) fn broken_by(world: &World, plan: &Plan) -> std::collections::BTreeSet<usize> {
    let mut broken = std::collections::BTreeSet::new();
    for decision in &plan.decisions {
        let pod = decision.pod.as_ref();
        let before = pod.and_then(|pod| Before::new(world, &pod.uid, plan.at));
        for (place, (_, rule)) in rules::OF_A_DECISION.iter().enumerate() {
            if rule(world, plan, decision, before.as_ref()).is_err() {
                broken.insert(place);
            }
        }
    }
    for (place, (_, rule)) in totals::OF_A_PLAN.iter().enumerate() {
        if rule(world, plan).is_err() {
            broken.insert(rules::OF_A_DECISION.len() + place);
        }
    }
    broken
}

/// What of a world must not be, whoever wrote it: labels that contradict the intent.
pub fn world_violations(world: &World) -> Vec<Violation> {
    let mut found = Vec::new();
    for (uid, known) in world.pods() {
        let Ok(marks) = &known.pod.marks else {
            continue;
        };
        let mut wrong = |invariant, what: &str| {
            found.push(Violation {
                invariant,
                pod: Some(uid.clone()),
                found: what.to_owned(),
            });
        };
        if marks.counted && marks.intent != Intent::Active {
            wrong(Invariant::I8, "a bridge that does not serve is counted");
        }
        if !marks.protected && !matches!(marks.intent, Intent::Remove | Intent::Warm) {
            wrong(Invariant::I10, "a bridge with people is not protected");
        }
        if marks.intent == Intent::Drain && marks.deadline.is_none() {
            wrong(Invariant::I7, "a drain has no deadline");
        }
    }
    found
}

/// The marks that a decision gives its pod.
fn after(decision: &Decision) -> Option<&crate::world::Marks> {
    match &decision.action {
        Action::Mark(mark) => Some(marked(mark)),
        _ => None,
    }
}
