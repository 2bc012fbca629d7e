//! What was decided about a pod, as its labels and annotations say it.

use std::collections::BTreeMap;

use bridge::Time;
use scaler_api::State;
use scaler_api::annotations::{self, DrainAcked};
use scaler_api::key::{Key, Malformed, Value};
use scaler_api::labels;
use scaler_api::state::{Intent, IntentReason};

use crate::world::Frozen;

/// The Cluster Autoscaler's annotation: whether it may evict a pod to remove its node.
pub const SAFE_TO_EVICT: Key<bool> = Key::new("cluster-autoscaler.kubernetes.io/safe-to-evict");

/// What was decided about a pod.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a label or an annotation of its own"
)]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Marks {
    /// Whether the HPA counts it.
    pub counted: bool,
    /// Whether it must not be evicted.
    pub protected: bool,
    /// Whether the Cluster Autoscaler may evict it.
    pub safe_to_evict: bool,
    /// The state that was last told; nothing is decided by it.
    pub state: Option<State>,
    /// The revision of the template of which it was made.
    pub revision: String,
    /// Its number among the slots.
    pub slot: Option<u32>,
    /// Which creation it came from.
    pub creation: Option<String>,
    /// What is intended.
    pub intent: Intent,
    /// Why.
    pub reason: IntentReason,
    /// Since when.
    pub since: Time,
    /// Until when it may drain.
    pub deadline: Option<Time>,
    /// Which run of the bridge confirmed which drain mode.
    pub acked: Option<DrainAcked>,
    /// Since when it has been seen empty, draining.
    pub zero_since: Option<Time>,
    /// An operator wants it left alone.
    pub pinned: bool,
    /// An operator wants it drained.
    pub drain_requested: bool,
    /// An operator wants it removed at once.
    pub force: bool,
}

impl Marks {
    /// Marks of a bridge that serves since then, and nothing more.
    pub fn new(revision: &str, reason: IntentReason, since: Time) -> Self {
        Self {
            counted: true,
            protected: true,
            safe_to_evict: false,
            state: None,
            revision: revision.to_owned(),
            slot: None,
            creation: None,
            intent: Intent::Active,
            reason,
            since,
            deadline: None,
            acked: None,
            zero_since: None,
            pinned: false,
            drain_requested: false,
            force: false,
        }
    }

    /// Reads the labels and annotations of a pod; what is missing is what a bridge that serves has. A pod without an intent
    /// since when is one since its creation.
    ///
    /// # Errors
    /// When one of them cannot be understood.
    pub fn read(
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
        created: Time,
    ) -> Result<Self, Frozen> {
        Self::understand(labels, annotations, created).map_err(|malformed| Frozen {
            why: malformed.to_string(),
            counted: labels::COUNTED
                .read(labels)
                .is_ok_and(|counted| counted == Some(true)),
            slot: labels::SLOT.read(labels).unwrap_or(None),
        })
    }

    fn understand(
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
        created: Time,
    ) -> Result<Self, Malformed> {
        Ok(Self {
            counted: labels::COUNTED.read(labels)?.unwrap_or(false),
            protected: labels::PROTECTED.read(labels)?.unwrap_or(false),
            safe_to_evict: SAFE_TO_EVICT.read(annotations)?.unwrap_or(false),
            // Told to people only: a state of a later version must not freeze the pod.
            state: labels::STATE.read(labels).unwrap_or(None),
            revision: labels::REVISION.read(labels)?.unwrap_or_default(),
            slot: labels::SLOT.read(labels)?,
            creation: labels::CREATION.read(labels)?,
            intent: annotations::INTENT
                .read(annotations)?
                .unwrap_or(Intent::Active),
            reason: annotations::INTENT_REASON
                .read(annotations)?
                .unwrap_or(IntentReason::ScaleUp),
            since: annotations::INTENT_SINCE
                .read(annotations)?
                .unwrap_or(created),
            deadline: annotations::DEADLINE.read(annotations)?,
            acked: annotations::DRAIN_ACKED.read(annotations)?,
            zero_since: annotations::ZERO_SINCE.read(annotations)?,
            pinned: annotations::PINNED.read(annotations)?.unwrap_or(false),
            drain_requested: annotations::DRAIN_REQUESTED
                .read(annotations)?
                .unwrap_or(false),
            force: annotations::FORCE.read(annotations)?.unwrap_or(false),
        })
    }

    /// The labels that say this. `None` takes one away.
    pub fn labels(&self, pool: &str) -> Vec<(&'static str, Option<String>)> {
        vec![
            one(&labels::POOL, Some(&pool.to_owned())),
            one(&labels::COUNTED, self.counted.then_some(&true)),
            one(&labels::PROTECTED, self.protected.then_some(&true)),
            one(&labels::STATE, self.state.as_ref()),
            one(&labels::REVISION, Some(&self.revision)),
            one(&labels::SLOT, self.slot.as_ref()),
            one(&labels::CREATION, self.creation.as_ref()),
        ]
    }

    /// The annotations that say this. `None` takes one away. What an operator asks for is theirs and not among them.
    pub fn annotations(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            one(&annotations::INTENT, Some(&self.intent)),
            one(&annotations::INTENT_REASON, Some(&self.reason)),
            one(&annotations::INTENT_SINCE, Some(&self.since)),
            one(&annotations::DEADLINE, self.deadline.as_ref()),
            one(&annotations::DRAIN_ACKED, self.acked.as_ref()),
            one(&annotations::ZERO_SINCE, self.zero_since.as_ref()),
            one(&SAFE_TO_EVICT, Some(&self.safe_to_evict)),
        ]
    }
}

fn one<T: Value>(key: &Key<T>, value: Option<&T>) -> (&'static str, Option<String>) {
    (key.name(), value.map(Value::print))
}
