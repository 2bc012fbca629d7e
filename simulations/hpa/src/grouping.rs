//! Which pods count for a metric of pods (`groupPods` in `replica_calculator.go`).

use bridge::Time;

use crate::class::Flags;
use crate::inputs::{Phase, Pod, Ready, Sample, Status};

/// How a pod counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Group {
    /// Not at all, nor its sample.
    Ignored,
    /// Its sample does not; as zero when a change upwards is weighed.
    Unready,
    /// It has no sample.
    Missing,
    /// With its sample.
    Ready(i64),
}

/// The rule, of which the first that fits holds. `cpu`: whether young pods are left out.
pub(crate) struct Grouping {
    cpu: bool,
    /// Who has started after this is young.
    young_after: Time,
    flags: Flags,
}

impl Grouping {
    pub(crate) fn new(cpu: bool, flags: &Flags, now: Time) -> Self {
        Self {
            cpu,
            young_after: now - flags.cpu_initialization_period,
            flags: *flags,
        }
    }

    pub(crate) fn of(&self, pod: &Pod, sample: Option<&Sample>) -> Group {
        if pod.deleting || pod.phase == Phase::Failed {
            return Group::Ignored;
        }
        if pod.phase == Phase::Pending {
            return Group::Unready;
        }
        let Some(sample) = sample else {
            return Group::Missing;
        };
        if self.cpu && self.starts(pod, sample) {
            return Group::Unready;
        }
        Group::Ready(sample.milli)
    }

    /// Whether the sample tells of a pod's start rather than of its work.
    fn starts(&self, pod: &Pod, sample: &Sample) -> bool {
        let (Some(started), Some(Ready { status, since })) = (pod.started, pod.ready) else {
            return true;
        };
        if started > self.young_after {
            status == Status::False || sample.at < since + sample.window
        } else {
            // Never ready since it started.
            status == Status::False && started + self.flags.initial_readiness_delay > since
        }
    }
}

/// How many pods serve, for a target of a whole value: also those that are being deleted (`getReadyPodsCount`).
pub(crate) fn serving(pods: &[Pod]) -> usize {
    let serves = |pod: &&Pod| {
        pod.phase == Phase::Running && pod.ready.is_some_and(|ready| ready.status == Status::True)
    };
    pods.iter().filter(serves).count()
}

#[cfg(test)]
mod tests;
