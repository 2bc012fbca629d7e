//! One replica of the controller: its process, its clock, its cache and its mind.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bridge::{Stats, Time};
use scaler_api::state::Intent;
use scaler_policy::election::{Elector, Pace};
use scaler_policy::world::{Look, Presence, Tuning, Uid};
use scaler_policy::{Guard, World as Mind};

use super::observe;
use crate::api::{ApiServer, Change, Kind, Object, Watch};

/// How often a bridge is asked that serves people.
const LOOK: Duration = Duration::from_secs(5);

/// How often one is asked about which something is about to be decided.
const LOOK_CLOSELY: Duration = Duration::from_secs(1);

/// How often a bookmark tells that a watch is alive.
const BOOKMARK: Duration = Duration::from_mins(1);

/// Whether a replica's process runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Life {
    /// It does not.
    Down,
    /// It does.
    Up,
}

/// One replica of the controller.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Its number.
    pub number: usize,
    /// How often its process was started: what an earlier one awaited, this one does not.
    pub epoch: u64,
    /// Whether it runs.
    pub life: Life,
    /// It is paused until then.
    pub paused_until: Time,
    /// By how many milliseconds the clock of its machine is ahead of the cluster's.
    pub wall: i64,
    /// How much older than usual what it hears is.
    pub lag: Duration,
    /// Its watch is silent until then.
    pub silent_until: Time,
    /// Its part in the election.
    pub elector: Elector,
    /// What it knows of the pool while it leads.
    pub mind: Option<Mind>,
    /// Whether it asks jicofo, too.
    pub watches_jicofo: bool,
    pool: String,
    pool_uid: String,
    /// The machine's clock when the process started: from then on it counts by itself.
    offset: i64,
    watch: Watch,
    bookmark: Time,
    looks: BTreeMap<Uid, Time>,
    /// The nodes that its mind knows.
    nodes: BTreeSet<String>,
    without: Option<Guard>,
    /// The times and limits by which it decides.
    pub tuning: Tuning,
}

impl Replica {
    /// A replica that does not run yet. `without`: a guard of the policy that is switched off.
    pub fn new(number: usize, pool: &str, without: Option<Guard>) -> Self {
        Self {
            number,
            epoch: 0,
            life: Life::Down,
            paused_until: Time::default(),
            wall: 0,
            lag: Duration::ZERO,
            silent_until: Time::default(),
            elector: Elector::new(String::new(), Pace::default()),
            mind: None,
            watches_jicofo: true,
            pool: pool.to_owned(),
            pool_uid: String::new(),
            offset: 0,
            watch: Watch::default(),
            bookmark: Time::default(),
            looks: BTreeMap::new(),
            nodes: BTreeSet::new(),
            without,
            tuning: Tuning::default(),
        }
    }

    /// Its process starts, and lists everything: as it was so long ago, if the API server that it asks is behind.
    pub fn start(&mut self, api: &ApiServer, old: Duration, now: Time) {
        self.epoch += 1;
        self.life = Life::Up;
        self.offset = self.wall;
        self.lag = old;
        self.elector = Elector::new(
            format!("replica-{}-{}", self.number, self.epoch),
            Pace::default(),
        );
        self.mind = None;
        self.relist(api, now);
    }

    /// Its process ends.
    pub fn crash(&mut self) {
        self.epoch += 1;
        self.life = Life::Down;
        self.mind = None;
        self.paused_until = Time::default();
    }

    /// What its own clock says.
    pub fn local(&self, now: Time) -> Time {
        Time::from_millis(now.as_millis().saturating_add(self.offset))
    }

    /// The UID of the pool as it knows it.
    pub fn pool_uid(&self) -> &str {
        &self.pool_uid
    }

    /// The spec of the pool as it knows it.
    pub fn pool(&self) -> Option<&scaler_policy::world::Pool> {
        self.mind.as_ref().map(Mind::pool)
    }

    /// It lists everything anew.
    pub fn relist(&mut self, api: &ApiServer, now: Time) {
        self.watch = Watch::list(api, self.lag, now);
        self.bookmark = now;
        if self.mind.is_some() {
            self.tell_list(now);
        }
    }

    /// Begins to lead: what it knows of the pool begins with its cache.
    pub fn lead(&mut self, now: Time) {
        let pool = self
            .watch
            .objects()
            .values()
            .find_map(|object| object.pool().filter(|pool| pool.meta.name == self.pool));
        let Some(pool) = pool else {
            return;
        };
        self.pool_uid.clone_from(&pool.meta.uid);
        let local = self.local(now);
        let mut mind = Mind::new(observe::pool(pool), self.tuning.clone(), local);
        if let Some(guard) = self.without {
            mind = mind.without_guard(guard);
        }
        mind.observe_skew(self.offset);
        // It is configured, and has not answered yet.
        if self.watches_jicofo {
            mind.observe_jicofo(Presence::Away(local));
        }
        self.mind = Some(mind);
        self.looks.clear();
        self.nodes.clear();
        self.tell_list(now);
    }

    fn tell_list(&mut self, now: Time) {
        let local = self.local(now);
        let heard = self.watch.heard().map_or(local, |heard| self.local(heard));
        let Some(mind) = &mut self.mind else {
            return;
        };
        let mut pods = Vec::new();
        let mut nodes = Vec::new();
        let mut pool_there = false;
        for object in self.watch.objects().values() {
            match &**object {
                Object::Pod(pod) if observe::labelled(pod, &self.pool) => {
                    pods.push(observe::pod(pod, &self.pool_uid));
                }
                Object::Node(node) => nodes.push(observe::node(node)),
                Object::Pool(pool) if pool.meta.name == self.pool => {
                    pool_there = true;
                    mind.observe_pool(observe::pool(pool));
                }
                _ => {}
            }
        }
        if !pool_there {
            self.forget();
            return;
        }
        let there: BTreeSet<String> = nodes.iter().map(|node| node.name.clone()).collect();
        for name in self.nodes.difference(&there) {
            mind.observe_node_gone(name);
        }
        self.nodes = there;
        for node in nodes {
            mind.observe_node(node, heard);
        }
        let version = self.watch.version().to_string();
        mind.observe_list(pods, &version, heard, heard);
        mind.hear(heard);
    }

    /// All bridges are to be asked the next time, whenever they were asked last.
    pub fn look_anew(&mut self) {
        self.looks.clear();
    }

    /// What its watch has to tell.
    pub fn news<'a>(&self, api: &'a ApiServer) -> &'a [Change] {
        &api.log()[self.watch.version() as usize..]
    }

    /// When its watch has something to tell.
    pub fn next_news(&self, api: &ApiServer) -> Option<Time> {
        self.watch.next(api)
    }

    /// Its watch tells what has changed.
    pub fn hear(&mut self, api: &ApiServer, lag: Duration, now: Time) {
        if now < self.silent_until {
            return;
        }
        let news = self.watch.hear(api, lag + self.lag, now);
        let bookmark = now.since(self.bookmark) >= BOOKMARK;
        if news.is_empty() && !bookmark {
            return;
        }
        self.bookmark = now;
        let heard = self.watch.heard().map_or(now, |heard| heard);
        let heard = self.local(heard);
        let Some(mind) = &mut self.mind else {
            return;
        };
        mind.hear(heard);
        let mut pool_gone = false;
        for change in &api.log()[news] {
            match &*change.object {
                Object::Pod(pod) if !observe::labelled(pod, &self.pool) => {
                    let uid = Uid(pod.meta.uid.clone());
                    if change.gone || pod.meta.deleted.is_some() {
                        if mind.pods().contains_key(&uid) {
                            mind.observe_gone(&uid, heard);
                        }
                    } else {
                        mind.observe_missing(&uid, heard);
                    }
                }
                Object::Pod(pod) if change.gone => {
                    mind.observe_gone(&Uid(pod.meta.uid.clone()), heard);
                }
                Object::Pod(pod) => mind.observe_pod(observe::pod(pod, &self.pool_uid), heard),
                Object::Node(node) if change.gone => {
                    self.nodes.remove(&node.meta.name);
                    mind.observe_node_gone(&node.meta.name);
                }
                Object::Node(node) => {
                    self.nodes.insert(node.meta.name.clone());
                    mind.observe_node(observe::node(node), heard);
                }
                Object::Pool(pool)
                    if change.key.kind == Kind::Pool && pool.meta.name == self.pool =>
                {
                    pool_gone |= change.gone && pool.meta.uid == self.pool_uid;
                    mind.observe_pool(observe::pool(pool));
                }
                _ => {}
            }
        }
        if pool_gone {
            self.forget();
        }
    }

    /// The pool is gone: nothing is looked after any more.
    fn forget(&mut self) {
        self.mind = None;
        self.looks.clear();
        self.nodes.clear();
    }

    /// The bridges that are to be asked now: pod and container.
    pub fn to_ask(&mut self, now: Time) -> Vec<(Uid, String, String)> {
        let Some(mind) = &self.mind else {
            return Vec::new();
        };
        let mut due = Vec::new();
        for (uid, known) in mind.pods() {
            let Some(container) = known.pod.running() else {
                continue;
            };
            if self.looks.get(uid).is_some_and(|at| *at > now) {
                continue;
            }
            let serves = known.pod.deletion.is_none()
                && known
                    .pod
                    .marks
                    .as_ref()
                    .is_ok_and(|marks| marks.intent == Intent::Active && marks.acked.is_some());
            let pause = if serves { LOOK } else { LOOK_CLOSELY };
            self.looks.insert(uid.clone(), now + pause);
            due.push((uid.clone(), known.pod.name.clone(), container.to_owned()));
        }
        due
    }

    /// What a bridge said, or that it said nothing.
    pub fn asked(&mut self, uid: &Uid, container: &str, stats: Option<&Stats>, now: Time) {
        let local = self.local(now);
        let Some(mind) = &mut self.mind else {
            return;
        };
        match stats.and_then(|stats| Look::new(local, stats)) {
            Some(look) => mind.observe_look(uid, container, look),
            None => mind.observe_silence(uid, local),
        }
    }

    /// A bridge does not answer: it is asked again when that one is given up.
    pub fn wait_for(&mut self, uid: &Uid, until: Time) {
        self.looks.insert(uid.clone(), until);
    }

    /// Which bridges jicofo knows, or that it does not answer.
    pub fn asked_jicofo(&mut self, brewery: Option<BTreeSet<String>>, now: Time) {
        let local = self.local(now);
        let Some(mind) = &mut self.mind else {
            return;
        };
        let away = match mind.jicofo().presence {
            Presence::Away(since) => since,
            _ => local,
        };
        mind.observe_jicofo(brewery.map_or(Presence::Away(away), Presence::Here));
    }
}
