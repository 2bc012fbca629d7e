//! What an operator says of a pool. Each default is said once, in the `Default` of its block.
//!
//! The texts of the fields are what `kubectl explain bridgepool.spec` prints.

mod capacity;
mod drain;
mod evidence;
mod protect;
mod sidecar;
mod slots;
mod template;
mod update;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use capacity::{Capacity, Measurement, Rescue, Warm};
pub use drain::{Drain, OnDeadline};
pub use evidence::Evidence;
pub use protect::{DeletionPolicy, NodeSignal, Protect};
pub use sidecar::Sidecar;
pub use slots::Slots;
pub use template::{BRIDGE_CONTAINER, Template, WorkloadRef};
pub use update::Update;

use crate::Duration;

/// What is wanted of the pool.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BridgePoolSpec {
    /// How many bridges shall take conferences. A HorizontalPodAutoscaler or "kubectl scale" writes it; leave it out of files
    /// that are applied again and again, or each apply scales the pool. Draining and warm bridges come on top.
    pub replicas: u32,

    /// The most bridges that are ever counted, whatever replicas says. Required with slots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_replicas: Option<u32>,

    /// How many bridges keep taking conferences, whatever replicas says: the pool drains no bridge below it. 0 allows
    /// "kubectl scale --replicas=0" to drain the last one.
    pub min_active: u32,

    /// The bridges' pods, as in a Deployment; a container named jvb is the bridge. The pool adds labels, annotations and
    /// what sidecar says. Every field that the API server knows is passed on. Either this or workloadRef.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,

    /// What the pool adds to the template besides labels and annotations. native: a sidecar (an init container that goes on
    /// running), through which alone the bridge is commanded and which has people moved when somebody else deletes the pod; with
    /// it the preStop hook, environment and configuration of the bridge, for images of docker-jitsi-meet: "kubectl bridgepool
    /// template" shows them and says why. none: nothing but the grace period; whoever reaches the bridge's HTTP commands it.
    pub sidecar: Sidecar,

    /// An existing workload whose bridges the pool shall scale instead of pods of its own. Either this or template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_ref: Option<WorkloadRef>,

    /// How bridges are emptied before they are removed.
    pub drain: Drain,

    /// Taking draining bridges back when bridges are needed again.
    pub rescue: Rescue,

    /// Empty bridges that are kept running and hidden, to be woken within seconds.
    pub warm: Warm,

    /// How a changed template reaches the bridges.
    pub update: Update,

    /// Numbered bridges, each with a media port of its own: for bridges that share one public address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<Slots>,

    /// How much a bridge shall and can carry.
    pub capacity: Capacity,

    /// What keeps bridges from being evicted, and what tells that a node is about to leave.
    pub protect: Protect,

    /// How fresh and how sure a bridge's own word must be before something is decided by it.
    pub evidence: Evidence,

    /// The region that the bridges tell jicofo, so that people meet on a bridge near them. A pool is one region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,

    /// How long a bridge is left alone after its start before it may be drained to scale down. 0s: not at all.
    pub min_lifetime: Duration,

    /// What happens to the bridges when the pool is deleted. Drain: each is drained first, and the pool stays until the last
    /// one is gone. Now: all are deleted at once, and people are cut off, unless the pods move them within their grace period,
    /// as by a preStop hook of the template. Orphan: they go on running without a pool.
    pub deletion_policy: DeletionPolicy,

    /// Starts, drains, rescues and removes nothing; bridges stay as they are, and drains that were begun are kept up.
    pub paused: bool,

    /// Decides, and tells in events, status and log what it would do, without doing it.
    pub dry_run: bool,
}

impl BridgePoolSpec {
    /// How many bridges may hold a slot at once: those that are counted, drained, started as replacements or kept warm.
    /// `None` while it cannot be told, because maxReplicas is missing or a limit is a share.
    pub fn slots_needed(&self) -> Option<u64> {
        let parts = [
            self.max_replicas?,
            self.drain.max_concurrent.count()?,
            self.update.max_surge.count()?,
            self.warm.max,
        ];
        Some(parts.map(u64::from).iter().sum())
    }
}

impl Default for BridgePoolSpec {
    fn default() -> Self {
        Self {
            replicas: 1,
            max_replicas: None,
            min_active: 1,
            template: None,
            sidecar: Sidecar::default(),
            workload_ref: None,
            drain: Drain::default(),
            rescue: Rescue::default(),
            warm: Warm::default(),
            update: Update::default(),
            slots: None,
            capacity: Capacity::default(),
            protect: Protect::default(),
            evidence: Evidence::default(),
            region: None,
            min_lifetime: Duration::from_mins(2),
            deletion_policy: DeletionPolicy::Now,
            paused: false,
            dry_run: false,
        }
    }
}
