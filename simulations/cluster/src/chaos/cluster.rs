//! Faults of the API server, of nodes and of kubelets, and what users do.

use std::time::Duration;

use scaler_api::state::Intent;
use scaler_api::{annotations, labels};

use super::Fault;
use super::plan::{Armed, Planned};
use crate::api::{Edit, Key, Kind, Pod, Request, Taint};
use crate::node::Life;
use crate::run::{POOL, Sim};

/// How long a bridge is killed again and again: its kubelet waits longer each time.
const CRASH_LOOP: Duration = Duration::from_mins(8);

pub(super) fn delete(name: &str, grace: Option<Duration>) -> Request {
    Request::Delete {
        key: Key::pod(name),
        uid: None,
        version: None,
        grace,
    }
}

impl Sim {
    /// A pod of the pool whose bridge serves people.
    pub(super) fn a_busy_pod(&mut self) -> Option<String> {
        let busy: Vec<String> = self
            .pods_of_pool()
            .filter(|pod| pod.meta.deleted.is_none())
            .filter(|pod| self.people_on(&pod.meta.name) > 0)
            .map(|pod| pod.meta.name.clone())
            .collect();
        self.chaos.chance.pick(&busy).cloned()
    }

    /// A pod that runs and was told this.
    pub(super) fn a_pod_with(&mut self, intents: &[Intent]) -> Option<String> {
        let such: Vec<String> = self
            .pods_of_pool()
            .filter(|pod| pod.meta.deleted.is_none() && pod.container.is_some())
            .filter(|pod| intents.contains(&intent(pod)))
            .map(|pod| pod.meta.name.clone())
            .collect();
        self.chaos.chance.pick(&such).cloned()
    }

    pub(super) fn pods_of_pool(&self) -> impl Iterator<Item = &Pod> {
        self.world.api.pods().filter(|pod| {
            pod.meta.labels.get(labels::POOL.name()).map(String::as_str) == Some(POOL)
        })
    }

    pub(super) fn people_on(&self, name: &str) -> u32 {
        let bridge = self.world.jitsi.bridge(name);
        bridge.map_or(0, bridge::model::Videobridge::local_endpoints)
    }

    /// A node that holds bridges of the pool; with people on them, if asked for.
    fn a_node(&mut self, busy: bool) -> Option<String> {
        let nodes: Vec<String> = self
            .pods_of_pool()
            .filter(|pod| !busy || self.people_on(&pod.meta.name) > 0)
            .filter_map(|pod| pod.node.clone())
            .filter(|node| self.world.in_touch(node))
            .collect();
        self.chaos.chance.pick(&nodes).cloned()
    }

    /// Tries to begin a fault of the cluster: what it was done to, if it began.
    pub(super) fn begin_in_cluster(&mut self, planned: Planned) -> Option<String> {
        match planned.fault {
            Fault::ApiDown => self.world.api.trouble.failing = 1000,
            Fault::ApiThrottled => self.world.api.trouble.throttling = 700,
            Fault::CreationRefused => {
                self.world.api.trouble.admission = true;
                // Without a wish for more there may be nothing to refuse.
                if planned.variant(2) == 0 {
                    self.grow(2);
                }
            }
            Fault::ConflictStorm => {}
            Fault::NodeDrained | Fault::NodeDisrupted | Fault::SpotInterruption => {
                let node = self.a_node(true)?;
                let taint = match planned.fault {
                    Fault::NodeDisrupted => Some("karpenter.sh/disrupted"),
                    Fault::SpotInterruption => Some("aws-node-termination-handler/spot-itn"),
                    _ => None,
                };
                self.world.edit_node(&node, |node| {
                    node.unschedulable = taint.is_none();
                    node.taints.extend(taint.map(|key| Taint {
                        key,
                        effect: "NoSchedule",
                    }));
                });
                return Some(node);
            }
            Fault::NodeCutOff => {
                let node = self.a_node(false)?;
                self.world.cut_off(&node, true);
                return Some(node);
            }
            Fault::NodeGone => {
                let node = self.a_node(false)?;
                self.kill_node(&node);
                return Some(node);
            }
            Fault::OutOfMemory => {
                let name = self.a_pod_with(&[Intent::Active])?;
                self.kill_bridge(&name);
                return Some(name);
            }
            Fault::DrainingBridgeRestarts => {
                let name = self.a_pod_with(&[Intent::Drain, Intent::Remove, Intent::Expel])?;
                self.kill_bridge(&name);
                return Some(name);
            }
            Fault::NoRoom => {
                let nodes = self.world.nodes().count();
                self.world.setup.max_nodes = nodes;
                self.set_size(8);
            }
            _ => return None,
        }
        Some(String::new())
    }

    pub(super) fn kill_bridge(&mut self, name: &str) {
        self.oracle.blame_mut().killed(name, self.now);
        self.world.stop_bridge(name, bridge::model::Stop::Kill);
    }

    fn kill_node(&mut self, node: &str) {
        let on_node: Vec<String> = self
            .world
            .held()
            .values()
            .filter(|held| held.node == node)
            .map(|held| held.name.clone())
            .collect();
        for name in on_node {
            self.oracle.blame_mut().killed(&name, self.now);
        }
        self.world.vanish(node);
    }

    /// What goes on of such a fault, twice a second.
    pub(super) fn continue_in_cluster(&mut self, armed: &mut Armed) {
        let node = armed.victim.clone();
        match armed.planned.fault {
            Fault::ConflictStorm => {
                let (name, value) = (
                    "example.org/touched".to_owned(),
                    Some(self.now.as_millis().to_string()),
                );
                let edit = Edit {
                    annotations: vec![(name, value)],
                    ..Edit::default()
                };
                let key = Key::new(Kind::Pool, POOL);
                self.by_user(Request::Patch {
                    key,
                    uid: None,
                    version: None,
                    edit,
                });
            }
            Fault::SidecarDies | Fault::KubeletRestarted => {
                let held = self.world.held_by_name(&armed.victim).cloned();
                let Some(held) = held.filter(|held| matches!(held.life, Life::Terminating { .. }))
                else {
                    return;
                };
                if armed.planned.fault == Fault::SidecarDies {
                    self.oracle.blame_mut().killed(&held.name, self.now);
                    self.world.kill_sidecar(&held.name);
                } else {
                    self.world.restart_kubelet(&held.node);
                }
                self.chaos.count(armed.planned.fault);
                armed.until = self.now;
            }
            // Now and then what is started anew soon needs too much again.
            Fault::OutOfMemory if armed.planned.variant(4) == 0 => {
                armed.until = armed.planned.at + CRASH_LOOP;
                let bridge = self.world.jitsi.bridge(&armed.victim);
                if bridge.is_some_and(bridge::model::Videobridge::in_brewery) {
                    self.kill_bridge(&armed.victim);
                }
            }
            Fault::NodeDrained if self.now.as_millis() % 5000 < 500 => {
                let names: Vec<String> = self
                    .pods_of_pool()
                    .filter(|pod| pod.node.as_deref() == Some(&node) && pod.meta.deleted.is_none())
                    .map(|pod| pod.meta.name.clone())
                    .collect();
                for name in names {
                    self.by_user(Request::Evict(Key::pod(&name)));
                }
            }
            Fault::CreationRefused => {
                let refused = self
                    .world
                    .api
                    .audit()
                    .iter()
                    .rev()
                    .take(20)
                    .any(|record| record.reply == Err(crate::api::Refusal::Forbidden));
                if refused && armed.victim.is_empty() {
                    "refused".clone_into(&mut armed.victim);
                    self.chaos.count(Fault::CreationRefused);
                }
            }
            Fault::NoRoom => {
                let waits = self.pods_of_pool().any(|pod| pod.reason == "Unschedulable");
                if waits && armed.victim.is_empty() {
                    "waits".clone_into(&mut armed.victim);
                    self.chaos.count(Fault::NoRoom);
                }
            }
            _ => {}
        }
    }

    /// The end of such a fault.
    pub(super) fn end_in_cluster(&mut self, armed: &Armed) {
        let victim = armed.victim.clone();
        match armed.planned.fault {
            Fault::ApiDown => self.world.api.trouble.failing = 0,
            Fault::ApiThrottled => self.world.api.trouble.throttling = 0,
            Fault::CreationRefused => self.world.api.trouble.admission = false,
            Fault::MalformedAnnotation => {
                if let Some((name, key)) = victim.split_once(' ') {
                    let value =
                        (key == annotations::INTENT_SINCE.name()).then_some("1970-01-01T00:00:01Z");
                    self.edit_pod(name, &[], &[(key, value)]);
                }
            }
            Fault::BudgetGone => self.restore_budget(),
            Fault::ForeignPod => {
                self.by_user(delete(&victim, Some(Duration::ZERO)));
            }
            Fault::NodeDrained => self
                .world
                .edit_node(&victim, |node| node.unschedulable = false),
            Fault::NodeDisrupted | Fault::SpotInterruption => {
                let names: Vec<String> = self
                    .pods_of_pool()
                    .filter(|pod| pod.node.as_deref() == Some(&victim))
                    .map(|pod| pod.meta.name.clone())
                    .collect();
                for name in &names {
                    self.by_user(delete(name, Some(Duration::from_secs(30))));
                }
                self.kill_node(&victim);
                self.world.delete_node(&victim);
            }
            Fault::NodeCutOff => self.world.cut_off(&victim, false),
            Fault::NodeGone => self.world.delete_node(&victim),
            Fault::NoRoom | Fault::ScaledUpWithoutRoom => self.world.setup.max_nodes = 12,
            _ => {}
        }
    }
}

pub(super) fn intent(pod: &Pod) -> Intent {
    let read = annotations::INTENT.read(&pod.meta.annotations);
    read.ok().flatten().unwrap_or(Intent::Active)
}
