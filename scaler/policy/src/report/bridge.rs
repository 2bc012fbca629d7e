//! One bridge in a report.

use bridge::Time;
use scaler_api::State;
use scaler_api::state::IntentReason;
use serde::{Deserialize, Serialize};

use crate::scene::{Doubt, Leaving, Scene, Sight, proven_empty};
use crate::world::{Frozen, Look, Pod, Uid};

/// One bridge in a report.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BridgeReport {
    /// The UID of its pod.
    pub uid: Uid,
    /// The name of its pod.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// Since when that is intended with it.
    pub since: Time,
    /// Why.
    pub why: IntentReason,
    /// Until when it may drain.
    pub deadline: Option<Time>,
    /// Whether the HPA counts it.
    pub counted: bool,
    /// The node that it is on.
    pub node: Option<String>,
    /// Whether that node is about to leave.
    pub node_leaving: bool,
    /// The revision of the template of which it was made.
    pub revision: String,
    /// Whether that is not the current one.
    pub outdated: bool,
    /// Whether an operator wants it left alone.
    pub pinned: bool,
    /// Whether an operator wants it drained.
    pub drain_requested: bool,
    /// Whether an operator wants it removed at once.
    pub force: bool,
    /// What it said last, when that was said by the run that goes on.
    pub last: Option<Look>,
    /// Whether that is fresh enough to decide by.
    pub fresh: bool,
    /// Whether it should answer and has not for long.
    pub unreachable: bool,
    /// Since when its run lasts, or since when it waits for one.
    pub up_since: Time,
    /// Until when it may go on, once it is deleted.
    pub deletion: Option<Time>,
    /// Why it is not yet proven to be empty, where it is on its way out.
    pub doubt: Option<Doubt>,
}

/// A pod whose labels or annotations cannot be understood.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrozenReport {
    /// Its UID.
    pub uid: Uid,
    /// Its name.
    pub name: String,
    /// Which of them, and what it should be.
    pub why: String,
    /// Whether the HPA counts it.
    pub counted: bool,
}

impl BridgeReport {
    pub(super) fn new(scene: &Scene<'_>, sight: &Sight<'_>) -> Self {
        let marks = sight.marks;
        let this_run = sight.pod.running().is_some()
            && sight.live.run.as_ref().map(|run| run.container.as_str()) == sight.pod.running();
        let last = sight.live.last.filter(|_| this_run).map(|look| Look {
            at: scene.world.server_time(look.at),
            ..look
        });
        Self {
            uid: sight.pod.uid.clone(),
            name: sight.pod.name.clone(),
            state: sight.state,
            since: marks.since,
            why: marks.reason,
            deadline: marks.deadline,
            counted: sight.counted(),
            node: sight.pod.node.clone(),
            node_leaving: matches!(sight.leaving, Some(Leaving::Soon | Leaving::Interrupted)),
            revision: marks.revision.clone(),
            outdated: sight.outdated,
            pinned: marks.pinned,
            drain_requested: marks.drain_requested,
            force: marks.force,
            last,
            fresh: sight.fresh,
            unreachable: sight.unreachable,
            up_since: sight.up_since(),
            deletion: sight.pod.deletion,
            doubt: matches!(
                sight.state,
                State::DrainRequested | State::Draining | State::Settling
            )
            .then(|| proven_empty(scene.world, sight, scene.now).err())
            .flatten(),
        }
    }
}

impl FrozenReport {
    pub(super) fn new((pod, frozen): &(&Pod, &Frozen)) -> Self {
        Self {
            uid: pod.uid.clone(),
            name: pod.name.clone(),
            why: frozen.why.clone(),
            counted: frozen.counted,
        }
    }
}
