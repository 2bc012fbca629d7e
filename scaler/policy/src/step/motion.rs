//! Which bridges are on their way: started, taken back or emptied. All of it is told by what is, not by what was just decided, so that
//! it is told for as long as it lasts, and by the next leader too.

use std::collections::{BTreeMap, BTreeSet};

use scaler_api::State;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::status::{ConditionType, Reason};

use crate::plan::Transition;
use crate::scene::Sight;
use crate::step::draft::Draft;
use crate::world::Uid;

/// A message names no more pods than this.
pub(super) const NAMES: usize = 5;

/// Adds which bridges are started, taken back and emptied.
pub(super) fn find(draft: &mut Draft<'_, '_>) {
    let mut started = Vec::new();
    let mut taken_back = Vec::new();
    let mut emptied: BTreeMap<Reason, Vec<&str>> = BTreeMap::new();
    let decisions = draft.plan.decisions.iter();
    let chosen: BTreeSet<&Uid> = decisions
        .filter(|decision| matches!(decision.transition, Transition::Rescue | Transition::Wake))
        .filter_map(|decision| Some(&decision.pod.as_ref()?.uid))
        .collect();
    for sight in draft.sights() {
        let name = sight.pod.name.as_str();
        if is_taken_back(sight) || chosen.contains(&sight.pod.uid) {
            taken_back.push(name);
        } else if matches!(sight.state, State::Pending | State::Starting) {
            started.push(name);
        } else if sight.state.draining() {
            emptied.entry(why(sight)).or_default().push(name);
        }
    }
    let asked = draft.world.outstanding.creates.len();
    if asked + started.len() > 0 {
        let message = format!(
            "{} bridges are being started{}",
            asked + started.len(),
            names(&started)
        );
        draft.finding(ConditionType::Progressing, Reason::Starting, message);
    }
    if !taken_back.is_empty() {
        let message = format!(
            "{} bridges are being taken back{}",
            taken_back.len(),
            names(&taken_back)
        );
        draft.finding(ConditionType::RescueActive, Reason::Rescuing, message);
    }
    for (reason, bridges) in emptied {
        let message = format!(
            "{} bridges are being emptied{}{}",
            bridges.len(),
            because(reason),
            names(&bridges)
        );
        draft.finding(ConditionType::Draining, reason, message);
    }
}

/// Whether a bridge was taken back and has not confirmed since that it serves: its confirmation is taken away with its drain. One that
/// is started anew later has confirmed it once.
fn is_taken_back(sight: &Sight<'_>) -> bool {
    let marks = sight.marks;
    marks.intent == Intent::Active
        && matches!(marks.reason, IntentReason::Rescued | IntentReason::Operator)
        && marks
            .acked
            .as_ref()
            .is_none_or(|acked| acked.drain.is_none())
        && matches!(sight.state, State::Pending | State::Starting)
}

/// Why a bridge is emptied, as a condition says it.
const fn why(sight: &Sight<'_>) -> Reason {
    match sight.marks.reason {
        IntentReason::Outdated | IntentReason::Surge => Reason::Updating,
        IntentReason::NodeLeaving | IntentReason::Interrupted => Reason::NodeLeaving,
        IntentReason::Operator => Reason::Operator,
        IntentReason::PoolDeleted | IntentReason::DeletionPolicy => Reason::PoolDeleted,
        IntentReason::Failed => Reason::StartFailed,
        IntentReason::DeadlinePassed => Reason::DeadlinePassed,
        IntentReason::ScaleDown
        | IntentReason::ScaleUp
        | IntentReason::Rescued
        | IntentReason::Spare
        | IntentReason::Empty => Reason::ScaleDown,
    }
}

const fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::Updating => " for a newer revision",
        Reason::NodeLeaving => " because their nodes leave",
        Reason::Operator => " because somebody asked for it",
        Reason::PoolDeleted => " because the pool is being deleted",
        Reason::StartFailed => " because they do not come up",
        Reason::DeadlinePassed => " past their deadline: their people are moved",
        _ => " because fewer are wanted",
    }
}

/// The first names, and whether there are more.
pub(super) fn names(names: &[&str]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let more = if names.len() > NAMES { ", ..." } else { "" };
    let first: Vec<&str> = names.iter().take(NAMES).copied().collect();
    format!(": {}{more}", first.join(", "))
}
