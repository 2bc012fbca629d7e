//! A node, as far as its bridges care.

use std::collections::BTreeSet;

use scaler_api::spec::NodeSignal;

/// A node, as the API server last told it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its zone; empty when it says none.
    pub zone: String,
    /// Whether its kubelet is heard of and says that it can run pods.
    pub ready: bool,
    /// The signs that it is about to leave.
    pub signals: BTreeSet<NodeSignal>,
}
