//! The cluster: everything but those who decide about it.

mod collector;
mod exits;
mod kubelet;
mod nodes;
mod people;
mod placing;
mod prosody;
mod setup;

use std::collections::{BTreeMap, BTreeSet};

use bridge::Time;
use bridge::model::{JicofoConfig, Jitsi};

use crate::api::{Actor, ApiServer, Kind, Reply, Request};
use crate::kernel::{Chance, Concern, Queue};
use crate::node::{Held, Machine};

pub use exits::Loss;
pub use people::Demand;
pub use setup::Setup;

use people::People;
use prosody::Outage;

/// What is going to happen in a cluster by itself.
#[derive(Clone, Debug)]
enum Event {
    /// The scheduler looks at a pod.
    Place(String),
    /// A kubelet hears of a pod by uid.
    Admit(String),
    /// Its image is there.
    Pulled(String),
    /// Its container starts again.
    Restart(String),
    /// Its readiness is probed.
    Probe(String),
    /// Its sidecar brings a bridge that has restarted into the mode that the pod's annotations ask for.
    Assert(String),
    /// The kubelet hears that it was deleted.
    Terminate(String),
    /// Its hooks are looked at.
    Hooks(String),
    /// It is killed.
    Kill(String),
    /// The kubelet tells the API server that nothing of it is left.
    Finish(String),
    /// The node controller looks at a node.
    Heartbeat(String),
    /// Pods of a node that is no more are collected.
    Collect(String),
    /// Pods of an owner that is no more, by its uid, are collected.
    CollectOf(String),
    /// A node is added because pods found none.
    AddNode,
    /// Somebody may begin a conference.
    Arrive,
    /// Somebody joins.
    Join(String, String),
    /// Somebody leaves.
    Leave(String, String),
}

/// The cluster.
#[derive(Clone, Debug)]
pub struct World {
    /// How it was set up.
    pub setup: Setup,
    /// The API server. Changes are heard of after [`World::request`] and [`World::react`].
    pub api: ApiServer,
    /// The bridges, jicofo and people.
    pub jitsi: Jitsi,
    queue: Queue<Event>,
    now: Time,
    machines: BTreeMap<String, Machine>,
    held: BTreeMap<String, Held>,
    people: People,
    losses: Vec<Loss>,
    there: BTreeSet<String>,
    /// The uids of pools that are no more.
    gone_pools: BTreeSet<String>,
    /// How many changes of the API server's log the cluster has reacted to.
    seen: usize,
    adding_node: bool,
    nodes_chance: Chance,
    /// Prosody is away.
    outage: Option<Outage>,
}

impl World {
    /// A cluster with nodes and a jicofo, without a pool.
    pub fn new(seed: u64, setup: Setup, now: Time) -> Self {
        let people = Chance::new(seed, Concern::People);
        Self::with(people, Chance::new(seed, Concern::Nodes), setup, now)
    }

    /// The same without chance: everything takes as little time as it can.
    pub fn without_chance(setup: Setup, now: Time) -> Self {
        Self::with(Chance::none(), Chance::none(), setup, now)
    }

    fn with(people: Chance, nodes: Chance, setup: Setup, now: Time) -> Self {
        let jicofo = JicofoConfig {
            octo: setup.octo,
            strategy: setup.strategy.clone(),
            min_participants: 1,
            ..JicofoConfig::default()
        };
        let mut world = Self {
            api: ApiServer::default(),
            jitsi: Jitsi::new(jicofo, now),
            queue: Queue::default(),
            now,
            machines: BTreeMap::new(),
            held: BTreeMap::new(),
            people: People::new(people),
            losses: Vec::new(),
            there: BTreeSet::new(),
            gone_pools: BTreeSet::new(),
            seen: 0,
            adding_node: false,
            nodes_chance: nodes,
            outage: None,
            setup,
        };
        for _ in 0..world.setup.nodes {
            world.add_node();
        }
        world.queue.push(now, Event::Arrive);
        world.react();
        world
    }

    /// The moment up to which everything has happened.
    pub fn now(&self) -> Time {
        self.now
    }

    /// When something happens next by itself.
    pub fn next(&self) -> Option<Time> {
        match (self.queue.next(), self.jitsi.next_event()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Lets happen what is due at the next moment at which something is, and no later than `until`. Whether there was anything.
    pub fn step(&mut self, until: Time) -> bool {
        let Some(at) = self.next().filter(|at| *at <= until) else {
            self.now = self.now.max(until);
            return false;
        };
        self.now = self.now.max(at);
        self.advance_jitsi();
        if self.queue.next().is_some_and(|next| next <= self.now)
            && let Some((_, event)) = self.queue.pop()
        {
            self.happen(event);
            self.advance_jitsi();
        }
        self.react();
        true
    }

    /// A request to the API server; the cluster hears of what it changes.
    ///
    /// # Errors
    /// When the API server refuses.
    pub fn request(&mut self, actor: Actor, request: Request) -> Reply {
        let reply = self.api.request(actor, request, self.now);
        self.react();
        reply
    }

    /// Which bridges vanished, and what that did, in order.
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// The pods on their nodes, by uid.
    pub fn held(&self) -> &BTreeMap<String, Held> {
        &self.held
    }

    /// The pod of this name on its node.
    pub fn held_by_name(&self, name: &str) -> Option<&Held> {
        self.held.values().find(|held| held.name == name)
    }

    /// The machines of the nodes, by name.
    pub fn machines(&self) -> &BTreeMap<String, Machine> {
        &self.machines
    }

    /// Writes down all that the future of pods, bridges and people depends on but versions and jitsi, and nothing of their past.
    ///
    /// # Errors
    /// When `to` fails.
    pub(crate) fn tell(&self, to: &mut impl std::fmt::Write) -> std::fmt::Result {
        for pod in self.api.pods() {
            pod.tell(to)?;
        }
        for object in self.api.list(Kind::Pool) {
            let replicas = object.pool().map(|pool| pool.spec.replicas);
            write!(to, "{:?} {replicas:?} ", object.meta().finalizers)?;
        }
        write!(to, "{} {:?}", self.api.names(), self.held)?;
        for (at, event) in self.queue.all() {
            write!(to, "{at} {event:?}")?;
        }
        write!(to, "{:?} {:?}", self.there, self.gone_pools)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Place(name) => self.place(&name),
            Event::Admit(name) => self.admit(&name),
            Event::Pulled(uid) => self.pulled(&uid),
            Event::Restart(uid) => self.restart(&uid),
            Event::Probe(uid) => self.probe(&uid),
            Event::Assert(uid) => self.assert_mode(&uid),
            Event::Terminate(uid) => self.terminate(&uid),
            Event::Hooks(uid) => self.hooks(&uid),
            Event::Kill(uid) => self.kill(&uid),
            Event::Finish(uid) => self.finish(&uid),
            Event::Heartbeat(node) => self.heartbeat(&node),
            Event::Collect(node) => self.collect(&node),
            Event::CollectOf(owner) => self.collect_of(&owner),
            Event::AddNode => {
                self.adding_node = false;
                self.add_node();
            }
            Event::Arrive => self.arrive(),
            Event::Join(conference, person) if !self.prosody_is_away() => {
                self.jitsi.join(&conference, &person, self.now);
            }
            Event::Join(..) => {}
            Event::Leave(conference, person) => {
                self.jitsi.leave(&conference, &person, self.now);
            }
        }
    }

    fn after(&mut self, delay: std::time::Duration, event: Event) {
        self.queue.push(self.now + delay, event);
    }

    /// Lets the parts of the cluster hear of what has changed at the API server.
    pub fn react(&mut self) {
        while self.seen < self.api.log().len() {
            let change = &self.api.log()[self.seen];
            self.seen += 1;
            let (key, object, gone) = (change.key.clone(), change.object.clone(), change.gone);
            self.hear_of_owner(&object, gone);
            if key.kind != Kind::Pod {
                continue;
            }
            let name = key.name.to_string();
            let object = (!gone).then_some(object);
            let lag = self.nodes_chance.millis(10, 500);
            match object.as_deref().and_then(|object| object.pod()) {
                Some(pod) if pod.node.is_none() && pod.meta.deleted.is_none() => {
                    if pod.reason.is_empty() {
                        self.after(lag, Event::Place(name));
                    }
                }
                Some(pod) if pod.meta.deleted.is_some() => {
                    let uid = pod.meta.uid.clone();
                    self.after(lag, Event::Terminate(uid));
                }
                Some(pod) if !self.held.contains_key(&pod.meta.uid) => {
                    self.after(lag, Event::Admit(name));
                }
                Some(_) => {}
                None => {
                    let gone = self.held_by_name(&name).map(|held| held.uid.clone());
                    if let Some(uid) = gone {
                        self.after(lag, Event::Terminate(uid));
                    }
                }
            }
        }
    }
}
