//! The conditions of a pool and the reasons that they give.

use std::fmt;

use schemars::{Schema, SchemaGenerator, json_schema};

/// What a condition is about. Those marked "trouble" are good when they are `False`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ConditionType {
    /// At least minActive bridges take conferences.
    Available,
    /// Bridges are being started or replaced.
    Progressing,
    /// Bridges are being emptied.
    Draining,
    /// Trouble: the pool has not the size that is asked for.
    ScalingLimited,
    /// Draining bridges are being taken back.
    RescueActive,
    /// Trouble: statistics are too old to decide by.
    MetricsStale,
    /// Trouble: some bridges do not answer.
    BridgesUnknown,
    /// Trouble: somebody else's PodDisruptionBudget covers bridges of this pool, or its own does not cover them.
    ForeignPdb,
    /// Trouble: a rollout stopped.
    UpdateStalled,
    /// An operator paused the pool or its updates.
    Paused,
    /// Trouble: the HorizontalPodAutoscaler sees other pods than it scales.
    HpaSelectorMode,
    /// Trouble: many bridges fell to zero at once, which is taken for an outage.
    MassEmpty,
    /// Trouble: jicofo does not answer.
    JicofoAway,
    /// Trouble: the clocks of controllers differ.
    ClockSkew,
    /// Trouble: stress says little of this pool's bridges.
    StressUnreliable,
    /// Trouble: the API server refuses pods of the template.
    TemplateInvalid,
    /// Whether this version can do what the spec asks for.
    Supported,
}

/// Why a condition is as it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reason {
    /// Nothing to tell.
    AsExpected,
    /// Enough bridges take conferences.
    MinActiveMet,
    /// Fewer than minActive bridges take conferences.
    BelowMinActive,
    /// The floor minActive holds bridges.
    MinActive,
    /// The ceiling maxReplicas holds back bridges.
    MaxReplicas,
    /// The HorizontalPodAutoscaler may ask for more than maxReplicas allows.
    HpaAboveMaxReplicas,
    /// As many bridges drain as may at once.
    MaxConcurrent,
    /// Pinned bridges stand in the way.
    Pinned,
    /// Bridges past their deadline wait for people to leave.
    DeadlineWait,
    /// People past their deadline wait for a bridge that can take them.
    NoTarget,
    /// Bridges younger than minLifetime stand in the way.
    MinLifetime,
    /// Every slot is held.
    SlotsExhausted,
    /// The API server refuses new pods.
    CreationRefused,
    /// The API server refuses what is written about a bridge's pod, or its deletion.
    WriteRefused,
    /// Bridges are being started.
    Starting,
    /// Bridges are being replaced by a newer revision.
    Updating,
    /// Bridges are being emptied for a smaller size.
    ScaleDown,
    /// Bridges are being emptied because their nodes leave.
    NodeLeaving,
    /// Bridges are being emptied because an operator asked for it.
    Operator,
    /// Bridges are being emptied because the pool is being deleted.
    PoolDeleted,
    /// Bridges are being emptied because they do not come up any more.
    StartFailed,
    /// People are being moved off bridges past their deadline.
    DeadlinePassed,
    /// Bridges are being taken back.
    Rescuing,
    /// Statistics are too old.
    Stale,
    /// So many bridges are unhealthy or silent that something else is at fault.
    MassUnhealthy,
    /// Bridges do not answer.
    Unreachable,
    /// A pod's annotation cannot be understood; the pod is left alone.
    Malformed,
    /// A second PodDisruptionBudget covers the bridges.
    SecondPdb,
    /// The pool's own PodDisruptionBudget is not as it should be.
    BudgetNotKept,
    /// What it is about cannot be read: the condition is neither true nor false.
    NotRead,
    /// New bridges do not come up in time.
    ProgressDeadline,
    /// The pool is paused.
    PoolPaused,
    /// Its updates are paused.
    UpdatePaused,
    /// Nothing is done, only told.
    DryRun,
    /// The HorizontalPodAutoscaler is off while replicas is 0.
    HpaDisabled,
    /// The HorizontalPodAutoscaler follows owners instead of the selector.
    OwnerReferences,
    /// A second HorizontalPodAutoscaler covers the same pods.
    SecondHpa,
    /// Too many bridges fell to zero at once.
    TooManyAtOnce,
    /// It has not answered for long.
    NoAnswer,
    /// Clocks differ by more than is borne.
    SkewTooLarge,
    /// The load of a bridge is measured in a way that has no meaning here.
    LoadMeasurement,
    /// The API server refused a pod of the template as invalid.
    TemplateRefused,
    /// The sidecar, or what goes with it, cannot be added to the template.
    InjectionRefused,
    /// A pool over somebody else's workload.
    WorkloadRef,
}

impl ConditionType {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Available,
        Self::Progressing,
        Self::Draining,
        Self::ScalingLimited,
        Self::RescueActive,
        Self::MetricsStale,
        Self::BridgesUnknown,
        Self::ForeignPdb,
        Self::UpdateStalled,
        Self::Paused,
        Self::HpaSelectorMode,
        Self::MassEmpty,
        Self::JicofoAway,
        Self::ClockSkew,
        Self::StressUnreliable,
        Self::TemplateInvalid,
        Self::Supported,
    ];

    /// Which status of it tells of trouble; `None` where neither does.
    pub const fn trouble(self) -> Option<&'static str> {
        match self {
            Self::Available | Self::Supported => Some("False"),
            Self::ScalingLimited
            | Self::MetricsStale
            | Self::BridgesUnknown
            | Self::ForeignPdb
            | Self::UpdateStalled
            | Self::HpaSelectorMode
            | Self::MassEmpty
            | Self::JicofoAway
            | Self::ClockSkew
            | Self::StressUnreliable
            | Self::TemplateInvalid => Some("True"),
            Self::Progressing | Self::Draining | Self::RescueActive | Self::Paused => None,
        }
    }

    /// As it stands in `type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Progressing => "Progressing",
            Self::Draining => "Draining",
            Self::ScalingLimited => "ScalingLimited",
            Self::RescueActive => "RescueActive",
            Self::MetricsStale => "MetricsStale",
            Self::BridgesUnknown => "BridgesUnknown",
            Self::ForeignPdb => "ForeignPDB",
            Self::UpdateStalled => "UpdateStalled",
            Self::Paused => "Paused",
            Self::HpaSelectorMode => "HpaSelectorMode",
            Self::MassEmpty => "MassEmpty",
            Self::JicofoAway => "JicofoAway",
            Self::ClockSkew => "ClockSkew",
            Self::StressUnreliable => "StressUnreliable",
            Self::TemplateInvalid => "TemplateInvalid",
            Self::Supported => "Supported",
        }
    }
}

impl Reason {
    /// Reasons for a condition of trouble that are no trouble: somebody wanted it so, or it passes by itself.
    const BY_CHOICE: [Self; 7] = [
        Self::MinActive,
        Self::MinLifetime,
        Self::MaxConcurrent,
        Self::Pinned,
        Self::Updating,
        Self::HpaDisabled,
        Self::DeadlineWait,
    ];

    /// Whether somebody wanted it so, or it passes by itself: a condition gives such a reason only where it has no other.
    pub fn by_choice(self) -> bool {
        Self::BY_CHOICE.contains(&self)
    }

    /// Whether a reason, as it stands in `reason`, is one of those.
    pub fn names_choice(reason: &str) -> bool {
        Self::BY_CHOICE
            .iter()
            .any(|choice| choice.to_string() == reason)
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Reason {
    /// As it stands in `reason`: the variant's own name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The schema of the list of conditions: a map by `type`, each as in the rest of Kubernetes.
pub(super) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "description": "One thing about the pool that is so, is not so, or is not known.",
            "required": ["type", "status", "lastTransitionTime", "reason", "message"],
            "properties": {
                "type": { "type": "string", "maxLength": 316, "description": "What it is about, such as Available or ScalingLimited." },
                "status": { "type": "string", "enum": ["True", "False", "Unknown"], "description": "Whether it is so." },
                "observedGeneration": { "type": "integer", "format": "int64", "minimum": 0, "description": "The generation of the spec that it is about." },
                "lastTransitionTime": { "type": "string", "format": "date-time", "description": "Since when it is so." },
                "reason": { "type": "string", "minLength": 1, "maxLength": 1024, "description": "Why, in one word." },
                "message": { "type": "string", "maxLength": 32768, "description": "Why, in a sentence, with what to do about it." },
            },
        },
    })
}
