//! Plays scheduler, kubelet and container runtime for every pod of a laboratory.
//!
//! A pod gets a node, an address and a life as a kubelet would give it: init containers and sidecars in order, probes,
//! restarts, preStop, grace period, final delete. What its containers *do* a [`Runtime`] decides.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use kube::Client;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use crate::address::Network;
use crate::laboratory::Laboratory;

use addresses::Addresses;
use runtime::Runtime;

mod action;
mod addresses;
mod container;
mod node;
mod pod;
mod probe;
mod record;
mod status;
mod stop;
mod watch;
mod write;

pub(crate) mod recorder;
pub(crate) mod runtime;

/// How many writes to the API server may be under way at once: each takes a connection.
const WRITES: usize = 32;

/// A running kubelet. Dropping it is the sudden death of the node's kubelet: containers stay as they are, nobody reports.
#[derive(Debug)]
pub struct Kubelet {
    shared: Arc<Shared>,
    _task: AbortOnDropHandle<()>,
}

impl Kubelet {
    /// A kubelet for all pods of a laboratory.
    pub fn builder<R: Runtime>(lab: &Laboratory, runtime: Arc<R>) -> KubeletBuilder {
        KubeletBuilder {
            client: lab.client(),
            network: lab.network(),
            runtime,
            nodes: vec!["node-0".into()],
            settings: Settings::default(),
        }
    }

    /// The next pod gets this address, whether or not another one has had it: addresses are otherwise given anew only after
    /// all others. For tests of what takes a bridge for another one that had its address.
    pub fn next_address(&self, address: Ipv4Addr) {
        self.shared.addresses().force(address);
    }
}

/// Settings of a kubelet that is not started yet.
pub struct KubeletBuilder {
    client: Client,
    network: Network,
    runtime: Arc<dyn Runtime>,
    nodes: Vec<String>,
    settings: Settings,
}

/// Durations of a kubelet.
#[derive(Clone, Copy, Debug)]
struct Settings {
    boot: Duration,
    restart_backoff: Duration,
    restart_backoff_limit: Duration,
    minimum_grace: Duration,
    look_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            boot: Duration::ZERO,
            restart_backoff: Duration::from_millis(100),
            restart_backoff_limit: Duration::from_secs(5),
            minimum_grace: Duration::from_secs(2),
            look_every: Duration::from_millis(100),
        }
    }
}

impl KubeletBuilder {
    /// How long a pod is Pending with its containers being created (on a real node: pulling the image): no time where nothing is said.
    #[must_use]
    pub fn boot(mut self, boot: Duration) -> Self {
        self.settings.boot = boot;
        self
    }

    /// How long an ended container waits for its restart: `first`, doubled with each restart up to `limit`. 100 ms and 5 s
    /// where nothing is said; a real kubelet takes 10 s and 5 min.
    #[must_use]
    pub fn restart_backoff(mut self, first: Duration, limit: Duration) -> Self {
        self.settings.restart_backoff = first;
        self.settings.restart_backoff_limit = limit;
        self
    }

    /// How long a container has between SIGTERM and SIGKILL even where preStop used the grace period up: 2 s where nothing is said.
    #[must_use]
    pub fn minimum_grace(mut self, grace: Duration) -> Self {
        self.settings.minimum_grace = grace;
        self
    }

    /// The names of the nodes it plays: `node-0` where nothing is said. Pods are given to them in turn.
    #[must_use]
    pub fn nodes(mut self, names: &[&str]) -> Self {
        self.nodes = names.iter().map(ToString::to_string).collect();
        self
    }

    /// Registers the nodes and begins to play pods.
    ///
    /// # Errors
    /// When a node cannot be registered.
    pub async fn start(self) -> Result<Kubelet> {
        let nodes = (0..).zip(self.nodes);
        let shared = Arc::new(Shared {
            client: self.client,
            runtime: self.runtime,
            settings: self.settings,
            nodes: nodes
                .map(|(n, name)| (name, self.network.node(n)))
                .collect(),
            addresses: Mutex::new(Addresses::new(self.network)),
            writes: Semaphore::new(WRITES),
        });
        node::register(&shared).await?;
        let task = tokio::spawn(watch::run(Arc::clone(&shared)));
        Ok(Kubelet {
            shared,
            _task: AbortOnDropHandle::new(task),
        })
    }
}

/// What all tasks of one kubelet know.
struct Shared {
    client: Client,
    runtime: Arc<dyn Runtime>,
    settings: Settings,
    /// Names and addresses.
    nodes: Vec<(String, Ipv4Addr)>,
    addresses: Mutex<Addresses>,
    writes: Semaphore,
}

impl Shared {
    fn addresses(&self) -> std::sync::MutexGuard<'_, Addresses> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of one of this kubelet's nodes.
    fn node_address(&self, name: &str) -> Option<Ipv4Addr> {
        self.nodes
            .iter()
            .find(|(node, _)| node == name)
            .map(|(_, address)| *address)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kubelet")
            .field("nodes", &self.nodes)
            .finish_non_exhaustive()
    }
}
