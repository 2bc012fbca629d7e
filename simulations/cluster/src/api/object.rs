//! The objects, with the fields of them that matter to a pool.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use scaler_api::{BridgePoolSpec, BridgePoolStatus};
use scaler_policy::world::Phase;

/// The kinds of objects.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// A bridge's pod.
    Pod,
    /// A BridgePool.
    Pool,
    /// A node.
    Node,
    /// A Lease, by which the controllers elect their leader.
    Lease,
    /// A PodDisruptionBudget.
    Pdb,
}

/// Kind and name: there is one namespace.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key {
    /// The kind.
    pub kind: Kind,
    /// The name.
    pub name: Arc<str>,
}

impl Key {
    /// The object of this kind and name.
    pub fn new(kind: Kind, name: &str) -> Self {
        let name = name.into();
        Self { kind, name }
    }

    /// The pod of this name.
    pub fn pod(name: &str) -> Self {
        Self::new(Kind::Pod, name)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{}", self.kind, self.name)
    }
}

/// What every object has.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Meta {
    /// Its name.
    pub name: String,
    /// The identity of this object, which another one of its name does not have.
    pub uid: String,
    /// Grows with every change of anything; as text it is the resourceVersion.
    pub version: u64,
    /// Grows with every change of the spec.
    pub generation: i64,
    /// When it was created.
    pub created: Time,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// What must be taken away before it goes.
    pub finalizers: BTreeSet<String>,
    /// The uid of the controlling owner.
    pub owner: Option<String>,
    /// When it was deleted: it goes on existing until its kubelet, its finalizers let it go.
    pub deleted: Option<Time>,
    /// The grace period of that deletion.
    pub grace: Duration,
}

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    #[expect(missing_docs, reason = "the type says it")]
    Pod(Pod),
    #[expect(missing_docs, reason = "the type says it")]
    Pool(Box<Pool>),
    #[expect(missing_docs, reason = "the type says it")]
    Node(Node),
    #[expect(missing_docs, reason = "the type says it")]
    Lease(Lease),
    #[expect(missing_docs, reason = "the type says it")]
    Pdb(Pdb),
}

/// A bridge's pod.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pod {
    /// Labels, annotations and so on.
    pub meta: Meta,
    /// The image of the bridge: whatever the template said.
    pub image: String,
    /// The grace period that its template gives it.
    pub grace: Duration,
    /// The node that it was placed on.
    pub node: Option<String>,
    /// Its phase.
    pub phase: Phase,
    /// Whether it is Ready.
    pub ready: bool,
    /// The bridge's container, once there is one.
    pub container: Option<Container>,
    /// Why it is not placed, or why it failed; empty otherwise.
    pub reason: String,
}

/// The container of the bridge, as the pod's status tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Container {
    /// Its ID: a restarted container has another one.
    pub id: String,
    /// What it does.
    pub state: ContainerState,
    /// How often it was restarted.
    pub restarts: u32,
    /// When this container started, or was to start.
    pub since: Time,
}

/// What a container does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ContainerState {
    /// It is not there yet, or not again: the reason, such as `ImagePullBackOff`.
    Waiting(&'static str),
    /// It runs.
    Running,
    /// It has ended with this status.
    Terminated(i32),
}

/// A BridgePool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    /// Labels, annotations and so on.
    pub meta: Meta,
    /// What is wanted.
    pub spec: BridgePoolSpec,
    /// What its controller said last.
    pub status: Option<BridgePoolStatus>,
}

/// A node.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Node {
    /// Labels, annotations and so on.
    pub meta: Meta,
    /// Where it stands.
    pub zone: String,
    /// Cordoned.
    pub unschedulable: bool,
    /// Whether its kubelet reports that all is well; `None`: nothing is heard of it.
    pub ready: Option<bool>,
    /// What keeps pods away, or drives them off.
    pub taints: Vec<Taint>,
    /// How many bridges it can hold.
    pub room: usize,
}

/// A taint of a node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Taint {
    /// For example `karpenter.sh/disrupted`.
    pub key: &'static str,
    /// For example `NoSchedule`.
    pub effect: &'static str,
}

/// A Lease.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Lease {
    /// Labels, annotations and so on.
    pub meta: Meta,
    /// Who holds it; empty: nobody.
    pub holder: String,
    /// When it was renewed, by the clock of its holder.
    pub renewed: Time,
    /// How often it went from one to another.
    pub transitions: u32,
}

/// A PodDisruptionBudget with an integer `minAvailable`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pdb {
    /// Labels, annotations and so on.
    pub meta: Meta,
    /// The labels of the pods that it covers.
    pub selector: BTreeMap<String, String>,
    /// How many of them must stay available.
    pub min_available: u32,
}

impl Object {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Pod(_) => Kind::Pod,
            Self::Pool(_) => Kind::Pool,
            Self::Node(_) => Kind::Node,
            Self::Lease(_) => Kind::Lease,
            Self::Pdb(_) => Kind::Pdb,
        }
    }

    /// Its kind and name.
    pub fn key(&self) -> Key {
        Key::new(self.kind(), &self.meta().name)
    }

    /// Labels, annotations and so on.
    pub fn meta(&self) -> &Meta {
        match self {
            Self::Pod(pod) => &pod.meta,
            Self::Pool(pool) => &pool.meta,
            Self::Node(node) => &node.meta,
            Self::Lease(lease) => &lease.meta,
            Self::Pdb(pdb) => &pdb.meta,
        }
    }

    /// The same, to change.
    pub fn meta_mut(&mut self) -> &mut Meta {
        match self {
            Self::Pod(pod) => &mut pod.meta,
            Self::Pool(pool) => &mut pool.meta,
            Self::Node(node) => &mut node.meta,
            Self::Lease(lease) => &mut lease.meta,
            Self::Pdb(pdb) => &mut pdb.meta,
        }
    }

    /// The pod that it is.
    pub fn pod(&self) -> Option<&Pod> {
        match self {
            Self::Pod(pod) => Some(pod),
            _ => None,
        }
    }

    /// The pool that it is.
    pub fn pool(&self) -> Option<&Pool> {
        match self {
            Self::Pool(pool) => Some(pool),
            _ => None,
        }
    }

    /// The node that it is.
    pub fn node(&self) -> Option<&Node> {
        match self {
            Self::Node(node) => Some(node),
            _ => None,
        }
    }
}

impl Pod {
    /// Whether it has ended.
    pub fn ended(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// Whether its container runs, as far as its kubelet has said.
    pub fn runs(&self) -> bool {
        let container = self.container.as_ref();
        container.is_some_and(|container| container.state == ContainerState::Running)
    }

    /// Writes down all of it but its version.
    ///
    /// # Errors
    /// When `to` fails.
    pub(crate) fn tell(&self, to: &mut impl fmt::Write) -> fmt::Result {
        let meta = &self.meta;
        write!(
            to,
            "{} {} {:?} {:?} {:?} {:?} {:?} {} {:?} {:?} {:?} {} {:?} {:?} ",
            meta.uid,
            meta.created,
            meta.labels,
            meta.annotations,
            meta.finalizers,
            meta.owner,
            meta.deleted,
            self.image,
            meta.grace,
            self.node,
            self.phase,
            self.ready,
            self.container,
            self.reason,
        )
    }

    /// Whether all of these labels are its own.
    pub fn selected(&self, selector: &BTreeMap<String, String>) -> bool {
        selector
            .iter()
            .all(|(name, value)| self.meta.labels.get(name) == Some(value))
    }
}
