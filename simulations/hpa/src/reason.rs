//! The one word that tells why, in conditions and events.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Why a condition is as it is, or what an event tells (`horizontal.go`). Each reads as its name.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// As it is written.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// All of them.
            const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

reasons! {
    /// The scale of the target could be read.
    SucceededGetScale,
    /// The scale of the target could not be read.
    FailedGetScale,
    /// Nothing holds a change back.
    ReadyForNewScale,
    /// Lower recommendations in the window hold back.
    ScaleUpStabilized,
    /// Higher recommendations in the window hold back.
    ScaleDownStabilized,
    /// The size was changed.
    SucceededRescale,
    /// The size could not be changed: the condition.
    FailedUpdateScale,
    /// The size was changed: the event.
    SuccessfulRescale,
    /// The size could not be changed: the event.
    FailedRescale,
    /// A size could be computed.
    ValidMetricFound,
    /// The size is zero and stays so.
    ScalingDisabled,
    /// The scale has no selector: the event.
    SelectorRequired,
    /// The scale has no selector, or one that cannot be read.
    InvalidSelector,
    /// Several HPAs are responsible for the pods.
    AmbiguousSelector,
    /// A metric failed.
    FailedGetResourceMetric,
    /// A metric failed.
    FailedGetContainerResourceMetric,
    /// A metric failed.
    FailedGetPodsMetric,
    /// A metric failed.
    FailedGetObjectMetric,
    /// A metric failed.
    FailedGetExternalMetric,
    /// No size could be computed.
    FailedComputeMetricsReplicas,
    /// The size is not limited.
    DesiredWithinRange,
    /// Limited by the smallest size.
    TooFewReplicas,
    /// Limited by the largest size.
    TooManyReplicas,
    /// Limited by the rate upwards.
    ScaleUpLimit,
    /// Limited by the rate downwards.
    ScaleDownLimit,
    /// The HPA itself has set the size to zero.
    ScaledToZero,
    /// The HPA has not set the size to zero.
    NotScaledToZero,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that no HPA writes.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{0:?} is no reason of an HPA's condition")]
pub struct UnknownReason(String);

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        let known = Self::ALL.iter().find(|reason| reason.name() == text);
        known.copied().ok_or_else(|| UnknownReason(text.to_owned()))
    }
}
