//! One bridge.

use jiff::Timestamp;
use scaler_api::State;
use scaler_api::key::timestamp;
use scaler_api::spec::{BridgePoolSpec, OnDeadline};
use scaler_api::state::IntentReason;
use scaler_policy::report::{BridgeReport, FrozenReport};
use scaler_policy::world::Uid;
use serde::Serialize;

/// One bridge.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The name of its pod.
    pub name: String,
    /// The UID of its pod.
    pub uid: Uid,
    /// Where it stands; `None` where its labels or annotations cannot be understood.
    pub state: Option<State>,
    /// People on it; `None` where nothing fresh is known.
    pub people: Option<u64>,
    /// Its stress; `None` where nothing fresh is known.
    pub stress: Option<f64>,
    /// Since when that is intended with it.
    pub since: Option<Timestamp>,
    /// Until when it may drain.
    pub deadline: Option<Timestamp>,
    /// Why that is intended with it, in a word.
    pub why: Option<IntentReason>,
    /// What should be known of it, in words.
    pub remarks: Vec<String>,
    /// Whether the HPA counts it.
    pub counted: bool,
    /// Whether it may not be chosen to be drained.
    pub pinned: bool,
    /// Whether an operator wants it drained.
    pub drain_requested: bool,
    /// Whether it is of an older revision of the template.
    pub outdated: bool,
    /// Whether it should answer and has not for long.
    pub unreachable: bool,
    /// The node that it is on.
    pub node: Option<String>,
    /// When it said last how it is.
    pub heard: Option<Timestamp>,
}

impl Row {
    /// A bridge.
    pub(crate) fn new(bridge: &BridgeReport) -> Self {
        let fresh = bridge.last.filter(|_| bridge.fresh);
        Self {
            name: bridge.name.clone(),
            uid: bridge.uid.clone(),
            state: Some(bridge.state),
            people: fresh.and_then(|look| look.people),
            stress: fresh.and_then(|look| look.stress),
            since: Some(timestamp(bridge.since)),
            deadline: bridge.deadline.map(timestamp),
            why: Some(bridge.why),
            remarks: remarks(bridge),
            counted: bridge.counted,
            pinned: bridge.pinned,
            drain_requested: bridge.drain_requested,
            outdated: bridge.outdated,
            unreachable: bridge.unreachable,
            node: bridge.node.clone(),
            heard: bridge.last.map(|look| timestamp(look.at)),
        }
    }

    /// A pod that cannot be understood.
    pub(super) fn frozen(pod: &FrozenReport) -> Self {
        Self {
            name: pod.name.clone(),
            uid: pod.uid.clone(),
            state: None,
            people: None,
            stress: None,
            since: None,
            deadline: None,
            why: None,
            remarks: vec![format!("left alone: {}", pod.why)],
            counted: pod.counted,
            pinned: false,
            drain_requested: false,
            outdated: false,
            unreachable: false,
            node: None,
            heard: None,
        }
    }
}

/// What should be known of a bridge, the most important first.
fn remarks(bridge: &BridgeReport) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut say = |so: bool, words: &str| {
        if so {
            remarks.push(words.to_owned());
        }
    };
    let state = bridge.state;
    say(
        !reason(state, bridge.why).is_empty(),
        reason(state, bridge.why),
    );
    say(bridge.force, "force: it is removed with the people on it");
    say(
        bridge.drain_requested && state.countable(),
        "drain asked for, not begun yet",
    );
    say(bridge.pinned, "pinned");
    say(bridge.node_leaving, "its node leaves");
    say(
        bridge.outdated && (state.countable() || state == State::Warm),
        "of an older revision",
    );
    say(
        state.countable() && !bridge.counted,
        "not counted: stands in for another one",
    );
    say(bridge.unreachable, "does not answer");
    remarks
}

/// Why a bridge is where it is, in words that follow its state; empty where the state says it all.
fn reason(state: State, why: IntentReason) -> &'static str {
    match state {
        State::Active => match why {
            IntentReason::Rescued => "was draining and was taken back",
            _ => "",
        },
        State::Pending | State::Starting => match why {
            IntentReason::Surge => "replaces another one",
            IntentReason::Rescued | IntentReason::Operator => "is taken back",
            _ => "more bridges are wanted",
        },
        State::Warm => "spare, hidden and empty",
        State::DrainRequested | State::Draining | State::Settling => match why {
            IntentReason::ScaleDown => "fewer bridges are wanted",
            IntentReason::Outdated => "replaced by a newer revision",
            IntentReason::NodeLeaving => "its node leaves",
            IntentReason::Interrupted => "its node is taken away",
            IntentReason::Operator => "somebody asked for it",
            IntentReason::PoolDeleted => "the pool is being deleted",
            IntentReason::Failed => "did not come up",
            _ => "has to go",
        },
        State::Expelling => "past its deadline: its people are being moved",
        State::Removing | State::Deleting => match why {
            IntentReason::DeadlinePassed => "past its deadline: is being removed",
            IntentReason::Failed => "did not come up: is being removed",
            _ => "empty: is being removed",
        },
        State::Preempted => "somebody else deleted its pod",
        State::Failed => "ended, or does not stay up",
        State::Gone => "is gone",
    }
}

/// What happens to people who are still on a bridge at its deadline.
pub fn after_the_deadline(spec: &BridgePoolSpec, why: IntentReason) -> &'static str {
    match spec.drain.on_deadline {
        // Whoever's node is taken away is moved, if at all possible.
        OnDeadline::Wait if why != IntentReason::Interrupted => {
            "they may stay after that, as long as they like"
        }
        OnDeadline::Kill => "whoever is still there then is cut off",
        OnDeadline::Wait | OnDeadline::Move => {
            "whoever is still there then is moved to another bridge"
        }
    }
}
