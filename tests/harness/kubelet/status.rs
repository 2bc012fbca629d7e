//! The status of a pod, derived from what is known of its containers.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, HostIP, Pod, PodCondition, PodIP, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::record::{Kind, Record};

/// What is known of one pod.
#[derive(Debug)]
pub(super) struct PodState {
    /// Init containers and sidecars in order, then main containers.
    pub(super) records: Vec<Record>,
    pub(super) ip: Ipv4Addr,
    pub(super) host_ip: Ipv4Addr,
    start_time: Timestamp,
    /// Status and last transition of each condition.
    conditions: BTreeMap<&'static str, (bool, Timestamp)>,
}

/// The containers of a pod in the order of a pod's records, with their parts.
pub(super) fn containers(pod: &Pod) -> Vec<(Kind, Container)> {
    let spec = pod.spec.clone().unwrap_or_default();
    let init = spec
        .init_containers
        .unwrap_or_default()
        .into_iter()
        .map(|container| {
            let sidecar = container.restart_policy.as_deref() == Some("Always");
            (if sidecar { Kind::Sidecar } else { Kind::Init }, container)
        });
    init.chain(
        spec.containers
            .into_iter()
            .map(|container| (Kind::Main, container)),
    )
    .collect()
}

impl PodState {
    pub(super) fn new(pod: &Pod, ip: Ipv4Addr, host_ip: Ipv4Addr, now: Timestamp) -> Self {
        let containers = containers(pod);
        let initializing = containers.iter().any(|(kind, _)| *kind != Kind::Main);
        let waiting = if initializing {
            "PodInitializing"
        } else {
            "ContainerCreating"
        };
        Self {
            records: containers
                .iter()
                .map(|(kind, container)| Record::new(container, *kind, waiting))
                .collect(),
            ip,
            host_ip,
            start_time: now,
            conditions: BTreeMap::new(),
        }
    }

    /// All init containers ended well and all sidecars are started.
    pub(super) fn initialized(&self) -> bool {
        self.records.iter().all(|record| match record.kind {
            Kind::Init => record.outcome() == Some(0),
            Kind::Sidecar => record.started || record.done,
            Kind::Main => true,
        })
    }

    /// All main containers ended and stay so.
    pub(super) fn finished(&self) -> bool {
        self.of(Kind::Main).all(|record| record.done)
    }

    pub(super) fn phase(&self) -> &'static str {
        let init_failed = self
            .of(Kind::Init)
            .any(|record| record.outcome().is_some_and(|code| code != 0));
        if init_failed {
            "Failed"
        } else if self.finished() {
            let well = self
                .of(Kind::Main)
                .all(|record| record.outcome() == Some(0));
            if well { "Succeeded" } else { "Failed" }
        } else if self.of(Kind::Main).any(Record::has_run) {
            "Running"
        } else {
            "Pending"
        }
    }

    pub(super) fn status(&mut self, pod: &Pod, now: Timestamp) -> PodStatus {
        let unready: Vec<String> = (self.records.iter())
            .filter(|record| record.kind != Kind::Init && !record.ready)
            .map(|record| record.name().to_owned())
            .collect();
        let initialized = self.initialized() || self.of(Kind::Main).any(Record::has_run);
        let containers_ready = initialized && unready.is_empty();
        let ready = containers_ready && gates_open(pod);
        let complaint = format!("containers with unready status: [{}]", unready.join(" "));
        let mut conditions = vec![
            self.condition("PodReadyToStartContainers", true, now),
            self.condition("Initialized", initialized, now),
            self.condition("Ready", ready, now),
            self.condition("ContainersReady", containers_ready, now),
            self.condition("PodScheduled", true, now),
        ];
        for condition in &mut conditions[2..4] {
            if condition.status == "False" {
                let gate = containers_ready;
                condition.reason = Some(
                    if gate {
                        "ReadinessGatesNotReady"
                    } else {
                        "ContainersNotReady"
                    }
                    .into(),
                );
                condition.message = (!gate).then(|| complaint.clone());
            }
        }
        let statuses = |main: bool| {
            let records = self
                .records
                .iter()
                .filter(|record| (record.kind == Kind::Main) == main);
            Some(records.map(Record::status).collect::<Vec<_>>())
                .filter(|statuses| !statuses.is_empty())
        };
        PodStatus {
            conditions: Some(conditions),
            container_statuses: statuses(true),
            init_container_statuses: statuses(false),
            host_ip: Some(self.host_ip.to_string()),
            host_ips: Some(vec![HostIP {
                ip: self.host_ip.to_string(),
            }]),
            phase: Some(self.phase().into()),
            pod_ip: Some(self.ip.to_string()),
            pod_ips: Some(vec![PodIP {
                ip: self.ip.to_string(),
            }]),
            start_time: Some(Time(self.start_time)),
            ..PodStatus::default()
        }
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Record> {
        self.records
            .iter()
            .filter(move |record| record.kind == kind)
    }

    fn condition(&mut self, kind: &'static str, holds: bool, now: Timestamp) -> PodCondition {
        let (known, since) = self.conditions.entry(kind).or_insert((holds, now));
        if *known != holds {
            (*known, *since) = (holds, now);
        }
        PodCondition {
            type_: kind.into(),
            status: if holds { "True" } else { "False" }.into(),
            last_transition_time: Some(Time(*since)),
            ..PodCondition::default()
        }
    }
}

/// Whether every readiness gate of the pod has a condition that is true.
fn gates_open(pod: &Pod) -> bool {
    let gates = pod
        .spec
        .iter()
        .flat_map(|spec| spec.readiness_gates.iter().flatten());
    let conditions: Vec<&PodCondition> = pod
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .collect();
    gates.into_iter().all(|gate| {
        conditions
            .iter()
            .any(|condition| condition.type_ == gate.condition_type && condition.status == "True")
    })
}
