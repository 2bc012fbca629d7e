//! A state as a number: two states of the same number have the same future.
//!
//! Everything that a decision, the cluster or a rule depends on goes into it, and as little as possible of how it came about. Not
//! in it is what cannot matter before the last pause, which is about a minute after the start: when a replica last heard of the
//! API server (150 s), when it first saw a pod (`progressDeadline`), and the status of the pool, on which nothing depends.

use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};

use super::state::{Leader, State};
use crate::api::Kind;
use crate::world::World;

/// Hashes what is written.
struct Hashing(DefaultHasher);

impl Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

fn hash(tell: impl FnOnce(&mut Hashing) -> fmt::Result) -> u64 {
    let mut hashing = Hashing(DefaultHasher::new());
    // Writing to a hasher does not fail.
    let _ = tell(&mut hashing);
    hashing.0.finish()
}

impl State {
    /// The number. A state and the one in which the two replicas have changed places have the same.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut leaders = [0, 1].map(|number| (self.of_leaders[number], self.of_news(number)));
        leaders.sort_unstable();
        hash(|to| {
            write!(
                to,
                "{} {} {} {} {} {leaders:?}",
                self.pauses, self.crashed, self.written, self.conferred, self.of_world
            )?;
            self.oracle.tell(&self.world, to)
        })
    }

    pub(super) fn hash_all(&mut self) {
        self.hash_world();
        self.hash_leader(0);
        self.hash_leader(1);
    }

    pub(super) fn hash_world(&mut self) {
        self.of_world = hash(|to| World::tell(&self.world, to));
    }

    pub(super) fn hash_leader(&mut self, number: usize) {
        let now = self.world.now();
        self.of_leaders[number] = hash(|to| self.leaders[number].tell(now, to));
    }

    /// What a replica has still to hear.
    fn of_news(&self, number: usize) -> u64 {
        let news = self.leaders[number].replica.news(&self.world.api);
        let of_pool = news
            .iter()
            .filter(|change| matches!(change.key.kind, Kind::Pod | Kind::Pool));
        hash(|to| {
            for change in of_pool {
                match change.object.pod() {
                    Some(pod) => write!(to, "{} {pod:?}", change.gone)?,
                    None => write!(to, "{:?}", change.object.meta())?,
                }
            }
            Ok(())
        })
    }
}

impl Leader {
    fn tell(&self, now: bridge::Time, to: &mut Hashing) -> fmt::Result {
        write!(to, "{} {:?}", self.decided, self.under_way)?;
        let Some(mind) = &self.replica.mind else {
            return Ok(());
        };
        for known in mind.pods().values() {
            write!(to, "{:?} {:?}", known.pod, known.live)?;
        }
        let pool = mind.pool();
        let mut memory = mind.memory().clone();
        memory.status_at = None;
        write!(
            to,
            "{} {} {:?} {:?} {memory:?} {} {} {} {:?}",
            pool.spec.replicas,
            pool.resource_version,
            pool.finalizers,
            mind.outstanding(),
            mind.listed(),
            mind.quiet(now),
            mind.wake(),
            self.replica.looks()
        )
    }
}
