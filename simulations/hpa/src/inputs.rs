//! What a sync sees of the world.
//!
//! All of it is borrowed. Samples stand beside their pods, so that a sync looks no name up: whoever has them by name brings
//! them there with [`crate::inputs::Samples::join`].

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;
use serde::Deserialize;

use crate::class::Controller;
use crate::policy::Policy;

/// Everything that a sync reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Who syncs.
    pub controller: &'a Controller,
    /// What is wanted.
    pub policy: &'a Policy,
    /// The target's `/scale`; `None` when it cannot be read.
    pub scale: Option<Scale>,
    /// The pods of the HPA's namespace that the selector matches.
    pub pods: &'a [Pod],
    /// What each metric of the policy was answered with; a missing one counts as failed.
    pub readings: &'a [Reading<'a>],
    /// Whether the API server takes a new size.
    pub writable: bool,
}

/// `/scale` of the target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scale {
    /// `spec.replicas`: how many are wanted.
    pub spec_replicas: i32,
    /// `status.replicas`: how many there are.
    pub status_replicas: i32,
    /// What `status.selector` is good for.
    pub selector: Selector,
}

/// What the selector of a scale is good for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Selector {
    /// It selects pods.
    Good,
    /// It is empty.
    Empty,
    /// It cannot be read.
    Unreadable,
    /// It selects pods that another HPA is responsible for as well.
    Ambiguous,
}

/// `status.phase` of a pod.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub enum Phase {
    /// `Pending`.
    Pending,
    /// `Running`.
    Running,
    /// `Succeeded`.
    Succeeded,
    /// `Failed`.
    Failed,
    /// `Unknown`.
    Unknown,
}

/// The condition `Ready` of a pod.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ready {
    /// Its status.
    pub status: Status,
    /// Its last transition.
    pub since: Time,
}

/// Status of a condition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody knows.
    Unknown,
}

/// A pod.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pod {
    /// Its phase.
    pub phase: Phase,
    /// Whether it has a deletion timestamp.
    pub deleting: bool,
    /// When the kubelet took it up.
    pub started: Option<Time>,
    /// Whether it is ready, where that is known.
    pub ready: Option<Ready>,
}

/// What a pod was measured with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sample {
    /// Thousandths: of a pod's resource the sum over its containers, of a container's resource that container's.
    pub milli: i64,
    /// When.
    pub at: Time,
    /// Over how long.
    pub window: Duration,
}

/// What a metric was answered with.
#[derive(Clone, Copy, Debug)]
pub enum Reading<'a> {
    /// The API did not answer, or refused.
    Failed,
    /// For sources `Resource`, `ContainerResource` and `Pods`: samples of pods.
    Pods {
        /// The samples; an answer without any is a failure.
        samples: &'a Samples,
        /// What each pod requests of the resource in thousandths, in the order of the pods: over its containers and sidecars, of
        /// the one container, or of the pod as such (since 1.34); `None` where any of them requests nothing. Looked at for a
        /// target of utilization alone.
        requests: &'a [Option<i64>],
    },
    /// For sources `Object` (of which the first is taken) and `External`: thousandths; none at all is a failure.
    Values(&'a [i64]),
}

/// Samples of pods, brought into the order of the pods.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Samples {
    /// One place per pod; `None` where the answer has none, or, of a pod's resource, lacks one of its containers.
    pub of_pods: Vec<Option<Sample>>,
    /// Thousandths of names that no pod has: pods that went or came meanwhile. They count all the same.
    pub foreign: Vec<i64>,
    /// Whether a pod of the answer lacks the container that is asked for. Up to 1.32 the whole metric fails then.
    pub lacks_container: bool,
}

impl Samples {
    /// Brings samples into the order of the pods. Of several with one name the last counts, as in the real controller's map.
    pub fn join<'a>(
        &mut self,
        pods: &[impl AsRef<str>],
        samples: impl IntoIterator<Item = (&'a str, Sample)>,
    ) {
        self.of_pods.clear();
        self.of_pods.resize(pods.len(), None);
        self.foreign.clear();
        self.lacks_container = false;
        // Answers mostly come in the order of the pods: looked for is only what does not stand there.
        let mut next = 0;
        let mut places = None;
        let mut foreign = BTreeMap::new();
        for (name, sample) in samples {
            let place = if pods.get(next).is_some_and(|pod| pod.as_ref() == name) {
                Some(next)
            } else {
                let places = places.get_or_insert_with(|| {
                    let places = pods.iter().enumerate();
                    places
                        .map(|(place, pod)| (pod.as_ref(), place))
                        .collect::<BTreeMap<_, _>>()
                });
                places.get(name).copied()
            };
            if let Some(place) = place {
                self.of_pods[place] = Some(sample);
                next = place + 1;
            } else {
                foreign.insert(name, sample.milli);
            }
        }
        self.foreign.extend(foreign.into_values());
    }

    /// Whether the answer held nothing.
    pub(crate) fn are_none(&self) -> bool {
        self.foreign.is_empty() && self.of_pods.iter().all(Option::is_none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_find_their_pods_in_any_order() {
        let sample = |milli| Sample {
            milli,
            at: Time::from_millis(0),
            window: Duration::from_mins(1),
        };
        let mut samples = Samples::default();
        let answer = [("c", 3), ("gone", 9), ("a", 1), ("a", 2), ("gone", 8)];
        let answer = answer.map(|(name, milli)| (name, sample(milli)));
        for _ in 0..2 {
            samples.join(&["a", "b", "c"], answer);
            let values: Vec<_> = samples
                .of_pods
                .iter()
                .map(|sample| sample.map(|sample| sample.milli))
                .collect();
            assert_eq!(values, [Some(2), None, Some(3)]);
            assert_eq!(
                samples.foreign,
                [8],
                "each name once, and the last time counts"
            );
        }
    }
}
