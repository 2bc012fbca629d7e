//! From a recorded step to the inputs of a sync.

use std::time::Duration;

use bridge::Time;

use super::episode::StepError;
use super::record::{self, Step};
use crate::class::Controller;
use crate::inputs::{Inputs, Pod, Reading, Ready, Sample, Samples, Scale, Selector, Status};
use crate::metric::{Metric, Source};
use crate::policy::Policy;
use crate::quantity::Quantity;

/// The selector that a step has where it says nothing else. It selects all pods of the recording.
const SELECTOR: &str = "app=jvb";

/// What a step shows, in the form in which a sync reads it; kept from step to step.
#[derive(Default)]
pub(super) struct Seen {
    pods: Vec<Pod>,
    answers: Vec<Answer>,
}

enum Answer {
    Failed,
    Pods {
        samples: Samples,
        requests: Vec<Option<i64>>,
    },
    Values(Vec<i64>),
}

/// All moments are thousandths of a second.
fn millis(seconds: f64) -> i64 {
    (seconds * 1_000.0).round() as i64
}

fn ago(now: Time, seconds: f64) -> Time {
    Time::from_millis(now.as_millis().saturating_sub(millis(seconds)))
}

fn matches(text: &str, recorded: i64) -> Result<(), StepError> {
    let read = text.parse::<Quantity>()?.milli();
    if read == recorded {
        Ok(())
    } else {
        Err(StepError::Thousandths {
            text: text.to_owned(),
            read,
            recorded,
        })
    }
}

impl Seen {
    /// Reads a step; the moment of its sync.
    pub(super) fn read(&mut self, step: &Step, policy: &Policy) -> Result<Time, StepError> {
        let now = Time::from_millis(millis(step.t));
        self.pods.clear();
        self.pods
            .extend(step.pods.iter().map(|pod| of_pod(pod, now)));
        self.answers.clear();
        if step.metrics.len() != policy.metrics.len() {
            return Err(StepError::Answers {
                got: step.metrics.len(),
                wanted: policy.metrics.len(),
            });
        }
        for (index, (answer, metric)) in step.metrics.iter().zip(&policy.metrics).enumerate() {
            let answer = of_answer(answer, metric, step, now)?;
            self.answers.push(answer.ok_or(StepError::Answer(index))?);
        }
        Ok(now)
    }

    pub(super) fn readings(&self) -> Vec<Reading<'_>> {
        let readings = self.answers.iter().map(|answer| match answer {
            Answer::Failed => Reading::Failed,
            Answer::Pods { samples, requests } => Reading::Pods { samples, requests },
            Answer::Values(values) => Reading::Values(values),
        });
        readings.collect()
    }

    pub(super) fn inputs<'a>(
        &'a self,
        step: &Step,
        controller: &'a Controller,
        policy: &'a Policy,
        readings: &'a [Reading<'a>],
    ) -> Inputs<'a> {
        let selector = match step.selector.as_deref() {
            None | Some(SELECTOR) => Selector::Good,
            Some("") => Selector::Empty,
            Some(_) => Selector::Unreadable,
        };
        Inputs {
            controller,
            policy,
            scale: (!step.scale_get_error).then_some(Scale {
                spec_replicas: step.spec_replicas,
                status_replicas: step.status_replicas,
                selector,
            }),
            pods: &self.pods,
            readings,
            writable: !step.scale_update_error,
        }
    }
}

fn of_pod(pod: &record::Pod, now: Time) -> Pod {
    let status = match pod.ready {
        record::Ready::True => Some(Status::True),
        record::Ready::False => Some(Status::False),
        record::Ready::Unknown => Some(Status::Unknown),
        record::Ready::Absent => None,
    };
    Pod {
        phase: pod.phase,
        deleting: pod.deleting,
        started: pod.start_ago.map(|seconds| ago(now, seconds)),
        ready: status.map(|status| Ready {
            status,
            // A transition that was never noted is Go's zero time, long ago.
            since: pod
                .ready_transition_ago
                .map_or(Time::from_millis(i64::MIN), |seconds| ago(now, seconds)),
        }),
    }
}

/// `None` when it is no answer at all.
fn of_answer(
    answer: &record::Metric,
    metric: &Metric,
    step: &Step,
    now: Time,
) -> Result<Option<Answer>, StepError> {
    let forms = [answer.error, answer.pods.is_some(), answer.values.is_some()];
    if forms.iter().filter(|there| **there).count() != 1 {
        return Ok(None);
    }
    if answer.error {
        return Ok(Some(Answer::Failed));
    }
    if let Some(values) = &answer.values {
        for (text, value) in answer.quantities.iter().zip(values) {
            matches(text, *value)?;
        }
        return Ok(Some(Answer::Values(values.clone())));
    }
    let Some(recorded) = &answer.pods else {
        return Ok(None);
    };
    for sample in recorded {
        if let Some(text) = &sample.quantity {
            matches(text, sample.milli)?;
        }
    }
    let mut samples = Samples::default();
    let of_sample = |recorded: &record::Sample| Sample {
        milli: recorded.milli,
        at: ago(now, recorded.ts_ago),
        window: Duration::from_millis(millis(recorded.window).unsigned_abs()),
    };
    samples.join(
        &step.pods,
        recorded
            .iter()
            .map(|sample| (sample.pod.as_str(), of_sample(sample))),
    );
    let requests = step.pods.iter().map(|pod| match &metric.source {
        Source::Resource { name } if name == "cpu" => pod.cpu_request_milli,
        Source::Resource { name } if name == "memory" => pod.memory_request_milli,
        _ => None,
    });
    Ok(Some(Answer::Pods {
        samples,
        requests: requests.collect(),
    }))
}
