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

/// What must hold.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Invariant {
    /// A pod is deleted only when its bridge is proven empty, its deadline passed, nothing runs in it, or an operator forced it.
    I1,
    /// Every deletion names UID and version of the pod on which the decision is persisted.
    I2,
    /// An intent is written before anything is done about it.
    I3,
    /// Bridges that take conferences do not fall below the floor by our doing.
    I4,
    /// No more bridges drain by choice than may at once.
    I5,
    /// Nothing is decided by old statistics: unknown is busy.
    I6,
    /// A deadline is set once for each drain.
    I7,
    /// What is counted is what the HPA sees.
    I8,
    /// Every write names the version on which it was decided.
    I9,
    /// A bridge is protected unless it was proven empty.
    I10,
    /// No bridge is chosen twice, and about each at most one thing is decided.
    I11,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 11] = [
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
    ];

    /// What it says, in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::I1 => {
                "a pod is deleted only when its bridge is proven empty, its deadline passed, nothing runs in it, or an operator forced it"
            }
            Self::I2 => {
                "every deletion names UID and version of the pod on which the decision is persisted"
            }
            Self::I3 => "an intent is written before anything is done about it",
            Self::I4 => "bridges that take conferences do not fall below the floor by our doing",
            Self::I5 => "no more bridges drain by choice than may at once",
            Self::I6 => "nothing is decided by old statistics: unknown is busy",
            Self::I7 => "a deadline is set once for each drain",
            Self::I8 => "what is counted is what the HPA sees",
            Self::I9 => "every write names the version on which it was decided",
            Self::I10 => "a bridge is protected unless it was proven empty",
            Self::I11 => "no bridge is chosen twice, and about each at most one thing is decided",
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
