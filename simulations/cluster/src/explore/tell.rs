//! A state as a number: two states of the same number have the same future.
//!
//! Everything that a decision, the cluster or a rule depends on goes into it. What does not, and why it makes no difference:
//! - **Versions of pods**, but whether what a replica knows, or has under way, is of the version that there is now, and whether what
//!   it has still to hear is older than what it knows or wrote. The API server asks only whether a version is the present one, and
//!   a replica only which of two is older. Each new version is newer than all before, so whatever happens next changes these
//!   answers alike wherever they are alike: a write makes all that was of the present version one of an old version, and what was
//!   old stays so.
//! - **Changes that a replica has still to hear and will learn nothing by** (`news`). One that is not newer than what it knows of
//!   the pod it does not take up, unless an answer tells it before that the pod is gone: that cannot be while the pod is on a node
//!   and no time goes by. Then, and of a pod that it does not know, one that it hears together with a later one leaves no trace: it
//!   awaits the outcome of no write to such a pod. And that a pod is gone says nothing to whoever knows none.
//! - **Which of the replicas is which**: they run the same program, and nobody asks for their numbers; but the rules do for which of
//!   them has just started which bridge, which is told with the replica.
//! - **For how long a bridge has been seen empty, and how often**, once it is as long and as often as settling asks for: more is
//!   asked of neither.
//! - **How often a bridge was told to drain, or not to**, when it may be told again at any later moment all the same: the times tell
//!   nothing but when.
//! - **When a replica last heard of the API server, first saw a pod, or wrote the status**: it asks only whether that was minutes ago
//!   (150 s, `progressDeadline`), which it was not before the end of the last pause.
//! - **The past**: what was changed and asked for, as far as everybody has heard of it and every rule has judged it.

mod leader;

use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use scaler_policy::Guard;
use scaler_policy::world::Uid;

use super::state::State;
use crate::api::{Actor, ApiServer, Change, Key, Kind};

fn hash(tell: impl FnOnce(&mut String) -> fmt::Result) -> u64 {
    let mut text = String::with_capacity(8192);
    // Writing to a text does not fail.
    let _ = tell(&mut text);
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// The numbers of the parts of a state, as far as they are worked out.
#[derive(Clone, Debug, Default)]
pub(super) struct Hashes {
    jitsi: Option<u64>,
    cluster: Option<u64>,
    oracle: Option<u64>,
    leaders: [Option<u64>; 2],
    /// Of each change of the API server's log, from the first on.
    changes: Arc<Vec<u64>>,
}

impl Hashes {
    /// Bridges, jicofo or people have changed.
    pub(super) fn of_jitsi(&mut self) {
        self.jitsi = None;
        self.of_cluster();
    }

    /// The API server or the nodes have changed.
    pub(super) fn of_cluster(&mut self) {
        self.cluster = None;
        self.oracle = None;
    }

    /// A replica has changed.
    pub(super) fn of_leader(&mut self, number: usize) {
        self.leaders[number] = None;
    }

    /// Time has gone by.
    pub(super) fn of_all(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        *self = Self {
            changes,
            ..Self::default()
        };
    }
}

impl State {
    /// The number.
    pub(super) fn fingerprint(&mut self) -> u64 {
        let jitsi = self.of_jitsi();
        let cluster = self.of_cluster();
        let oracle = self.of_oracle();
        self.hash_changes();
        let mut leaders = [0, 1].map(|number| (self.of_leader(number), self.of_news(number)));
        leaders.sort_unstable();
        hash(|to| {
            write!(
                to,
                "{} {} {} {} {} {jitsi} {cluster} {oracle} {leaders:?}",
                self.world.now(),
                self.crashed,
                self.written,
                self.wanted,
                self.conferred,
            )
        })
    }

    /// The same of all that there is of it, but of what is past and not heard of any more.
    pub(super) fn exact_fingerprint(&self) -> u64 {
        hash(|to| {
            for object in self.world.api.list(Kind::Pod) {
                write!(to, "{object:?} ")?;
            }
            for object in self.world.api.list(Kind::Pool) {
                write!(to, "{object:?} ")?;
            }
            self.world.tell(to)?;
            self.oracle.tell(&self.world, to)?;
            write!(
                to,
                "{:?} {} {} {} {} {} ",
                self.world.jitsi,
                self.world.now(),
                self.crashed,
                self.written,
                self.wanted,
                self.conferred,
            )?;
            for (number, leader) in self.leaders.iter().enumerate() {
                let replica = &leader.replica;
                let news = replica.news(&self.world.api);
                let (decided, under_way) = (leader.decided, &leader.under_way);
                let births = self.births(number);
                write!(
                    to,
                    "{decided} {under_way:?} {:?} {news:?} {births:?} ",
                    replica.mind
                )?;
            }
            Ok(())
        })
    }

    fn of_jitsi(&mut self) -> u64 {
        let jitsi = &self.world.jitsi;
        let known = &mut self.hashes.jitsi;
        *known.get_or_insert_with(|| hash(|to| write!(to, "{jitsi:?}")))
    }

    fn of_cluster(&mut self) -> u64 {
        let world = &self.world;
        let known = &mut self.hashes.cluster;
        *known.get_or_insert_with(|| hash(|to| world.tell(to)))
    }

    fn of_oracle(&mut self) -> u64 {
        let (oracle, world) = (&self.oracle, &self.world);
        let known = &mut self.hashes.oracle;
        *known.get_or_insert_with(|| hash(|to| oracle.tell(world, to)))
    }

    fn of_leader(&mut self, number: usize) -> u64 {
        let leader = &self.leaders[number];
        let (now, pause, left) = (self.world.now(), self.pause, self.left);
        let known = &mut self.hashes.leaders[number];
        *known.get_or_insert_with(|| hash(|to| leader.tell(now, pause, left, to)))
    }

    /// The bridges that a replica has just started, by which it is judged whether it has started too many.
    fn births(&self, number: usize) -> Vec<&str> {
        self.oracle.births_by(Actor::Controller(number)).collect()
    }

    fn hash_changes(&mut self) {
        let log = self.world.api.log();
        let known = self.hashes.changes.len();
        if known < log.len() {
            let changes = Arc::make_mut(&mut self.hashes.changes);
            changes.extend(log[known..].iter().map(of_change));
        }
    }

    /// What a replica has still to hear, and how versions that it knows compare.
    fn of_news(&self, number: usize) -> u64 {
        let leader = &self.leaders[number];
        let Some(mind) = &leader.replica.mind else {
            return 0;
        };
        let api = &self.world.api;
        let now = self.world.now();
        hash(|to| {
            let under_way = leader.under_way.iter();
            let mut under_way: Vec<_> = under_way.map(|sent| (sent.hash, sent.fits(api))).collect();
            under_way.sort_unstable();
            write!(to, "{under_way:?} {:?} ", self.births(number))?;
            for (uid, known) in mind.pods() {
                let wrote = mind.outstanding().last_written(uid);
                let version = known.pod.version();
                write!(to, "{} ", version == current(api, &known.pod.name))?;
                if self.without == Some(Guard::BegunIsKeptUp) {
                    write!(to, "{} ", wrote.is_some())?;
                }
            }
            for (place, change) in self.news(number) {
                let uid = Uid(change.object.meta().uid.clone());
                let new = Some(change.object.meta().version);
                let known = mind.pods().get(&uid).and_then(|known| known.pod.version());
                let wrote = mind.outstanding().last_written(&uid);
                let old = (change.at == now, new.cmp(&known), new < wrote);
                write!(to, "{old:?} {} ", self.hashes.changes[place])?;
            }
            Ok(())
        })
    }
}

fn of_change(change: &Change) -> u64 {
    hash(|to| {
        write!(to, "{} ", change.gone)?;
        match (change.object.pod(), change.object.pool()) {
            (Some(pod), _) => pod.tell(to),
            (_, Some(pool)) => write!(to, "{} {:?}", pool.spec.replicas, pool.meta.finalizers),
            _ => Ok(()),
        }
    })
}

fn current(api: &ApiServer, name: &str) -> Option<u64> {
    api.get(&Key::pod(name)).map(|object| object.meta().version)
}
