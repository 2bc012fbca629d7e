//! What the adapter keeps of a pod: a few hundred bytes of the many thousand that the API server tells.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bridge::Time;
use k8s_openapi::api::core::v1::ContainerState;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use scaler_api::labels::POOL;

use crate::telling::resource::Resource;

#[cfg(test)]
mod tests;
mod told;

pub(crate) use told::BridgePod;
use told::{Spec, Status};

/// Name of the port on which a bridge tells its statistics.
const PORT_NAME: &str = "metrics";

/// Annotation with the number of that port, for pods that name none.
const PORT_ANNOTATION: &str = "bridgetender.dev/metrics-port";

/// The bridge's own private HTTP port.
const DEFAULT_PORT: u16 = 8080;

/// Name of the bridge's container in the charts of Jitsi.
pub(crate) const CONTAINER_NAME: &str = "jvb";

/// Label by which a ReplicaSet of a Deployment tells its pods from those of other revisions.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// Labels, ordered by key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Labels(Arc<[(Box<str>, Box<str>)]>);

impl Labels {
    /// Whether both are the same, kept once: then they are equal.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The value of this label.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .binary_search_by(|(known, _)| (**known).cmp(key))
            .ok()
            .map(|index| &*self.0[index].1)
    }
}

impl<K: Into<Box<str>>, V: Into<Box<str>>> FromIterator<(K, V)> for Labels {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(labels: T) -> Self {
        let mut labels: Vec<_> = labels
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        labels.sort();
        Self(labels.into())
    }
}

/// A bridge's container, from one start to its end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Process {
    /// What tells this start of the container from the one before.
    pub id: Box<str>,
    /// When it started, by the clock of its node, in whole seconds.
    pub started: Option<Time>,
}

/// An owner of pods; none for those that nobody owns.
pub(crate) type Owner<'a> = Option<(Resource, &'a str)>;

/// A pod with a bridge in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pod {
    /// Never used twice, unlike name and address.
    pub uid: Box<str>,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its labels.
    pub labels: Labels,
    /// The objects that it belongs to: its controller, and the Deployment of its ReplicaSet; or the pool that its label names.
    pub owners: Arc<[(Resource, Box<str>)]>,
    /// Whether it has been asked to go.
    pub leaving: bool,
    /// Where its bridge tells its statistics; none until it is Running.
    pub address: Option<SocketAddr>,
    /// The bridge's container while it runs.
    pub process: Option<Process>,
}

impl Pod {
    /// What matters of a pod; none for one without a name, namespace or UID, which the API server never tells.
    pub(crate) fn of(pod: &BridgePod) -> Option<Self> {
        let BridgePod {
            metadata,
            spec,
            status,
        } = pod;
        let running = status.phase == "Running";
        let address: Option<IpAddr> = status.pod_ip.parse().ok().filter(|_| running);
        Some(Self {
            uid: metadata.uid.as_deref()?.into(),
            namespace: metadata.namespace.as_deref()?.into(),
            name: metadata.name.as_deref()?.into(),
            labels: metadata
                .labels
                .iter()
                .flatten()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
            owners: owners(metadata),
            leaving: metadata.deletion_timestamp.is_some(),
            address: address.map(|address| SocketAddr::new(address, port(metadata, spec))),
            process: process(spec, status).filter(|_| running),
        })
    }

    /// The same pod, with what it has in common with the other kept once: a read of ten thousand pods then finds what it compares
    /// where it compared it last, and not in ten thousand places.
    pub(crate) fn beside(mut self, other: &Self) -> Self {
        if self.namespace == other.namespace {
            self.namespace = Arc::clone(&other.namespace);
        }
        if self.labels == other.labels {
            self.labels = other.labels.clone();
        }
        if self.owners == other.owners {
            self.owners = Arc::clone(&other.owners);
        }
        self
    }

    /// The owner that no other of its owners belongs to: the Deployment, not its ReplicaSet.
    pub(crate) fn outermost_owner(&self) -> Owner<'_> {
        let owner = self.owners.last();
        owner.map(|(resource, name)| (*resource, &**name))
    }

    /// The BridgePool that it belongs to.
    ///
    /// Its owner reference names it, or its label where it has no owner, and its labels say how it stands there, so that nobody needs
    /// to watch pools: there need not even be any.
    pub(crate) fn pool(&self) -> Option<&str> {
        match self.outermost_owner() {
            Some((Resource::BridgePools, name)) => Some(name),
            _ => None,
        }
    }

    /// Whether there is a bridge to be asked.
    pub(crate) const fn is_alive(&self) -> bool {
        !self.leaving && self.process.is_some()
    }
}

fn owners(metadata: &ObjectMeta) -> Arc<[(Resource, Box<str>)]> {
    let Some(controller) = metadata
        .owner_references
        .iter()
        .flatten()
        .find(|owner| owner.controller == Some(true))
    else {
        // A pool whose bridges outlive it (`deletionPolicy: Orphan`) owns none of them: its label alone names it.
        let pool = metadata
            .labels
            .as_ref()
            .and_then(|labels| labels.get(POOL.name()));
        let pool = pool.map(|pool| (Resource::BridgePools, Box::from(pool.as_str())));
        return pool.into_iter().collect();
    };
    let Some(resource) = Resource::of_kind(&controller.api_version, &controller.kind) else {
        return Arc::default();
    };
    let mut owners = vec![(resource, Box::from(controller.name.as_str()))];
    if resource == Resource::ReplicaSets {
        // A Deployment names its ReplicaSets NAME-HASH and labels their pods with HASH: no look at the ReplicaSet needed.
        let hash = metadata
            .labels
            .as_ref()
            .and_then(|labels| labels.get(TEMPLATE_HASH));
        let deployment = hash
            .and_then(|hash| controller.name.strip_suffix(hash.as_str()))
            .and_then(|name| name.strip_suffix('-'))
            .filter(|name| !name.is_empty());
        owners.extend(deployment.map(|name| (Resource::Deployments, Box::from(name))));
    }
    owners.into()
}

fn port(metadata: &ObjectMeta, spec: &Spec) -> u16 {
    let named = spec
        .containers
        .iter()
        .chain(&spec.init_containers)
        .flat_map(|container| &container.ports)
        .find(|port| port.name == PORT_NAME)
        .map(|port| port.container_port);
    let annotated = || {
        metadata
            .annotations
            .as_ref()?
            .get(PORT_ANNOTATION)?
            .parse()
            .ok()
    };
    named.or_else(annotated).unwrap_or(DEFAULT_PORT)
}

/// The bridge's container among those that run: by its usual name, else by its port, else the first.
fn process(spec: &Spec, status: &Status) -> Option<Process> {
    let containers = &spec.containers;
    let bridge = containers
        .iter()
        .find(|container| container.name == CONTAINER_NAME)
        .or_else(|| {
            containers
                .iter()
                .find(|container| container.ports.iter().any(|port| port.name == PORT_NAME))
        })
        .or_else(|| containers.first());
    let told = status
        .container_statuses
        .iter()
        .find(|told| bridge.is_some_and(|bridge| bridge.name == told.name));
    let Some(told) = told else {
        // Running without a word of its container: to be asked, and judged by what it answers.
        return Some(Process::default());
    };
    let Some(ContainerState {
        running: Some(running),
        ..
    }) = &told.state
    else {
        return None;
    };
    Some(Process {
        id: format!(
            "{}/{}",
            told.restart_count,
            told.container_id.as_deref().unwrap_or_default()
        )
        .into(),
        started: running
            .started_at
            .as_ref()
            .map(|at| Time::from_millis(at.0.as_millisecond())),
    })
}
