//! A bridge's pod.

use std::fmt;

use bridge::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use scaler_api::state::Intent;
use serde::{Deserialize, Serialize};

use crate::world::Marks;

/// The UID of an object: another object of the same name has another one.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Uid(pub String);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bridge's pod, as the API server last told it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// Its UID.
    pub uid: Uid,
    /// Its name, which is the bridge's nickname in the brewery too.
    pub name: String,
    /// The version of the object that all this is of.
    pub resource_version: String,
    /// When it was created.
    pub created: Time,
    /// Whether its label names this pool. Somebody may have taken it off one that the pool owns all the same.
    pub labelled: bool,
    /// Who controls it.
    pub owner: Owner,
    /// Who else owns it without controlling it: kept, whatever becomes of its controller.
    pub co_owners: Vec<OwnerReference>,
    /// What was decided about it. Where that cannot be understood the pod is left alone.
    pub marks: Result<Marks, Frozen>,
    /// Where it stands.
    pub phase: Phase,
    /// The bridge's container; `None` before the kubelet told of one.
    pub container: Option<Container>,
    /// Whether it is ready, for Kubernetes.
    pub ready: bool,
    /// The node that it was given.
    pub node: Option<String>,
    /// Address and port at which the bridge, or its sidecar for it, is asked and told; `None` before it has an address.
    pub authority: Option<String>,
    /// Whether its sidecar stands between its bridge and everybody else: then it obeys signed commands alone.
    pub sidecar: bool,
    /// Until when it may go on, once somebody deleted it: the API server's `deletionTimestamp`.
    pub deletion: Option<Time>,
}

/// A pod whose labels or annotations cannot be understood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frozen {
    /// Which, and what it should be.
    pub why: String,
    /// Whether it has the label by which the HPA counts.
    pub counted: bool,
    /// The slot that it holds.
    pub slot: Option<u32>,
}

/// Who controls a pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Owner {
    /// This pool.
    Pool,
    /// Nobody: left over by a pool of this name, to be taken up.
    Nobody,
    /// Somebody else, for example an earlier pool of the same name. Not touched.
    Other,
}

/// Where a pod stands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Phase {
    /// Not all containers were started yet.
    #[default]
    Pending,
    /// Started.
    Running,
    /// All containers ended well.
    Succeeded,
    /// A container ended badly, for good.
    Failed,
    /// The kubelet does not tell.
    Unknown,
}

impl Phase {
    /// Whether no container runs, nor will one again.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Failed | Self::Succeeded)
    }
}

/// The bridge's container.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Container {
    /// Its ID, such as `containerd://1f6d`; empty before the first start.
    pub id: String,
    /// Whether it runs.
    pub running: Running,
    /// How often it was started anew.
    pub restarts: u32,
}

/// Whether a container runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Running {
    /// Waits for its image or its next start, and does not run.
    Waiting,
    /// Runs since then.
    Since(Time),
    /// Ended, and is not started anew.
    Terminated,
}

impl Pod {
    /// Whether it is none of this pool's: neither its label nor its owner says so.
    pub(crate) fn stranger(&self) -> bool {
        !self.labelled && self.owner != Owner::Pool
    }

    /// The version of the object as a number, where it is one: since Kubernetes 1.35 versions may be compared.
    pub fn version(&self) -> Option<u64> {
        self.resource_version.parse().ok()
    }

    /// The container's ID, while the container runs.
    pub fn running(&self) -> Option<&str> {
        let container = self.container.as_ref()?;
        matches!(container.running, Running::Since(_)).then_some(container.id.as_str())
    }

    /// Whether the kubelet says that the bridge's container does not run and did so only in the past, or never.
    pub fn verifiably_down(&self) -> bool {
        match (self.phase, &self.container) {
            (Phase::Succeeded | Phase::Failed, _) | (Phase::Pending, None) => true,
            (Phase::Unknown, _) | (Phase::Running, None) => false,
            (Phase::Pending | Phase::Running, Some(container)) => {
                matches!(container.running, Running::Waiting | Running::Terminated)
            }
        }
    }

    /// Whether it serves people and was seen to do so, so that one more look at it changes nothing.
    pub(crate) fn settled(&self) -> bool {
        self.deletion.is_none()
            && self.marks.as_ref().is_ok_and(|marks| {
                marks.intent == Intent::Active
                    && marks
                        .acked
                        .as_ref()
                        .is_some_and(|acked| Some(acked.container_id.as_str()) == self.running())
            })
    }
}
