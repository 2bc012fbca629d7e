//! What keeps bridges alive, and what happens when the pool itself goes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What keeps bridges from being evicted, and what tells that a node is about to leave.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Protect {
    /// Whether the pool keeps a PodDisruptionBudget that forbids the eviction of every bridge with people on it.
    pub disruption_budget: bool,

    /// Which signs of a leaving node are heeded: its bridges are drained and replaced ahead of the eviction. Cordon: it was
    /// made unschedulable. Karpenter: it has the taint karpenter.sh/disrupted. ClusterAutoscaler: it has the taint
    /// ToBeDeletedByClusterAutoscaler. Interruption: the cloud announced its end (spot capacity).
    #[schemars(length(max = 8))]
    pub node_signals: Vec<NodeSignal>,
}

impl Default for Protect {
    fn default() -> Self {
        Self {
            disruption_budget: true,
            node_signals: NodeSignal::ALL.to_vec(),
        }
    }
}

/// A sign of a leaving node.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[schemars(inline)]
pub enum NodeSignal {
    #[expect(missing_docs, reason = "the field says what each is")]
    Cordon,
    #[expect(missing_docs, reason = "the field says what each is")]
    Karpenter,
    #[expect(missing_docs, reason = "the field says what each is")]
    ClusterAutoscaler,
    #[expect(missing_docs, reason = "the field says what each is")]
    Interruption,
}

impl NodeSignal {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Cordon,
        Self::Karpenter,
        Self::ClusterAutoscaler,
        Self::Interruption,
    ];
}

/// What happens to the bridges when the pool is deleted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(inline)]
pub enum DeletionPolicy {
    #[expect(missing_docs, reason = "the field says what each does")]
    Drain,
    #[expect(missing_docs, reason = "the field says what each does")]
    Now,
    #[expect(missing_docs, reason = "the field says what each does")]
    Orphan,
}
