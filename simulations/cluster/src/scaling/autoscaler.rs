//! The loop around the HorizontalPodAutoscaler: it reads the pool's scale and the metric, and writes the scale.

use std::time::Duration;

use bridge::Time;
use hpa::inputs::{Pod, Reading, Sample, Samples, Scale, Selector};
use hpa::spec::SourceType;
use hpa::{Class, Controller, Flags, Gates, Inputs, Policy, State, sync};
use scaler_api::{autoscaler as as_shipped, labels};
use serde_json::{Value, json};

use super::{Committed, counted};
use crate::api::{Actor, Key, Kind, Request};
use crate::world::World;

/// An HPA on a pool, and its controller.
#[derive(Clone, Debug)]
pub struct Autoscaler {
    controller: Controller,
    policy: Policy,
    state: State,
    read: Option<Read>,
    /// What it measures.
    pub metric: Committed,
    /// Nobody runs it.
    pub stopped: bool,
    /// It takes bridges that start for average ones, and not, as the real one does, for idle ones where that makes it ask for
    /// fewer; and it knows the stress of all others, however young. A mistake, to show what it costs.
    pub starting_are_average: bool,
}

/// The pool's scale as it was read at the beginning of a sync.
#[derive(Clone, Debug)]
struct Read {
    version: u64,
    scale: Scale,
}

impl Autoscaler {
    /// An HPA of this class that follows the committed stress, with `average` thousandths for each bridge, between two sizes,
    /// with a window of so many seconds before it scales in.
    pub fn new(class: Class, average: u64, (min, max): (u32, u32), window: u64) -> Self {
        let behavior = as_shipped::behavior(window);
        Self::following(class, &committed(average), (min, max), &behavior)
    }

    /// An HPA of this class with one metric, between two sizes.
    ///
    /// # Panics
    /// When metric or behavior are not those of an HPA: they are parts of programs, not of somebody's files.
    pub fn following(
        class: Class,
        metric: &Value,
        (min, max): (u32, u32),
        behavior: &Value,
    ) -> Self {
        let manifest = json!({
            "scaleTargetRef": { "apiVersion": "bridgetender.dev/v1alpha1", "kind": "BridgePool", "name": "pool" },
            "minReplicas": min,
            "maxReplicas": max,
            "metrics": [metric],
            "behavior": behavior,
        });
        #[expect(clippy::expect_used, reason = "the program that wrote it is wrong")]
        let policy = serde_json::from_value::<hpa::Spec>(manifest)
            .map(|spec| Policy::try_from(spec).expect("a metric with a target"))
            .expect("a manifest");
        Self {
            controller: Controller {
                class,
                gates: Gates {
                    scale_to_zero: false,
                    configurable_tolerance: class >= Class::From133,
                },
                flags: Flags::default(),
            },
            policy,
            state: State::default(),
            read: None,
            metric: Committed::default(),
            stopped: false,
            starting_are_average: false,
        }
    }

    /// The first half of a sync: reads the scale.
    pub fn read(&mut self, world: &World, pool: &str) {
        let status = world.api.pool(pool).map(|pool| {
            let status = pool.status.clone().unwrap_or_default();
            let selector = if status.selector.is_empty() {
                Selector::Empty
            } else {
                Selector::Good
            };
            Read {
                version: pool.meta.version,
                scale: Scale {
                    spec_replicas: pool.spec.replicas.cast_signed(),
                    status_replicas: status.replicas.cast_signed(),
                    selector,
                },
            }
        });
        self.read = status.filter(|_| world.api.trouble.failing == 0);
    }

    /// The second half: measures, decides and writes. The size that it set.
    pub fn sync(&mut self, world: &mut World, pool: &str, now: Time) -> Option<u32> {
        if self.stopped {
            return None;
        }
        let seen = self.measure(world, pool);
        let read = self.read.take();
        // Whoever wrote the pool since it was read makes the write fail.
        let writable = world.api.pool(pool).is_some_and(|pool| {
            let version = read.as_ref().map(|read| read.version);
            Some(pool.meta.version) == version
        });
        let reading = [match &seen.samples {
            Some(samples) => Reading::Pods {
                samples,
                requests: &[],
            },
            None => Reading::Values(&seen.values),
        }];
        let inputs = Inputs {
            controller: &self.controller,
            policy: &self.policy,
            scale: read.as_ref().map(|read| read.scale),
            pods: &seen.pods,
            readings: &reading,
            writable,
        };
        let outcome = sync(&mut self.state, &inputs, now);
        let put = outcome.put.and_then(|put| u32::try_from(put).ok())?;
        let request = Request::Scale {
            key: Key::new(Kind::Pool, pool),
            version: read.map(|read| read.version),
            replicas: put,
        };
        world.request(Actor::Hpa, request).ok().map(|_| put)
    }

    /// What the metric tells now: of the pods that the scale's selector matches, or a total.
    fn measure(&mut self, world: &World, pool: &str) -> Seen {
        let of_pods = self
            .policy
            .metrics
            .iter()
            .any(|metric| metric.source.kind() == SourceType::Pods);
        if !of_pods {
            return Seen {
                values: self.metric.total(world, pool).into_iter().collect(),
                ..Seen::default()
            };
        }
        let matched: Vec<_> = counted(world, pool).collect();
        let names: Vec<&str> = matched.iter().map(|pod| pod.meta.name.as_str()).collect();
        let mut samples = Samples::default();
        let told = self.metric.of_pods(world, pool);
        let told = told
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        samples.join(&names, told.map(|(name, sample)| (name.as_str(), *sample)));
        let mut pods: Vec<Pod> = matched.iter().map(|pod| as_read(pod)).collect();
        if self.starting_are_average {
            samples.of_pods = pretended(world, &matched);
            for pod in &mut pods {
                pod.phase = hpa::inputs::Phase::Running;
            }
        }
        Seen {
            pods,
            samples: Some(samples),
            values: Vec::new(),
        }
    }
}

/// What a sync sees of pods and metric.
#[derive(Default)]
struct Seen {
    pods: Vec<Pod>,
    samples: Option<Samples>,
    values: Vec<i64>,
}

/// The stress of each bridge that takes conferences, and of the others the average of those.
fn pretended(world: &World, pods: &[&crate::api::Pod]) -> Vec<Option<Sample>> {
    let stress = |pod: &&crate::api::Pod| {
        let state = labels::STATE.read(&pod.meta.labels).ok().flatten();
        let bridge = world.jitsi.bridge(&pod.meta.name);
        let bridge = bridge.filter(|_| state == Some(scaler_api::State::Active))?;
        Some((bridge.stress() * 1000.0).ceil() as i64)
    };
    let known: Vec<Option<i64>> = pods.iter().map(stress).collect();
    let active = known.iter().flatten().count().cast_signed() as i64;
    let sum: i64 = known.iter().flatten().sum();
    let sample = |milli| Sample {
        milli,
        at: world.now(),
        window: Duration::from_mins(1),
    };
    let average = sum.checked_div(active);
    known
        .into_iter()
        .map(|stress| stress.or(average).map(sample))
        .collect()
}

fn as_read(pod: &crate::api::Pod) -> Pod {
    use hpa::inputs;
    use scaler_policy::world::Phase;

    Pod {
        phase: match pod.phase {
            Phase::Pending => inputs::Phase::Pending,
            Phase::Running => inputs::Phase::Running,
            Phase::Succeeded => inputs::Phase::Succeeded,
            Phase::Failed => inputs::Phase::Failed,
            Phase::Unknown => inputs::Phase::Unknown,
        },
        deleting: pod.meta.deleted.is_some(),
        // Looked at for metrics of the CPU alone.
        started: None,
        ready: None,
    }
}

/// The metric with which the pool's own HPA is shipped: the stress of all its bridges, draining ones included, so many thousandths
/// for each that is counted.
pub fn committed(average: u64) -> Value {
    as_shipped::metric("pool", average)
}

/// The metric that suggests itself: the average stress of the bridges that the HPA sees.
pub fn average_of_pods(average: u64) -> Value {
    json!({
        "type": "Pods",
        "pods": {
            "metric": { "name": "stress_level" },
            "target": { "type": "AverageValue", "averageValue": format!("{average}m") },
        },
    })
}
