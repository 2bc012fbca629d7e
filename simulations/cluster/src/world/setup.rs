//! How a cluster is set up.

use std::time::Duration;

use bridge::model::{BridgeConfig, Load, SelectionStrategy};

/// How a cluster is set up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setup {
    /// Nodes at the beginning.
    pub nodes: usize,
    /// Nodes at most: one is added when pods find none.
    pub max_nodes: usize,
    /// Bridges that a node can hold.
    pub room: usize,
    /// Conferences may spread over several bridges.
    pub octo: bool,
    /// By what jicofo chooses a bridge for somebody: whether conferences that may spread do.
    pub strategy: SelectionStrategy,
    /// Bridges start draining, and wait to be told.
    pub initial_drain: bool,
    /// Whether bridges can be told to shut down.
    pub shutdown: bool,
    /// How long an image takes to be pulled, at least and at most.
    pub pull: [Duration; 2],
    /// How long a node takes to be added.
    pub add_node: Duration,
    /// How old an annotation may be when a sidecar reads it.
    pub annotation_lag: Duration,
    /// Images that cannot be had begin with this.
    pub bad_image: &'static str,
    /// Stress of a bridge with nobody on it, in thousandths.
    pub stress_idle: u64,
    /// Stress that each person adds, in thousandths.
    pub stress_each: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            nodes: 3,
            max_nodes: 8,
            room: 2,
            octo: false,
            strategy: SelectionStrategy::Single,
            initial_drain: false,
            shutdown: true,
            pull: [Duration::from_millis(500), Duration::from_secs(10)],
            add_node: Duration::from_mins(1),
            annotation_lag: Duration::from_mins(1),
            bad_image: "bad/",
            stress_idle: 20,
            stress_each: 50,
        }
    }
}

impl Setup {
    /// How the bridge of a pod is set up: as the controller and the chart do it.
    pub fn bridge(&self, name: &str, image: &str) -> BridgeConfig {
        BridgeConfig {
            version: image.to_owned(),
            relay_id: self.octo.then(|| name.to_owned()),
            colibri_rest: true,
            shutdown_rest: self.shutdown,
            initial_drain_mode: self.initial_drain,
            load: Load::PerEndpoint {
                idle: self.stress_idle as f64 / 1000.0,
                each: self.stress_each as f64 / 1000.0,
            },
            ..BridgeConfig::default()
        }
    }
}
