//! The pool itself.

use bridge::Time;
use scaler_api::{BridgePoolSpec, BridgePoolStatus};

use crate::world::Uid;

/// The finalizer with which a pool waits for its bridges.
pub const FINALIZER: &str = "bridgetender.dev/drain";

/// The pool, as the API server last told it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Its UID, which its pods name as their owner.
    pub uid: Uid,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Which generation of the spec this is.
    pub generation: i64,
    /// The version of the object.
    pub resource_version: String,
    /// What is wanted.
    pub spec: BridgePoolSpec,
    /// What was last said of it.
    pub status: BridgePoolStatus,
    /// The revision of the template of which new bridges are made.
    pub revision: String,
    /// Since when it is being deleted.
    pub deletion: Option<Time>,
    /// Whether an operator lets it go without waiting for its bridges.
    pub released: bool,
    /// Its finalizers, those of others included.
    pub finalizers: Vec<String>,
}

impl Pool {
    /// Whether it waits for its bridges when it is deleted.
    pub fn held(&self) -> bool {
        self.finalizers
            .iter()
            .any(|finalizer| finalizer == FINALIZER)
    }

    /// How many bridges shall be counted: what is asked for, not below the floor and not above the ceiling.
    pub fn wanted(&self, clamped: bool) -> u32 {
        if self.deletion.is_some() {
            return 0;
        }
        let wanted = self.spec.replicas.max(self.spec.min_active);
        match self.spec.max_replicas {
            Some(most) if clamped => wanted.min(most),
            _ => wanted,
        }
    }
}
