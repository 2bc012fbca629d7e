//! What is to be done, and why.

use bridge::Time;
use scaler_api::State;
use scaler_api::state::IntentReason;
use scaler_api::status::{ConditionType, Reason};
use serde::{Deserialize, Serialize};

use crate::life::Way;
use crate::order::{RescueRank, VictimRank};
use crate::world::{Command, Empty, Look, Marks, Run, Uid};

/// What is to be done about a pool, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// When it was made.
    pub at: Time,
    /// Which state of the world it is of: how often something had changed.
    pub of: u64,
    /// What is to be done, in this order.
    pub decisions: Vec<Decision>,
    /// Where there are too many: the bridges that may be drained, the first one first, and those that may not, with the reason.
    /// This list and the next three are those that decided.
    pub victims: Vec<VictimRank>,
    /// The bridges that must go, in the same order: their node leaves, or an operator asked for it.
    pub leaving: Vec<VictimRank>,
    /// The bridges of older revisions, in the same order, while a rollout goes on.
    pub outdated: Vec<VictimRank>,
    /// Where there are too few: the draining and warm bridges that may be taken back, the first one first, and those that may
    /// not, with the reason.
    pub rescues: Vec<RescueRank>,
    /// What keeps the pool from what is asked for, or is wrong about it.
    pub findings: Vec<Finding>,
    /// Bridges past their deadline, and whether their people can be moved now.
    pub movable: Vec<(Uid, bool)>,
    /// The numbers for the pool's status; `None` where nothing was looked at because nothing had changed.
    pub tally: Option<Tally>,
    /// When to decide again if nothing changes before.
    pub wake: Time,
    /// Whether it is only to be told.
    pub dry_run: bool,
}

impl Plan {
    /// Nothing is due before `wake`.
    pub(crate) const fn nothing(at: Time, wake: Time, of: u64) -> Self {
        Self {
            at,
            of,
            decisions: Vec::new(),
            victims: Vec::new(),
            leaving: Vec::new(),
            outdated: Vec::new(),
            rescues: Vec::new(),
            findings: Vec::new(),
            movable: Vec::new(),
            tally: None,
            wake,
            dry_run: false,
        }
    }

    /// The UIDs of the list from which a bridge was chosen for this reason, in its order. Empty where none was ranked.
    pub fn chosen_from(&self, why: IntentReason) -> Vec<&Uid> {
        let drained = match why {
            IntentReason::ScaleDown => &self.victims,
            IntentReason::Outdated => &self.outdated,
            IntentReason::NodeLeaving | IntentReason::Interrupted | IntentReason::Operator => {
                &self.leaving
            }
            IntentReason::Rescued => {
                return self.rescues.iter().map(|rank| &*rank.key.uid).collect();
            }
            _ => return Vec::new(),
        };
        drained.iter().map(|rank| &*rank.key.uid).collect()
    }
}

/// One thing that is to be done. Written as JSON it is a line of the decision log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// What kind of thing.
    pub transition: Transition,
    /// Which bridge; `None` where it is none yet, or the pool itself.
    pub pod: Option<PodRef>,
    /// In which state it is.
    pub from: State,
    /// In which state it will be.
    pub to: State,
    /// Why.
    pub why: IntentReason,
    /// By what.
    pub evidence: Evidence,
    /// What is to be sent.
    pub action: Action,
}

impl Decision {
    /// The way on which it takes a bridge.
    pub const fn way(&self) -> Way {
        Way {
            from: self.from,
            to: self.to,
            by: self.transition,
        }
    }
}

/// Which pod.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PodRef {
    /// Its UID.
    pub uid: Uid,
    /// Its name.
    pub name: String,
    /// The revision of the template of which it was made.
    pub revision: String,
}

/// By what something was decided.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// The run of the bridge that answered last.
    pub run: Option<Run>,
    /// Its last answer.
    pub look: Option<Look>,
    /// Since when it has been seen empty.
    pub empty: Option<Empty>,
    /// Its deadline.
    pub deadline: Option<Time>,
    /// Counted bridges.
    pub counted: u32,
    /// How many are wanted.
    pub wanted: u32,
    /// Counted bridges that take conferences.
    pub active: u32,
    /// Its place, from 1, in the list from which it was chosen: [`Plan::chosen_from`].
    pub rank: Option<usize>,
}

/// What a decision does to a bridge's life.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Transition {
    /// A bridge is started.
    Create,
    /// A bridge takes conferences.
    Activate,
    /// An uncounted bridge becomes counted.
    Count,
    /// A bridge that cannot be seen is not counted any more.
    Uncount,
    /// A bridge is chosen to be drained.
    Drain,
    /// A bridge confirmed its drain.
    Acknowledge,
    /// A bridge that was started anew while draining is drained anew.
    Redrain,
    /// A draining bridge is empty for the first time.
    Settle,
    /// It is not, or nobody knows.
    Unsettle,
    /// It is proven empty, and will be removed.
    Remove,
    /// It is not empty after all.
    Return,
    /// It is told to shut down.
    ShutDown,
    /// Its pod is deleted.
    Delete,
    /// It is taken back.
    Rescue,
    /// A warm one is woken.
    Wake,
    /// It is kept, empty and hidden.
    KeepWarm,
    /// Its deadline passed, and its people are moved.
    Expel,
    /// One of its conferences is moved.
    Move,
    /// Somebody else deleted it.
    Preempt,
    /// It did not come up in time, or crashes again and again.
    StartFailed,
    /// A command is given that the bridge's mode did not follow.
    Reassert,
    /// The pool's finalizer is set.
    HoldPool,
    /// The pool may go.
    ReleasePool,
    /// A pod without an owner is taken up.
    Adopt,
    /// A pod is let go without its pool.
    Orphan,
    /// Something is asked because it is not known.
    Inquire,
}

impl Transition {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::Create,
        Self::Activate,
        Self::Count,
        Self::Uncount,
        Self::Drain,
        Self::Acknowledge,
        Self::Redrain,
        Self::Settle,
        Self::Unsettle,
        Self::Remove,
        Self::Return,
        Self::ShutDown,
        Self::Delete,
        Self::Rescue,
        Self::Wake,
        Self::KeepWarm,
        Self::Expel,
        Self::Move,
        Self::Preempt,
        Self::StartFailed,
        Self::Reassert,
        Self::HoldPool,
        Self::ReleasePool,
        Self::Adopt,
        Self::Orphan,
        Self::Inquire,
    ];

    /// Its number among those of the state machine's description, `T1` to `T16`; `None` where it is a part of none.
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::Create => Some(1),
            Self::Activate => Some(2),
            Self::Drain => Some(3),
            Self::Acknowledge => Some(4),
            Self::Redrain => Some(5),
            Self::Settle | Self::Unsettle => Some(6),
            Self::Remove => Some(7),
            Self::ShutDown | Self::Delete | Self::Return => Some(8),
            Self::Rescue => Some(9),
            Self::Wake | Self::KeepWarm => Some(10),
            Self::Expel | Self::Move => Some(11),
            Self::Preempt => Some(12),
            Self::Uncount => Some(13),
            Self::StartFailed => Some(14),
            Self::HoldPool | Self::ReleasePool | Self::Orphan => Some(15),
            Self::Reassert => Some(16),
            Self::Count | Self::Adopt | Self::Inquire => None,
        }
    }
}

/// What is to be sent to somebody.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Action {
    /// Create a pod with these marks.
    Create(Box<Mark>),
    /// Mark a pod so, unless it changed.
    Mark(Box<Mark>),
    /// Delete the pod, unless it changed.
    Delete {
        /// The version on which that was decided.
        resource_version: String,
        /// When the evidence is too old; `None` where it does not age.
        not_after: Option<Time>,
    },
    /// Tell the bridge something.
    Tell(Command),
    /// Have jicofo move a whole conference off the bridge.
    Move {
        /// The conference.
        room: String,
        /// How many endpoints it has there.
        endpoints: u64,
    },
    /// Ask jicofo for its conferences.
    AskRooms,
    /// Read the pod.
    Read,
    /// List all pods of the pool.
    List,
    /// Make the pool the owner of the pod, or no longer.
    Own(bool),
    /// Set the pool's finalizer, or take it away.
    Hold(bool),
}

/// A pod's marks, in a decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// The version on which it was decided; empty for a pod that is to be created.
    pub resource_version: String,
    /// What it will be marked as.
    #[serde(serialize_with = "marks")]
    pub after: Marks,
}

/// Marks as the annotations and labels that say them.
fn marks<S: serde::Serializer>(marks: &Marks, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        marks
            .labels("")
            .into_iter()
            .chain(marks.annotations())
            .skip(1)
            .filter_map(|(key, value)| Some((key, value?))),
    )
}

/// Something that an operator should know.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Finding {
    /// Which condition it belongs to.
    pub condition: ConditionType,
    /// Why, in a word.
    pub reason: Reason,
    /// Why, in a sentence.
    pub message: String,
}

/// The numbers of a pool.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Bridges that the HPA counts.
    pub counted: u32,
    /// How many are wanted.
    pub wanted: u32,
    /// Of the counted, those whose pods are ready.
    pub ready: u32,
    /// Bridges that take conferences.
    pub active: u32,
    /// Of those, the counted ones.
    pub active_counted: u32,
    /// Bridges on their way out, with people on them or not yet proven empty.
    pub draining: u32,
    /// Of those, the ones that count against `drain.maxConcurrent`.
    pub draining_chosen: u32,
    /// Warm bridges.
    pub warm: u32,
    /// Bridges of which nothing fresh is known.
    pub unknown: u32,
    /// Counted bridges of the current revision.
    pub updated: u32,
    /// Bridges of older revisions.
    pub outdated: u32,
    /// Bridges that were started as replacements and are not counted yet.
    pub surge: u32,
    /// When the oldest drain that goes on was begun.
    pub oldest_drain: Option<Time>,
}
