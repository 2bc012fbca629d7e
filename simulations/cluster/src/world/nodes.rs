//! Nodes come, fall silent and go; what Kubernetes' own controllers make of it.

use std::time::Duration;

use bridge::Time;
use bridge::model::Stop;

use super::{Event, World};
use crate::api::{Key, Kind, Meta, Node, Object, Pod};
use crate::node::Machine;

/// After how long without a sign of its kubelet a node counts as lost (kubernetes: node-monitor-grace-period).
const SILENCE: Duration = Duration::from_secs(40);

/// How often pods of nodes that are no more are collected, at most (kubernetes: pod garbage collector).
const COLLECT: Duration = Duration::from_secs(40);

impl World {
    /// Adds a node.
    pub fn add_node(&mut self) -> String {
        let number = self.machines.len() + 1;
        let name = format!("node-{number}");
        let node = Node {
            meta: Meta {
                name: name.clone(),
                ..Meta::default()
            },
            zone: format!("zone-{}", number % 2),
            ready: Some(true),
            room: self.setup.room,
            ..Node::default()
        };
        self.machines.insert(name.clone(), Machine::default());
        let create = crate::api::Request::Create(Box::new(Object::Node(node)));
        // A name that was never used cannot be refused.
        let _ = self
            .api
            .request(crate::api::Actor::Cluster, create, self.now);
        name
    }

    /// Changes what the API server knows of a node.
    pub fn edit_node(&mut self, name: &str, change: impl FnOnce(&mut Node)) {
        let key = Key::new(Kind::Node, name);
        self.api.modify(&key, self.now, |object| {
            if let Object::Node(node) = object {
                change(node);
            }
        });
        self.react();
    }

    /// Whether a bridge may take conferences that nobody can tell anything: its kubelet is cut off, and has not heard that its pod was
    /// deleted, or could not say that it runs, and where.
    pub fn goes_on_unheard(&self, name: &str) -> bool {
        let unheard = |pod: &&Pod| pod.meta.deleted.is_some() || !pod.runs();
        let pod = self.api.pod(name).filter(unheard);
        let machine = pod.and_then(|pod| self.machines.get(pod.node.as_ref()?));
        machine.is_some_and(|machine| !machine.in_touch())
    }

    /// Whether a node was ready, as far as the API server knew, at any time since this moment.
    pub fn was_ready_since(&self, name: &str, moment: Time) -> bool {
        let changes = self.api.log().iter().rev();
        let nodes = changes.filter_map(|change| match &*change.object {
            Object::Node(node) if node.meta.name == name => Some((change.at, node.ready)),
            _ => None,
        });
        // What held at that moment was written before.
        let mut later = true;
        nodes
            .take_while(|(at, _)| std::mem::replace(&mut later, *at > moment))
            .any(|(_, ready)| ready == Some(true))
    }

    /// The kubelet of a node no longer reaches the API server, or reaches it again. What runs goes on running.
    pub fn cut_off(&mut self, node: &str, cut_off: bool) {
        let Some(machine) = self.machines.get_mut(node) else {
            return;
        };
        machine.cut_off = cut_off;
        if cut_off {
            self.after(SILENCE, Event::Heartbeat(node.to_owned()));
            return;
        }
        self.heartbeat(node);
        let uids: Vec<_> = self
            .held
            .values()
            .filter(|held| held.node == node)
            .map(|held| held.uid.clone())
            .collect();
        for uid in uids {
            self.sync(&uid);
            self.after(Duration::from_secs(1), Event::Terminate(uid));
        }
        let names: Vec<_> = self
            .api
            .pods()
            .filter(|pod| pod.node.as_deref() == Some(node))
            .map(|pod| pod.meta.name.clone())
            .collect();
        for name in names {
            self.after(Duration::from_secs(1), Event::Admit(name));
        }
        self.react();
    }

    /// A node's machine is gone, without a word.
    pub fn vanish(&mut self, node: &str) {
        let Some(machine) = self.machines.get_mut(node) else {
            return;
        };
        machine.gone = true;
        let names: Vec<_> = self
            .held
            .values()
            .filter(|held| held.node == node)
            .map(|held| held.name.clone())
            .collect();
        for name in names {
            self.stop_bridge(&name, Stop::Vanish);
        }
        self.held.retain(|_, held| held.node != node);
        self.after(SILENCE, Event::Heartbeat(node.to_owned()));
    }

    /// The object of a node is deleted; its pods are collected after a while.
    pub fn delete_node(&mut self, node: &str) {
        self.api.remove(&Key::new(Kind::Node, node), self.now);
        self.after(COLLECT, Event::Collect(node.to_owned()));
        self.react();
    }

    /// Whether the kubelet of this node hears from the API server and is heard.
    pub(crate) fn in_touch(&self, node: &str) -> bool {
        self.machines.get(node).is_some_and(Machine::in_touch)
    }

    /// The node controller looks whether a node's kubelet has been heard of.
    pub(super) fn heartbeat(&mut self, node: &str) {
        let in_touch = self.in_touch(node);
        self.edit_node(node, |node| node.ready = in_touch.then_some(true));
        if in_touch {
            return;
        }
        let names: Vec<_> = self
            .api
            .pods()
            .filter(|pod| pod.node.as_deref() == Some(node))
            .map(|pod| pod.meta.name.clone())
            .collect();
        for name in names {
            self.api.modify(&Key::pod(&name), self.now, |object| {
                if let Object::Pod(pod) = object {
                    pod.ready = false;
                }
            });
        }
    }

    /// Pods of a node that is no more are removed by force.
    pub(super) fn collect(&mut self, node: &str) {
        let exists = self.nodes().any(|other| other.meta.name == node);
        let names: Vec<_> = self
            .api
            .pods()
            .filter(|pod| !exists && pod.node.as_deref() == Some(node))
            .map(|pod| pod.meta.name.clone())
            .collect();
        for name in names {
            self.api.remove(&Key::pod(&name), self.now);
        }
    }
}
