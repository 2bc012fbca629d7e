//! The life of a bridge as a table: by which decision it goes from which state to which, and what happens to it without one.
//!
//! Every decision is held against the table when it is made, so that tests fail on one that it does not know, and
//! `docs/policy.md` shows the [`drawing`] that is made of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use scaler_api::State;
use scaler_api::State::{
    Active, Deleting, DrainRequested, Draining, Expelling, Failed, Gone, Pending, Preempted,
    Removing, Settling, Starting, Warm,
};
use serde::Serialize;

use crate::plan::Transition;

/// How a decision takes a bridge from one state to another.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Way {
    /// From there.
    pub from: State,
    /// To there.
    pub to: State,
    /// By this.
    pub by: Transition,
}

/// What is decided: from which states, to which one.
const DECIDED: [(Transition, &[State], State); 18] = [
    (Transition::Create, &[Gone], Pending),
    (Transition::Activate, &[Starting], Active),
    (
        Transition::Drain,
        &[Pending, Starting, Active],
        DrainRequested,
    ),
    (Transition::Acknowledge, &[DrainRequested], Draining),
    (Transition::Redrain, &[DrainRequested], Draining),
    (Transition::Settle, &[Draining], Settling),
    (Transition::Unsettle, &[Settling], Draining),
    (
        Transition::Remove,
        &[Pending, Warm, DrainRequested, Draining, Settling, Expelling],
        Removing,
    ),
    (Transition::Delete, &[Removing], Deleting),
    (Transition::Return, &[Removing], DrainRequested),
    (Transition::Return, &[Removing, Warm], Draining),
    (Transition::Return, &[Removing], Expelling),
    (
        Transition::Rescue,
        &[DrainRequested, Draining, Settling, Removing],
        Starting,
    ),
    (Transition::Wake, &[Warm], Starting),
    (Transition::KeepWarm, &[Settling], Warm),
    (
        Transition::Expel,
        &[DrainRequested, Draining, Settling],
        Expelling,
    ),
    (
        Transition::StartFailed,
        &[Pending, Starting],
        DrainRequested,
    ),
    (Transition::StartFailed, &[Pending, Failed], Removing),
];

/// What an operator may force in whatever state a bridge is, unless it is on its last way already.
const FORCED: (Transition, &[State], State) = (
    Transition::Remove,
    &[
        Pending,
        Starting,
        Active,
        Warm,
        DrainRequested,
        Draining,
        Settling,
        Expelling,
        Failed,
    ],
    Removing,
);

/// Decisions that may leave a bridge in the state in which it is.
const STAYING: [Transition; 14] = [
    Transition::Activate,
    Transition::Count,
    Transition::Uncount,
    Transition::Drain,
    Transition::Acknowledge,
    Transition::Redrain,
    Transition::Settle,
    Transition::ShutDown,
    Transition::Move,
    Transition::Preempt,
    Transition::Reassert,
    Transition::Adopt,
    Transition::Orphan,
    Transition::Inquire,
];

/// What happens to a bridge without a decision: from which states, to which one, by what.
const HAPPENING: [(&[State], State, &str); 7] = [
    (&[Pending], Starting, "its container runs"),
    (&[Starting, Active], Pending, "its container is down"),
    (&[Active], Starting, "it was started anew"),
    (&[Draining, Settling], DrainRequested, "it was started anew"),
    (ANY, Failed, "it ended, or does not stay up"),
    (ANY, Preempted, "somebody else deletes it"),
    (&[Deleting, Preempted], Gone, "nothing of it is left"),
];

/// Whatever state a bridge is in that is not deleted.
const ANY: &[State] = &[
    Pending,
    Starting,
    Active,
    Warm,
    DrainRequested,
    Draining,
    Settling,
    Expelling,
    Removing,
    Failed,
];

/// All ways that a decision may take a bridge to another state.
pub fn ways() -> BTreeSet<Way> {
    DECIDED
        .into_iter()
        .chain([FORCED])
        .flat_map(|(by, from, to)| {
            from.iter().map(move |from| Way {
                from: *from,
                to,
                by,
            })
        })
        .collect()
}

/// Whether a decision may take a bridge this way, or leave it where it is.
pub(crate) fn knows(way: Way) -> bool {
    let leads = |(by, from, to): &(Transition, &[State], State)| {
        *by == way.by && *to == way.to && from.contains(&way.from)
    };
    way.from == way.to && STAYING.contains(&way.by) || leads(&FORCED) || DECIDED.iter().any(leads)
}

/// Between which states a decision takes a bridge, in words; empty where it never does.
pub fn told(by: Transition) -> String {
    let rows = DECIDED.iter().filter(|(of, ..)| *of == by);
    let rows = rows.map(|(_, from, to)| {
        let from: Vec<String> = from.iter().map(|state| format!("{state:?}")).collect();
        format!("{} → {to:?}", from.join(", "))
    });
    rows.collect::<Vec<_>>().join("<br>")
}

/// The drawing, for Mermaid. What leads away from any state begins at `any`, and where several decisions lead from one state to
/// another there is one arrow.
pub fn drawing() -> String {
    let mut arrows: Vec<(String, String, Vec<String>)> = Vec::new();
    let mut draw = |from: String, to: String, what: String| match arrows
        .iter_mut()
        .find(|(a, b, _)| (a, b) == (&from, &to))
    {
        Some((_, _, labels)) => labels.push(what),
        None => arrows.push((from, to, vec![what])),
    };
    for (by, from, to) in DECIDED {
        for from in from {
            draw(node(*from), node(to), name(by));
        }
    }
    let (by, _, to) = FORCED;
    draw("any".to_owned(), node(to), format!("{} by force", name(by)));
    for (from, to, what) in HAPPENING {
        if from == ANY {
            draw("any".to_owned(), node(to), what.to_owned());
        } else {
            for from in from {
                draw(node(*from), node(to), what.to_owned());
            }
        }
    }
    let mut text = "stateDiagram-v2\n    state \"any of the others\" as any\n".to_owned();
    for (from, to, labels) in arrows {
        // Writing to a text does not fail.
        let _ = writeln!(text, "    {from} --> {to} : {}", labels.join(", "));
    }
    text
}

/// A transition with its number, where it has one.
pub fn name(by: Transition) -> String {
    match by.number() {
        Some(number) => format!("T{number} {by:?}"),
        None => format!("{by:?}"),
    }
}

fn node(state: State) -> String {
    match state {
        Gone => "[*]".to_owned(),
        state => format!("{state:?}"),
    }
}
