//! The scheduler: which node a pod gets.

use std::time::Duration;

use super::{Event, World};
use crate::api::{Key, Kind, Node, Object};

/// How often the scheduler looks again at a pod that found no node.
const RETRY: Duration = Duration::from_secs(5);

impl World {
    pub(super) fn place(&mut self, name: &str) {
        let waits = self
            .api
            .pod(name)
            .is_some_and(|pod| pod.node.is_none() && pod.meta.deleted.is_none());
        if !waits {
            return;
        }
        let node = self.node_for_one_more();
        let key = Key::pod(name);
        if node.is_none() {
            self.after(RETRY, Event::Place(name.to_owned()));
            self.ask_for_node();
        }
        self.api.modify(&key, self.now, |object| {
            if let Object::Pod(pod) = object {
                "Unschedulable".clone_into(&mut pod.reason);
                if node.is_some() {
                    pod.reason.clear();
                }
                pod.node = node;
            }
        });
    }

    /// The emptiest node that takes a pod.
    fn node_for_one_more(&self) -> Option<String> {
        self.nodes()
            .filter(|node| {
                !node.unschedulable && node.ready == Some(true) && node.taints.is_empty()
            })
            .map(|node| (self.placed_on(&node.meta.name), node))
            .filter(|(placed, node)| *placed < node.room)
            .min_by(|(a, one), (b, other)| a.cmp(b).then(one.meta.name.cmp(&other.meta.name)))
            .map(|(_, node)| node.meta.name.clone())
    }

    /// The nodes as the API server knows them.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.api.list(Kind::Node).filter_map(|object| object.node())
    }

    fn placed_on(&self, node: &str) -> usize {
        self.api
            .pods()
            .filter(|pod| pod.node.as_deref() == Some(node))
            .count()
    }

    fn ask_for_node(&mut self) {
        let nodes = self.nodes().count();
        if !self.adding_node && nodes < self.setup.max_nodes {
            self.adding_node = true;
            self.after(self.setup.add_node, Event::AddNode);
        }
    }
}
