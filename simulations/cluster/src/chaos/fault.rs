//! The faults by name.

/// One kind of fault. The numbers are those of `docs/faults.md`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Fault {
    /// F1: the leader crashes between the patch that begins a drain and the command to the bridge.
    CrashAfterDrainPatch,
    /// F2: the leader crashes between the command to drain and the patch that notes its confirmation.
    CrashAfterDrainCommand,
    /// F3: the leader crashes between the decision to remove a bridge and the deletion.
    CrashAfterRemovePatch,
    /// F4: the leader crashes between the command to shut down and the deletion.
    CrashAfterShutdown,
    /// F5: the leader crashes between the patch that takes a bridge back and the command to the bridge.
    CrashInRescue,
    /// F6: a restarted controller is given a list that is 30 s old.
    StaleList,
    /// F7: a watch falls silent without an error, for up to ten minutes.
    WatchStalled,
    /// F8: all watches end with 410, several times in a row, and list anew.
    WatchGone,
    /// F9: a creation is done, and its answer gets lost.
    CreateAnswerLost,
    /// F10: a deletion is done, and its answer gets lost.
    DeleteAnswerLost,
    /// F11: the leader is paused for 20 s and more, another takes over, and it goes on where it was.
    LeaderPaused,
    /// F12: a deletion is under way while the leader loses its lease.
    DeleteOfTheDeposed,
    /// F13: the clock of the leader jumps by an hour, and it starts anew with it.
    ClockJump,
    /// F14: the clocks of two replicas differ by 90 s, and the lead goes over.
    SkewedHandover,
    /// F15: an annotation of a pod becomes unreadable.
    MalformedAnnotation,
    /// F16: the leader crashes again and again.
    CrashLoop,
    /// F17: the API server fails every request, for up to half an hour.
    ApiDown,
    /// F18: the API server answers most writes with 429.
    ApiThrottled,
    /// F19: somebody writes the pool all the time, so that others conflict.
    ConflictStorm,
    /// F20: an admission webhook refuses new pods.
    CreationRefused,
    /// F21: a rollout to an image that cannot be had.
    BadImage,
    /// F22: the PodDisruptionBudget is deleted or doubled, and a busy bridge evicted.
    BudgetGone,
    /// F23: a user takes labels away and forges annotations.
    LabelsEdited,
    /// F24: a user deletes a busy bridge, by force or not.
    PodDeleted,
    /// F25: kubectl drain of a node with busy bridges.
    NodeDrained,
    /// F26: Karpenter takes a node, and deletes its pods at the end of its own grace period.
    NodeDisrupted,
    /// F27: a node announces its end and is gone two minutes later.
    SpotInterruption,
    /// F28: a node loses the API server for some minutes; its bridges go on.
    NodeCutOff,
    /// F29: a node vanishes, and its object later.
    NodeGone,
    /// F30: a kubelet restarts in the middle of a preStop hook.
    KubeletRestarted,
    /// F31: a bridge is killed for its memory.
    OutOfMemory,
    /// F32: the scheduler deletes a bridge in favour of another pod.
    Preempted,
    /// F33: the pool itself is deleted.
    PoolDeleted,
    /// F34: new bridges find no node.
    NoRoom,
    /// F36: the size is set far down and back within a minute.
    SizeFlaps,
    /// F37: kubectl scale --replicas=0, and back.
    ScaledToZero,
    /// F38: an upgrade sets replicas to 1 for a moment.
    SizeReset,
    /// F39: the adapter is down, says zero, or always the same.
    AdapterTrouble,
    /// F40: the size goes down and up again while there is no node to be had.
    ScaledUpWithoutRoom,
    /// F42: a bridge refuses, hangs, fails, answers half or does not do what it confirms.
    BridgeTrouble,
    /// F43: a bridge restarts while it drains, settles or is removed.
    DrainingBridgeRestarts,
    /// F44: conferences begin right after a drain or right before a deletion.
    ConferenceAtTheDoor,
    /// F45: a meeting on a draining bridge lasts beyond the deadline and grows.
    LongMeeting,
    /// F46: a bridge counts somebody who has left, or below zero.
    CountsLie,
    /// F47: a bridge without people of its own says that it relays a conference.
    RelayOnly,
    /// F48: jicofo is away.
    JicofoDown,
    /// F49: all bridges say for 30 s that nobody is there.
    AllSayZero,
    /// F50: all bridges find themselves unhealthy.
    AllUnhealthy,
    /// F51: a rollout to another version, which jicofo does not mix with the old one.
    Rollout,
    /// F53: the controllers do not reach the bridges of one zone.
    ZoneCut,
    /// F54: a sidecar fails in the middle of its preStop hook.
    SidecarDies,
    /// F55: a stranger tells all bridges to drain.
    DrainedByStranger,
    /// F56: the deadline is edited while bridges drain.
    DeadlineEdited,
    /// F58: a pod of another owner carries the labels of the pool.
    ForeignPod,
    /// F59: a deletion arrives minutes after it was decided.
    DeleteDelayed,
    /// F60: a pod vanishes while a patch of it is under way.
    PodGoneUnderPatch,
    /// F61: a status arrives after its writer was deposed.
    StatusOfTheDeposed,
}

/// The faults that this simulation does not have, with the reason.
pub const NOT_MODELLED: [(u8, &str); 4] = [
    (
        35,
        "there is one version of the controller and of its annotations",
    ),
    (
        41,
        "which HPAs there are is read by the controller, not by the policy that is driven here",
    ),
    (
        52,
        "a bridge is reached by the name of its pod here, so that no address can be used again",
    ),
    (57, "the pool has no schedule yet"),
];

impl Fault {
    /// All of them.
    pub const ALL: [Self; 57] = [
        Self::CrashAfterDrainPatch,
        Self::CrashAfterDrainCommand,
        Self::CrashAfterRemovePatch,
        Self::CrashAfterShutdown,
        Self::CrashInRescue,
        Self::StaleList,
        Self::WatchStalled,
        Self::WatchGone,
        Self::CreateAnswerLost,
        Self::DeleteAnswerLost,
        Self::LeaderPaused,
        Self::DeleteOfTheDeposed,
        Self::ClockJump,
        Self::SkewedHandover,
        Self::MalformedAnnotation,
        Self::CrashLoop,
        Self::ApiDown,
        Self::ApiThrottled,
        Self::ConflictStorm,
        Self::CreationRefused,
        Self::BadImage,
        Self::BudgetGone,
        Self::LabelsEdited,
        Self::PodDeleted,
        Self::NodeDrained,
        Self::NodeDisrupted,
        Self::SpotInterruption,
        Self::NodeCutOff,
        Self::NodeGone,
        Self::KubeletRestarted,
        Self::OutOfMemory,
        Self::Preempted,
        Self::PoolDeleted,
        Self::NoRoom,
        Self::SizeFlaps,
        Self::ScaledToZero,
        Self::SizeReset,
        Self::AdapterTrouble,
        Self::ScaledUpWithoutRoom,
        Self::BridgeTrouble,
        Self::DrainingBridgeRestarts,
        Self::ConferenceAtTheDoor,
        Self::LongMeeting,
        Self::CountsLie,
        Self::RelayOnly,
        Self::JicofoDown,
        Self::AllSayZero,
        Self::AllUnhealthy,
        Self::Rollout,
        Self::ZoneCut,
        Self::SidecarDies,
        Self::DrainedByStranger,
        Self::DeadlineEdited,
        Self::ForeignPod,
        Self::DeleteDelayed,
        Self::PodGoneUnderPatch,
        Self::StatusOfTheDeposed,
    ];

    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::CrashAfterDrainPatch => 1,
            Self::CrashAfterDrainCommand => 2,
            Self::CrashAfterRemovePatch => 3,
            Self::CrashAfterShutdown => 4,
            Self::CrashInRescue => 5,
            Self::StaleList => 6,
            Self::WatchStalled => 7,
            Self::WatchGone => 8,
            Self::CreateAnswerLost => 9,
            Self::DeleteAnswerLost => 10,
            Self::LeaderPaused => 11,
            Self::DeleteOfTheDeposed => 12,
            Self::ClockJump => 13,
            Self::SkewedHandover => 14,
            Self::MalformedAnnotation => 15,
            Self::CrashLoop => 16,
            Self::ApiDown => 17,
            Self::ApiThrottled => 18,
            Self::ConflictStorm => 19,
            Self::CreationRefused => 20,
            Self::BadImage => 21,
            Self::BudgetGone => 22,
            Self::LabelsEdited => 23,
            Self::PodDeleted => 24,
            Self::NodeDrained => 25,
            Self::NodeDisrupted => 26,
            Self::SpotInterruption => 27,
            Self::NodeCutOff => 28,
            Self::NodeGone => 29,
            Self::KubeletRestarted => 30,
            Self::OutOfMemory => 31,
            Self::Preempted => 32,
            Self::PoolDeleted => 33,
            Self::NoRoom => 34,
            Self::SizeFlaps => 36,
            Self::ScaledToZero => 37,
            Self::SizeReset => 38,
            Self::AdapterTrouble => 39,
            Self::ScaledUpWithoutRoom => 40,
            Self::BridgeTrouble => 42,
            Self::DrainingBridgeRestarts => 43,
            Self::ConferenceAtTheDoor => 44,
            Self::LongMeeting => 45,
            Self::CountsLie => 46,
            Self::RelayOnly => 47,
            Self::JicofoDown => 48,
            Self::AllSayZero => 49,
            Self::AllUnhealthy => 50,
            Self::Rollout => 51,
            Self::ZoneCut => 53,
            Self::SidecarDies => 54,
            Self::DrainedByStranger => 55,
            Self::DeadlineEdited => 56,
            Self::ForeignPod => 58,
            Self::DeleteDelayed => 59,
            Self::PodGoneUnderPatch => 60,
            Self::StatusOfTheDeposed => 61,
        }
    }

    /// What happens.
    pub const fn title(self) -> &'static str {
        match self {
            Self::CrashAfterDrainPatch => {
                "the leader crashes between the patch that begins a drain and the command to the bridge"
            }
            Self::CrashAfterDrainCommand => {
                "the leader crashes between the command to drain and the patch that notes its confirmation"
            }
            Self::CrashAfterRemovePatch => {
                "the leader crashes between the decision to remove a bridge and the deletion"
            }
            Self::CrashAfterShutdown => {
                "the leader crashes between the command to shut down and the deletion"
            }
            Self::CrashInRescue => {
                "the leader crashes between the patch that takes a bridge back and the command to the bridge"
            }
            Self::StaleList => "a restarted controller is given a list that is 30 s old",
            Self::WatchStalled => "a watch falls silent without an error, for up to ten minutes",
            Self::WatchGone => "all watches end with 410, several times in a row, and list anew",
            Self::CreateAnswerLost => "a creation is done, and its answer gets lost",
            Self::DeleteAnswerLost => "a deletion is done, and its answer gets lost",
            Self::LeaderPaused => {
                "the leader is paused for 20 s and more, another takes over, and it goes on where it was"
            }
            Self::DeleteOfTheDeposed => "a deletion is under way while the leader loses its lease",
            Self::ClockJump => {
                "the clock of the leader jumps by an hour, and it starts anew with it"
            }
            Self::SkewedHandover => {
                "the clocks of two replicas differ by 90 s, and the lead goes over"
            }
            Self::MalformedAnnotation => "an annotation of a pod becomes unreadable",
            Self::CrashLoop => "the leader crashes again and again",
            Self::ApiDown => "the API server fails every request, for up to half an hour",
            Self::ApiThrottled => "the API server answers most writes with 429",
            Self::ConflictStorm => "somebody writes the pool all the time, so that others conflict",
            Self::CreationRefused => "an admission webhook refuses new pods",
            Self::BadImage => "a rollout to an image that cannot be had",
            Self::BudgetGone => {
                "the PodDisruptionBudget is deleted or doubled, and a busy bridge evicted"
            }
            Self::LabelsEdited => "a user takes labels away and forges annotations",
            Self::PodDeleted => "a user deletes a busy bridge, by force or not",
            Self::NodeDrained => "kubectl drain of a node with busy bridges",
            Self::NodeDisrupted => {
                "Karpenter takes a node, and deletes its pods at the end of its own grace period"
            }
            Self::SpotInterruption => "a node announces its end and is gone two minutes later",
            Self::NodeCutOff => "a node loses the API server for some minutes; its bridges go on",
            Self::NodeGone => "a node vanishes, and its object later",
            Self::KubeletRestarted => "a kubelet restarts in the middle of a preStop hook",
            Self::OutOfMemory => "a bridge is killed for its memory",
            Self::Preempted => "the scheduler deletes a bridge in favour of another pod",
            Self::PoolDeleted => "the pool itself is deleted",
            Self::NoRoom => "new bridges find no node",
            Self::SizeFlaps => "the size is set far down and back within a minute",
            Self::ScaledToZero => "kubectl scale --replicas=0, and back",
            Self::SizeReset => "an upgrade sets replicas to 1 for a moment",
            Self::AdapterTrouble => "the adapter is down, says zero, or always the same",
            Self::ScaledUpWithoutRoom => {
                "the size goes down and up again while there is no node to be had"
            }
            Self::BridgeTrouble => {
                "a bridge refuses, hangs, fails, answers half or does not do what it confirms"
            }
            Self::DrainingBridgeRestarts => {
                "a bridge restarts while it drains, settles or is removed"
            }
            Self::ConferenceAtTheDoor => {
                "conferences begin right after a drain or right before a deletion"
            }
            Self::LongMeeting => {
                "a meeting on a draining bridge lasts beyond the deadline and grows"
            }
            Self::CountsLie => "a bridge counts somebody who has left, or below zero",
            Self::RelayOnly => {
                "a bridge without people of its own says that it relays a conference"
            }
            Self::JicofoDown => "jicofo is away",
            Self::AllSayZero => "all bridges say for 30 s that nobody is there",
            Self::AllUnhealthy => "all bridges find themselves unhealthy",
            Self::Rollout => {
                "a rollout to another version, which jicofo does not mix with the old one"
            }
            Self::ZoneCut => "the controllers do not reach the bridges of one zone",
            Self::SidecarDies => "a sidecar fails in the middle of its preStop hook",
            Self::DrainedByStranger => "a stranger tells all bridges to drain",
            Self::DeadlineEdited => "the deadline is edited while bridges drain",
            Self::ForeignPod => "a pod of another owner carries the labels of the pool",
            Self::DeleteDelayed => "a deletion arrives minutes after it was decided",
            Self::PodGoneUnderPatch => "a pod vanishes while a patch of it is under way",
            Self::StatusOfTheDeposed => "a status arrives after its writer was deposed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_either_here_or_said_not_to_be() {
        let here = Fault::ALL.map(Fault::number);
        let missing = NOT_MODELLED.map(|(number, _)| number);
        let mut all: Vec<u8> = here.into_iter().chain(missing).collect();
        all.sort_unstable();
        assert_eq!(all, (1..=61).collect::<Vec<u8>>());
    }
}
