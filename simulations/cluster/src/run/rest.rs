//! Whether all comes to rest where it should, once faults have stopped.

use std::time::Duration;

use bridge::Time;
use scaler_api::State;
use scaler_api::spec::{DeletionPolicy, OnDeadline};
use scaler_api::state::Intent;
use scaler_api::{BridgePoolSpec, annotations, labels};

use super::event::Event;
use super::sim::{POOL, Sim};
use crate::api::{Actor, Kind, Meta, Object, Pdb, Pod, Pool, Request};
use crate::oracle::Rule;
use crate::world::World;

/// Within this time after the last person has left a bridge it is gone.
const LEAVE: Duration = Duration::from_mins(2);

/// The pool's PodDisruptionBudget.
pub(crate) fn budget() -> Object {
    let selector = [
        (labels::POOL.name().to_owned(), POOL.to_owned()),
        (labels::PROTECTED.name().to_owned(), "true".to_owned()),
    ];
    Object::Pdb(Pdb {
        meta: Meta {
            name: POOL.to_owned(),
            ..Meta::default()
        },
        selector: selector.into(),
        min_available: 2_147_483_647,
    })
}

/// A pool and its budget are created, as a chart does it.
pub(crate) fn found(world: &mut World, spec: BridgePoolSpec) {
    let pool = Pool {
        meta: Meta {
            name: POOL.to_owned(),
            ..Meta::default()
        },
        spec,
        status: None,
    };
    for object in [Object::Pool(Box::new(pool)), budget()] {
        let create = Request::Create(Box::new(object));
        // An empty API server refuses nothing.
        let _ = world.request(Actor::Cluster, create);
    }
}

impl Sim {
    /// The size is set at a later moment.
    pub(crate) fn queue_size(&mut self, at: Time, size: u32) {
        self.queue.push(at, Event::Size(size));
    }

    /// Faults have stopped: people and the HPA stop changing their minds, too.
    pub(crate) fn settle(&mut self) {
        self.world.setup.max_nodes = 20;
        self.edit_pool(|pool| pool.spec.paused = false);
        if let Some(hpa) = &mut self.hpa {
            hpa.stopped = true;
        }
        self.queue
            .push(self.now + Duration::from_mins(2), Event::Demand(6));
    }

    /// Everything that is not as it should be in the end.
    pub(super) fn judge_rest(&mut self) {
        let pool = self.world.api.pool(POOL).cloned();
        let pods: Vec<Pod> = self
            .world
            .api
            .pods()
            .filter(|pod| {
                pod.meta.labels.get(labels::POOL.name()).map(String::as_str) == Some(POOL)
            })
            .cloned()
            .collect();
        let mut wrong = Vec::new();
        match pool {
            None => {
                if !self.pool_is_deleted() {
                    wrong.push("the pool is gone".to_owned());
                }
            }
            Some(pool) if pool.meta.deleted.is_some() => {
                let waits =
                    pool.spec.drain.on_deadline == OnDeadline::Wait || self.somebody_stays();
                if pool.spec.deletion_policy == DeletionPolicy::Drain && !waits {
                    wrong.push(format!("the pool still waits for {} pods", pods.len()));
                }
            }
            Some(pool) => {
                let wanted = pool.spec.replicas.max(pool.spec.min_active);
                let wanted = wanted.min(pool.spec.max_replicas.unwrap_or(wanted)) as usize;
                let serving = pods.iter().filter(|pod| self.serves(pod)).count();
                // A rollout waits for a drain that waits for people.
                let waits = pool.spec.drain.on_deadline == OnDeadline::Wait
                    && pods.iter().any(|pod| self.drains_with_people(pod));
                if serving != wanted && !(waits && serving > wanted) {
                    wrong.push(format!("{serving} serve, and {wanted} should"));
                }
                let status = pool.status.unwrap_or_default();
                if status.replicas as usize != serving {
                    wrong.push(format!(
                        "status.replicas is {}, and {serving} serve",
                        status.replicas
                    ));
                }
                wrong.extend(self.leftovers(&pods, pool.spec.drain.on_deadline));
            }
        }
        if !wrong.is_empty() {
            for pod in &pods {
                let intent = annotations::INTENT.read(&pod.meta.annotations);
                let bridge = self.world.jitsi.bridge(&pod.meta.name).map(|bridge| {
                    (
                        bridge.state(),
                        bridge.local_endpoints(),
                        bridge.conferences(),
                    )
                });
                let name = &pod.meta.name;
                self.trace
                    .tell(self.now, format_args!("{name}: {intent:?}, {bridge:?}"));
            }
        }
        for what in wrong {
            self.oracle.note(self.now, Rule::Rest, what);
        }
    }

    /// Whether a pod is one of the counted bridges that people may come to.
    fn serves(&self, pod: &Pod) -> bool {
        let counted = labels::COUNTED.read(&pod.meta.labels).ok().flatten() == Some(true);
        counted
            && pod.meta.deleted.is_none()
            && self
                .world
                .jitsi
                .bridge(&pod.meta.name)
                .is_some_and(|bridge| {
                    bridge.listening()
                        && bridge.in_brewery()
                        && bridge.state() == bridge::State::Accepting
                })
    }

    /// Drains that have not come to an end although they should have.
    fn leftovers(&self, pods: &[Pod], then: OnDeadline) -> Vec<String> {
        let late = |pod: &&Pod| {
            let deadline = annotations::DEADLINE
                .read(&pod.meta.annotations)
                .ok()
                .flatten();
            deadline.is_some_and(|deadline| self.now.since(deadline) > Duration::from_mins(12))
        };
        pods.iter()
            .filter(|_| then != OnDeadline::Wait)
            .filter(|pod| {
                let intent = annotations::INTENT
                    .read(&pod.meta.annotations)
                    .ok()
                    .flatten();
                matches!(intent, Some(Intent::Drain | Intent::Expel | Intent::Remove))
            })
            .filter(late)
            .map(|pod| {
                let state = labels::STATE.read(&pod.meta.labels).ok().flatten();
                let state = state.unwrap_or(State::Gone);
                format!(
                    "{} is still {state:?} long after its deadline",
                    pod.meta.name
                )
            })
            .collect()
    }

    fn drains_with_people(&self, pod: &Pod) -> bool {
        let intent = annotations::INTENT
            .read(&pod.meta.annotations)
            .ok()
            .flatten();
        let bridge = self.world.jitsi.bridge(&pod.meta.name);
        intent == Some(Intent::Drain) && bridge.is_some_and(|bridge| bridge.local_endpoints() > 0)
    }

    fn somebody_stays(&self) -> bool {
        self.now.since(self.busy_at) < LEAVE && self.world.api.list(Kind::Pod).count() > 0
    }
}
