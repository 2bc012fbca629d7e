//! The loop around the HorizontalPodAutoscaler: it reads the pool's scale and the metric, and writes the scale.

use bridge::Time;
use hpa::inputs::{Reading, Scale, Selector};
use hpa::{Class, Controller, Flags, Gates, Inputs, Policy, State, sync};
use serde_json::json;

use super::Committed;
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
    ///
    /// # Panics
    /// Never: the manifest is whole.
    pub fn new(class: Class, average: u64, (min, max): (u32, u32), window: u64) -> Self {
        let manifest = json!({
            "scaleTargetRef": { "apiVersion": "bridgetender.dev/v1alpha1", "kind": "BridgePool", "name": "pool" },
            "minReplicas": min,
            "maxReplicas": max,
            "metrics": [{
                "type": "Object",
                "object": {
                    "describedObject": { "apiVersion": "bridgetender.dev/v1alpha1", "kind": "BridgePool", "name": "pool" },
                    "metric": { "name": "committed_stress_total" },
                    "target": { "type": "AverageValue", "averageValue": format!("{average}m") },
                },
            }],
            "behavior": {
                "scaleUp": { "stabilizationWindowSeconds": 0, "policies": [
                    { "type": "Percent", "value": 100, "periodSeconds": 15 },
                    { "type": "Pods", "value": 4, "periodSeconds": 15 },
                ] },
                "scaleDown": { "stabilizationWindowSeconds": window, "policies": [
                    { "type": "Pods", "value": 1, "periodSeconds": 60 },
                ] },
            },
        });
        #[expect(
            clippy::expect_used,
            reason = "the manifest above is whole, whatever its numbers"
        )]
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
        let values: Vec<i64> = self.metric.total(world, pool).into_iter().collect();
        let read = self.read.take();
        // Whoever wrote the pool since it was read makes the write fail.
        let writable = world.api.pool(pool).is_some_and(|pool| {
            let version = read.as_ref().map(|read| read.version);
            Some(pool.meta.version) == version
        });
        let reading = [Reading::Values(&values)];
        let inputs = Inputs {
            controller: &self.controller,
            policy: &self.policy,
            scale: read.as_ref().map(|read| read.scale),
            pods: &[],
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
}
