//! When each bridge is asked, and the questions that are under way.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use bridge::Time;
use reach::{Answer, Failure, Loopback, Probe};
use scaler_policy::world::Uid;
use tokio::task::JoinSet;

/// A bridge that is asked.
struct Target {
    address: SocketAddr,
    /// The container's ID, as it was known when it was asked.
    container: String,
    /// When it is asked next; `None` while a question is under way.
    due: Option<Time>,
    /// When it was asked last.
    asked: Time,
    /// At rest here, or on the way with its question.
    probe: Option<Probe>,
}

/// What came of a question.
pub(crate) struct Looked {
    /// The pod.
    pub(crate) uid: Uid,
    /// The container that ran when the bridge was asked.
    pub(crate) container: String,
    /// When it was asked: what it says was so then, and may not be so any more when its answer arrives.
    pub(crate) asked: Time,
    /// What it said.
    pub(crate) answer: Result<Answer, Failure>,
    probe: Probe,
}

/// All bridges that are asked, and when.
pub(crate) struct Looks {
    deadline: Duration,
    in_flight: usize,
    loopback: Loopback,
    targets: BTreeMap<Uid, Target>,
    due: BTreeSet<(Time, Uid)>,
    asking: JoinSet<Looked>,
}

impl Looks {
    /// Nobody is asked yet. An answer may take so long, and so many bridges are asked at the same time.
    pub(crate) fn new(deadline: Duration, in_flight: usize, loopback: Loopback) -> Self {
        Self {
            deadline,
            in_flight,
            loopback,
            targets: BTreeMap::new(),
            due: BTreeSet::new(),
            asking: JoinSet::new(),
        }
    }

    /// A bridge is to be asked within this time of its last question, or at once where it is new or another container runs.
    pub(crate) fn want(
        &mut self,
        uid: &Uid,
        authority: &str,
        container: &str,
        within: Duration,
        now: Time,
    ) {
        let Ok(address) = authority.parse() else {
            return self.forget(uid);
        };
        let known = self
            .targets
            .get_mut(uid)
            .filter(|target| target.address == address && target.container == container);
        let Some(target) = known else {
            self.forget(uid);
            let target = Target {
                address,
                container: container.to_owned(),
                due: Some(now),
                asked: now,
                probe: Some(Probe::new(address, self.loopback)),
            };
            self.targets.insert(uid.clone(), target);
            self.due.insert((now, uid.clone()));
            return;
        };
        let at = target.asked + within;
        if let Some(due) = target.due.filter(|due| at < *due) {
            self.due.remove(&(due, uid.clone()));
            self.due.insert((at, uid.clone()));
            target.due = Some(at);
        }
    }

    /// Nobody is there to be asked.
    pub(crate) fn forget(&mut self, uid: &Uid) {
        if let Some(target) = self.targets.remove(uid)
            && let Some(due) = target.due
        {
            self.due.remove(&(due, uid.clone()));
        }
    }

    /// When the next question is due, where there is a place for it.
    pub(crate) fn next(&self) -> Option<Time> {
        let (due, _) = self.due.first()?;
        (self.asking.len() < self.in_flight).then_some(*due)
    }

    /// Asks whoever is due.
    pub(crate) fn ask(&mut self, now: Time) {
        while self.next().is_some_and(|due| due <= now) {
            let Some((_, uid)) = self.due.pop_first() else {
                return;
            };
            let Some(target) = self.targets.get_mut(&uid) else {
                continue;
            };
            let Some(mut probe) = target.probe.take() else {
                continue;
            };
            target.due = None;
            target.asked = now;
            let (container, deadline) = (target.container.clone(), self.deadline);
            self.asking.spawn(async move {
                let answer = probe.ask(&[], deadline).await;
                Looked {
                    uid,
                    container,
                    asked: now,
                    answer,
                    probe,
                }
            });
        }
    }

    /// The next question that ended; none ends while none is under way.
    pub(crate) async fn looked(&mut self) -> Option<Looked> {
        self.asking.join_next().await?.ok()
    }

    /// A question ended, and the bridge is asked again within this time of it.
    pub(crate) fn rest(&mut self, looked: Looked, within: Duration) {
        let Looked {
            uid,
            container,
            asked,
            probe,
            ..
        } = looked;
        let asked_still = self
            .targets
            .get_mut(&uid)
            .filter(|target| target.probe.is_none() && target.container == container);
        if let Some(target) = asked_still.filter(|target| target.address == probe.address()) {
            let due = asked + within;
            target.probe = Some(probe);
            target.due = Some(due);
            self.due.insert((due, uid));
        }
    }
}
