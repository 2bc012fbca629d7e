//! All that is known of a pool at one moment. Nothing else enters a decision.
//!
//! Whoever observes tells the world by its methods; each of them notes whether anything changed that a decision could depend
//! on, so that nothing is decided anew while nothing happens.

mod compared;
mod jicofo;
mod known;
mod live;
mod marks;
mod node;
mod numbers;
mod outstanding;
mod pod;
mod pods;
mod pool;
mod surroundings;
mod tuning;

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;
use scaler_api::status::Controller;

pub(crate) use compared::confirmed;
pub use jicofo::{Jicofo, Presence, Room};
pub use known::Known;
use known::Pods;
pub use live::{Empty, Live, Look, Run};
pub use marks::{Marks, SAFE_TO_EVICT};
pub use node::{Node, Nodes};
pub(crate) use numbers::Numbers;
pub(crate) use outstanding::backoff;
pub use outstanding::{
    Command, Create, Delete, Invalid, Judge, Memory, Outstanding, Refusal, Starts, Stumbled, Told,
    Write,
};
pub use pod::{Container, Frozen, Owner, Phase, Pod, Running, Uid};
pub use pool::{FINALIZER, Pool};
pub use surroundings::{Autoscaler, Surroundings};
pub use tuning::Tuning;

use crate::guards::{Guard, Guards};
use crate::plan::Plan;

/// All that is known of a pool at one moment.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) pool: Pool,
    pods: Pods,
    pub(crate) nodes: Nodes,
    pub(crate) jicofo: Jicofo,
    pub(crate) surroundings: Surroundings,
    pub(crate) outstanding: Outstanding,
    pub(crate) memory: Memory,
    pub(crate) tuning: Tuning,
    /// Whether all pods were once listed by the API server itself, not by a cache that may be of before an earlier leader's last
    /// writes.
    pub(crate) listed: bool,
    /// Whether no pod can be unknown that names the pool as its owner: they were listed since the pool is being deleted.
    pub(crate) owned_known: bool,
    /// Since when bridges have been answering without a break: what happened to all of them before, this controller has not seen.
    pub(crate) asking_since: Option<Time>,
    /// When one answered last.
    answered_at: Option<Time>,
    /// When the API server was last heard of about pods, by an event, a bookmark or a list.
    pub(crate) pods_heard_at: Time,
    /// When it was about the pool: what is wanted may have changed unheard.
    pub(crate) pool_heard_at: Time,
    /// By how many milliseconds the clock of the decisions is ahead of the API server's; `None` while nobody knows.
    pub(crate) skew: Option<i64>,
    pub(crate) guards: Guards,
    /// Who looks after the pool, where anybody does.
    pub(crate) keeper: Option<Controller>,
    /// Pods that are gone, and since when this controller knows: an answer of before does not bring them back.
    gone: BTreeMap<Uid, Time>,
    /// How often something changed that a decision could depend on.
    changes: u64,
    /// How often when it was decided last.
    decided: Option<u64>,
    wake: Time,
}

impl World {
    /// A pool of which nothing but itself is known.
    pub fn new(pool: Pool, tuning: Tuning, now: Time) -> Self {
        Self {
            pool,
            pods: Pods::default(),
            nodes: Nodes::default(),
            jicofo: Jicofo::default(),
            surroundings: Surroundings::default(),
            outstanding: Outstanding::default(),
            memory: Memory::default(),
            tuning,
            listed: false,
            owned_known: false,
            asking_since: None,
            answered_at: None,
            pods_heard_at: now,
            pool_heard_at: now,
            skew: None,
            guards: Guards::default(),
            keeper: None,
            gone: BTreeMap::new(),
            changes: 0,
            decided: None,
            wake: now,
        }
    }

    /// The same world with one guard switched off: a seeded bug, to show that a test finds it.
    #[cfg(any(test, feature = "seeded-bugs"))]
    #[must_use]
    pub fn without_guard(mut self, guard: Guard) -> Self {
        self.guards = Guards::without(guard);
        self
    }

    /// The pool.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The pods, each with what its bridge said, in the order of their UIDs.
    pub fn pods(&self) -> &BTreeMap<Uid, Known> {
        self.pods.all()
    }

    /// The numbers of the revisions of which pods were seen.
    pub(crate) fn revisions(&self) -> &Numbers {
        self.pods.revisions()
    }

    /// The nodes.
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// What is known of jicofo.
    pub fn jicofo(&self) -> &Jicofo {
        &self.jicofo
    }

    /// What was asked and not yet answered.
    pub fn outstanding(&self) -> &Outstanding {
        &self.outstanding
    }

    /// What remains of earlier events.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The times and limits that are not the pool's own.
    pub fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// Whether all pods were once listed by the API server itself: before that nothing is decided.
    pub fn listed(&self) -> bool {
        self.listed
    }

    /// Whether nothing changed that a decision could depend on, and nothing is due yet.
    pub fn quiet(&self, now: Time) -> bool {
        self.decided == Some(self.changes) && now < self.wake
    }

    /// When something is due without a change.
    pub fn wake(&self) -> Time {
        self.wake
    }

    /// A plan was made of this world: nothing is decided anew until something changes or is due.
    pub fn decided(&mut self, plan: &Plan) {
        self.wake = plan.wake;
        self.decided = Some(plan.of);
        self.memory.take_up(plan);
    }

    /// Decides anew at this moment at the latest.
    pub(crate) fn wake_by(&mut self, at: Time) {
        self.wake = self.wake.min(at);
    }

    /// The pool as the API server now tells it.
    pub fn observe_pool(&mut self, mut pool: Pool) {
        if !self.guards.on(Guard::StatusCorrected) {
            pool.status.clone_from(&self.pool.status);
        }
        self.note(self.pool != pool);
        // What it owns and does not know goes with it.
        self.owned_known &= pool.deletion == self.pool.deletion;
        self.pool = pool;
        self.pool_changed();
    }

    /// The pool, or what is known of a write to it, changed: one that came too late for its version can be decided anew by another.
    pub(crate) fn pool_changed(&mut self) {
        let outstanding = &mut self.outstanding;
        let newer = |by: &String| *by != self.pool.resource_version;
        if outstanding.pool_outdated.as_ref().is_some_and(newer) {
            outstanding.pool_outdated = None;
            outstanding.pool = None;
        }
    }

    /// The API server is there, whether it had something to tell or not: about the pool and about its pods.
    pub fn hear(&mut self, at: Time) {
        self.hear_pods(at);
        self.hear_pool(at);
    }

    /// The same, about its pods alone.
    pub fn hear_pods(&mut self, at: Time) {
        self.pods_heard_at = self.pods_heard_at.max(at);
    }

    /// The same, about the pool alone.
    pub fn hear_pool(&mut self, at: Time) {
        self.pool_heard_at = self.pool_heard_at.max(at);
    }

    /// Who looks after the pool from now on: it is told in the pool's status.
    pub fn observe_keeper(&mut self, keeper: Controller) {
        self.note(self.keeper.as_ref() != Some(&keeper));
        self.keeper = Some(keeper);
    }

    /// By how many milliseconds the clock of the decisions is ahead of the API server's. Before that is known no deadline is acted
    /// upon.
    pub fn observe_skew(&mut self, millis: i64) {
        self.note(self.skew != Some(millis));
        self.skew = Some(millis);
    }

    /// A bridge answered. `container` is the container's ID as it was known when the bridge was asked.
    pub fn observe_look(&mut self, uid: &Uid, container: &str, look: Look) {
        let freshness = self.pool.spec.evidence.freshness.get();
        let went_on = |last: Time| look.at.since(last) <= freshness;
        // A process that stood still is no better than one that has just begun.
        if !self.answered_at.is_some_and(went_on) {
            self.asking_since = Some(look.at);
        }
        self.answered_at = self.answered_at.max(Some(look.at));
        let guards = self.guards;
        let changed = self.pods.hear(uid, |pod, live| {
            let acked = pod
                .marks
                .as_ref()
                .ok()
                .and_then(|marks| marks.acked.as_ref());
            live.look(container, acked, look, freshness, guards) || !pod.settled()
        });
        self.note(changed);
    }

    /// Bridges have been answering from one moment to another.
    #[cfg(test)]
    pub(crate) fn observe_answers(&mut self, since: Time, until: Time) {
        self.asking_since = Some(since);
        self.answered_at = Some(until);
    }

    /// A bridge did not answer, or not with what was asked for.
    pub fn observe_silence(&mut self, uid: &Uid, at: Time) {
        let news = self.pods.hear(uid, |_, live| live.silence(at));
        self.note(news);
    }

    /// A node as the API server now tells it.
    pub fn observe_node(&mut self, node: Node, at: Time) {
        let news = self.nodes.set(node, at);
        self.note(news);
    }

    /// A node is no longer there. Its pods' containers are not taken to be gone: the API server collects them.
    pub fn observe_node_gone(&mut self, name: &str) {
        let known = self.nodes.remove(name);
        self.note(known);
    }

    /// Whether jicofo answers, and which bridges it knows.
    pub fn observe_jicofo(&mut self, presence: Presence) {
        self.note(self.jicofo.presence != presence);
        self.jicofo.presence = presence;
    }

    /// What else in the namespace has a say about the pool's bridges.
    pub fn observe_surroundings(&mut self, surroundings: Surroundings) {
        self.note(self.surroundings != surroundings);
        self.surroundings = surroundings;
    }

    /// Which conferences jicofo has on which bridge.
    pub fn observe_rooms(&mut self, rooms: BTreeMap<String, Vec<Room>>, at: Time) {
        self.jicofo.rooms = rooms;
        self.jicofo.rooms_at = Some(at);
        self.note(true);
    }

    /// How soon a bridge should be looked at again: often while it is on its way, so that what is seen is fresh when it is
    /// decided by.
    pub fn look_within(&self, uid: &Uid) -> Duration {
        match self.pods().get(uid) {
            Some(known) if !known.pod.settled() => self.tuning.look_soon,
            _ => self.tuning.look_usually,
        }
    }

    /// A moment of this controller's clock by the API server's, which all that is written down is by.
    pub fn server_time(&self, local: Time) -> Time {
        Time::from_millis(local.as_millis().saturating_sub(self.ahead()))
    }

    /// A moment of the API server's clock by this controller's.
    pub fn local_time(&self, server: Time) -> Time {
        Time::from_millis(server.as_millis().saturating_add(self.ahead()))
    }

    fn ahead(&self) -> i64 {
        if self.guards.on(Guard::ServersClock) {
            self.skew.unwrap_or_default()
        } else {
            0
        }
    }

    /// Whether a bridge was told to shut down, though it may not have heard it.
    pub(crate) fn told_to_shut_down(&self, uid: &Uid) -> bool {
        self.memory
            .commands
            .get(uid)
            .is_some_and(|told| told.contains_key(&Command::Shutdown))
    }

    /// Whether something changed that a decision could depend on.
    fn note(&mut self, changed: bool) {
        self.changes += u64::from(changed);
    }

    /// How often something changed so far.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    pub(crate) fn touch(&mut self) {
        self.note(true);
    }
}
