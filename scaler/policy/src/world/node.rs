//! A node, as far as its bridges care.

use std::collections::BTreeSet;

use scaler_api::spec::NodeSignal;

use crate::world::Numbers;

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

/// The nodes, each with a number, so that thousands of pods find theirs without comparing names.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    numbers: Numbers,
    nodes: Vec<Option<Node>>,
}

impl Nodes {
    /// The number of a name, whether the node is known or not.
    pub(crate) fn number(&mut self, name: &str) -> usize {
        let number = self.numbers.number(name);
        self.nodes.resize(self.numbers.given(), None);
        number
    }

    /// The node of a number.
    pub(crate) fn at(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)?.as_ref()
    }

    /// How many numbers were given.
    pub(crate) fn numbers(&self) -> usize {
        self.nodes.len()
    }

    /// The node of a name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.at(self.numbers.get(name)?)
    }

    /// Whether no node is known: then nobody watches them.
    pub fn unwatched(&self) -> bool {
        self.nodes.iter().all(Option::is_none)
    }

    /// Takes up a node; whether that is news.
    pub(crate) fn set(&mut self, node: Node) -> bool {
        let number = self.number(&node.name);
        let place = &mut self.nodes[number];
        let news = place.as_ref() != Some(&node);
        *place = Some(node);
        news
    }

    /// Forgets a node; whether it was known.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let number = self.number(name);
        self.nodes[number].take().is_some()
    }
}
