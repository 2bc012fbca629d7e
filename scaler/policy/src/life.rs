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

/// What is decided: from which states, to which one. In the order of a life: the drawing is laid out by it.
const DECIDED: [(Transition, &[State], State); 18] = [
    (Transition::Create, &[Gone], Pending),
    (Transition::Activate, &[Starting], Active),
    (
        Transition::Drain,
        &[Pending, Starting, Active],
        DrainRequested,
    ),
    (
        Transition::StartFailed,
        &[Pending, Starting],
        DrainRequested,
    ),
    (Transition::Acknowledge, &[DrainRequested], Draining),
    (Transition::Redrain, &[DrainRequested], Draining),
    (Transition::Settle, &[Draining], Settling),
    (Transition::Unsettle, &[Settling], Draining),
    (Transition::KeepWarm, &[Settling], Warm),
    (
        Transition::Expel,
        &[DrainRequested, Draining, Settling],
        Expelling,
    ),
    (
        Transition::Remove,
        &[Pending, Warm, DrainRequested, Draining, Settling, Expelling],
        Removing,
    ),
    (Transition::StartFailed, &[Pending, Failed], Removing),
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
];

/// What an operator may force in whatever state a bridge is, unless it is on its last way already.
const FORCED: (Transition, &[State], State) = (Transition::Remove, ANY, Removing);

/// The states of a bridge that is neither being removed nor deleted.
const ANY: &[State] = &[
    Pending,
    Starting,
    Active,
    Warm,
    DrainRequested,
    Draining,
    Settling,
    Expelling,
    Failed,
];

/// The longest life without a detour: what is drawn first.
const SPINE: [State; 10] = [
    Gone,
    Pending,
    Starting,
    Active,
    DrainRequested,
    Draining,
    Settling,
    Removing,
    Deleting,
    Gone,
];

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

/// What goes on while the pool is paused: it keeps up what was begun, and tells what happened.
const GOES_ON: [Transition; 12] = [
    Transition::Activate,
    Transition::Acknowledge,
    Transition::Redrain,
    Transition::Settle,
    Transition::Unsettle,
    Transition::Uncount,
    Transition::Reassert,
    Transition::Preempt,
    Transition::HoldPool,
    Transition::ReleasePool,
    Transition::Orphan,
    Transition::Inquire,
];

/// What happens to a bridge without a decision: from which states, to which one, by what.
const HAPPENING: [(&[State], State, &str); 16] = [
    (&[Pending], Starting, RUNS),
    (&[Starting, Active], Pending, "its container is down"),
    (&[Active], Starting, ANEW),
    (&[Draining, Settling], DrainRequested, ANEW),
    (ANY, Failed, "it ended, or does not stay up"),
    (ANY, Preempted, ELSE),
    (&[Failed], Starting, RUNS),
    (&[Failed], DrainRequested, RUNS),
    (&[Failed], Warm, RUNS),
    (&[Failed], Expelling, RUNS),
    (&[Failed], Pending, LOST),
    (&[Failed], DrainRequested, LOST),
    (&[Failed], Warm, LOST),
    (&[Failed], Expelling, LOST),
    (&[Removing], Deleting, ELSE),
    (&[Deleting, Preempted], Gone, "nothing of it is left"),
];

const RUNS: &str = "its container runs";
const LOST: &str = "its node is lost";
const ANEW: &str = "it is started anew";
const ELSE: &str = "somebody else deletes it";

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

/// Whether a decision is made in a pool that is paused, too.
pub fn goes_on_while_paused(by: Transition) -> bool {
    GOES_ON.contains(&by)
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

/// What happens to bridges without a decision, and what is forced, each from one state to another.
#[cfg(test)]
pub(crate) fn happenings() -> BTreeSet<(State, State)> {
    let happening = HAPPENING.into_iter();
    happening
        .flat_map(|(from, to, _)| from.iter().map(move |from| (*from, to)))
        .filter(|(from, to)| from != to)
        .collect()
}

/// The drawing of what is decided, for Mermaid, with what else is on the way of the longest life.
pub fn drawing() -> String {
    let mut arrows = Arrows::default();
    for way in SPINE.windows(2) {
        let [from, to] = way else { continue };
        let leads = |others: &[State], other: State| others.contains(from) && other == *to;
        for (by, others, other) in DECIDED {
            if leads(others, other) {
                arrows.draw(node(*from), node(*to), name(by));
            }
        }
        for (others, other, what) in HAPPENING {
            if leads(others, other) {
                arrows.draw(node(*from), node(*to), what.to_owned());
            }
        }
    }
    for (by, from, to) in DECIDED {
        for from in from {
            arrows.draw(node(*from), node(to), name(by));
        }
    }
    arrows.told()
}

/// The drawing of what happens without a decision, and of what is forced, for Mermaid. What leads away from any state begins at
/// `any`.
pub fn drawing_of_happenings() -> String {
    let mut arrows = Arrows::default();
    let any = || "any".to_owned();
    for (from, to, what) in HAPPENING.into_iter().filter(|(from, ..)| *from != ANY) {
        for from in from {
            arrows.draw(node(*from), node(to), what.to_owned());
        }
    }
    for (_, to, what) in HAPPENING.into_iter().filter(|(from, ..)| *from == ANY) {
        arrows.draw(any(), node(to), what.to_owned());
    }
    let (by, _, to) = FORCED;
    arrows.draw(any(), node(to), format!("{} by force", name(by)));
    arrows.told()
}

/// Arrows of a drawing, each with all that it stands for.
#[derive(Default)]
struct Arrows(Vec<(String, String, Vec<String>)>);

impl Arrows {
    fn draw(&mut self, from: String, to: String, what: String) {
        let alike = |arrow: &&mut (String, String, Vec<String>)| arrow.0 == from && arrow.1 == to;
        match self.0.iter_mut().find(alike) {
            Some((_, _, labels)) if labels.contains(&what) => {}
            Some((_, _, labels)) => labels.push(what),
            None => self.0.push((from, to, vec![what])),
        }
    }

    fn told(&self) -> String {
        let mut text = "stateDiagram-v2\n".to_owned();
        for (from, to, labels) in &self.0 {
            // Writing to a text does not fail.
            let _ = writeln!(text, "    {from} --> {to} : {}", labels.join(", "));
        }
        text
    }
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
