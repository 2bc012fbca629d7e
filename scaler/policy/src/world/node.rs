//! A node, as far as its bridges care.

use std::collections::BTreeSet;

use bridge::Time;
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
    nodes: Vec<Option<Seen>>,
}

/// A node, and since when this controller has seen that it is not ready.
#[derive(Clone, Debug)]
struct Seen {
    node: Node,
    unready_since: Option<Time>,
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
        Some(&self.seen(number)?.node)
    }

    fn seen(&self, number: usize) -> Option<&Seen> {
        self.nodes.get(number)?.as_ref()
    }

    /// Since when the node of a number has not been ready, as far as this controller has seen, by its own clock.
    pub(crate) fn unready_since(&self, number: usize) -> Option<Time> {
        self.seen(number)?.unready_since
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
    pub(crate) fn set(&mut self, node: Node, at: Time) -> bool {
        let number = self.number(&node.name);
        let place = &mut self.nodes[number];
        let news = place.as_ref().is_none_or(|seen| seen.node != node);
        let before = place.as_ref().and_then(|seen| seen.unready_since);
        let unready_since = (!node.ready).then(|| before.unwrap_or(at));
        *place = Some(Seen {
            node,
            unready_since,
        });
        news
    }

    /// Forgets a node; whether it was known.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let number = self.number(name);
        self.nodes[number].take().is_some()
    }
}
