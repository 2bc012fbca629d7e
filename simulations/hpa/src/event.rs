//! What the controller tells the world, as events on the HPA.

use std::fmt;

use crate::policy::Policy;
use crate::reason::Reason;

/// One event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// The size was changed.
    Rescaled {
        /// To this.
        size: i32,
        /// Because of this.
        cause: Cause,
    },
    /// Something failed.
    Warning(Reason),
}

/// Why a size was to be changed; decided before the size is limited, and so at times at odds with the change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// More than the largest size.
    AboveMax,
    /// Less than the smallest size.
    BelowMin,
    /// The metric with this index asks for more.
    Above(usize),
    /// Every metric asks for less.
    Below,
    /// What is computed is the size as it is; only its past or its limits ask for another.
    None,
}

/// An event as `kubectl describe` tells it; made only when somebody wants to read it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    event: Event,
    policy: &'a Policy,
}

impl Event {
    /// The event in words, with the names of this policy's metrics.
    pub const fn told(self, policy: &Policy) -> Told<'_> {
        Told {
            event: self,
            policy,
        }
    }
}

impl fmt::Display for Told<'_> {
    /// Type, reason and, of a change, the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, cause) = match self.event {
            Event::Warning(reason) => return write!(f, "Warning {reason}"),
            Event::Rescaled { size, cause } => (size, cause),
        };
        write!(
            f,
            "Normal {} New size: {size}; reason: ",
            Reason::SuccessfulRescale
        )?;
        match cause {
            Cause::AboveMax => f.write_str("Current number of replicas above Spec.MaxReplicas"),
            Cause::BelowMin => f.write_str("Current number of replicas below Spec.MinReplicas"),
            Cause::Above(index) => match self.policy.metrics.get(index) {
                Some(metric) => write!(f, "{metric} above target"),
                None => write!(f, "metric {index} above target"),
            },
            Cause::Below => f.write_str("All metrics below target"),
            Cause::None => Ok(()),
        }
    }
}
