//! The states of a bridge's pod in its pool, and what is intended with it.

use serde::{Deserialize, Serialize};

/// Where a bridge's pod stands in its life, as the pool sees it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum State {
    /// The pod exists, its bridge does not run yet.
    Pending,
    /// The bridge runs, but is not yet healthy, undrained and in its brewery.
    Starting,
    /// Takes conferences.
    Active,
    /// Runs empty and hidden from jicofo, to be woken in a second.
    Warm,
    /// Chosen to be drained; the bridge has not confirmed it yet.
    DrainRequested,
    /// Takes no new conferences; people are still on it.
    Draining,
    /// Draining and seen empty, for less than the settle time.
    Settling,
    /// The deadline has passed: its people are being moved to other bridges.
    Expelling,
    /// Proven empty; its protection is taken away, it is about to be deleted.
    Removing,
    /// Deleted by the pool; ends within its grace period.
    Deleting,
    /// Deleted by somebody else; the sidecar moves its people within the grace period.
    Preempted,
    /// Ended, or crashing again and again.
    Failed,
    /// No longer there.
    Gone,
}

/// What the pool intends with a bridge: written on its pod before anything is done about it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// To serve people.
    Active,
    /// To wait, empty and hidden.
    Warm,
    /// To drain until the deadline.
    Drain,
    /// To have its people moved to other bridges.
    Expel,
    /// To be deleted, being empty.
    Remove,
}

/// Why the pool intends that.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum IntentReason {
    /// The pool has fewer bridges than are wanted.
    ScaleUp,
    /// The pool has more bridges than are wanted.
    ScaleDown,
    /// It runs an older revision of the template.
    Outdated,
    /// It is the replacement of an outdated bridge, or of one whose node is leaving.
    Surge,
    /// Its node is about to leave.
    NodeLeaving,
    /// Its node is about to be taken away within minutes (spot capacity).
    Interrupted,
    /// An operator asked for it.
    Operator,
    /// It was draining when it was needed again.
    Rescued,
    /// It is kept as a spare.
    Spare,
    /// Its deadline has passed.
    DeadlinePassed,
    /// It was proven empty.
    Empty,
    /// It does not come up, or ended.
    Failed,
    /// Its pool is being deleted.
    PoolDeleted,
    /// The pool's deletion policy says what becomes of its bridges when it is deleted.
    DeletionPolicy,
}

impl State {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 13] = [
        Self::Pending,
        Self::Starting,
        Self::Active,
        Self::Warm,
        Self::DrainRequested,
        Self::Draining,
        Self::Settling,
        Self::Expelling,
        Self::Removing,
        Self::Deleting,
        Self::Preempted,
        Self::Failed,
        Self::Gone,
    ];

    /// Whether the HPA's count of replicas may hold it; a surge pod in one of these states is not counted all the same.
    pub const fn countable(self) -> bool {
        matches!(self, Self::Pending | Self::Starting | Self::Active)
    }

    /// Whether people may still be on it, so that it must not be evicted.
    pub const fn protected(self) -> bool {
        self.countable()
            || matches!(
                self,
                Self::DrainRequested | Self::Draining | Self::Settling | Self::Expelling
            )
    }

    /// Whether it is on its way out while people may still be on it.
    pub const fn draining(self) -> bool {
        matches!(
            self,
            Self::DrainRequested | Self::Draining | Self::Settling | Self::Expelling
        )
    }
}
