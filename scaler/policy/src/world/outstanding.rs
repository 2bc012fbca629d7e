//! What was asked and not yet answered, and what remains of earlier events.
//!
//! A pod with a write under way is decided about as if the write had succeeded, and not written again before its reply. A reply
//! that does not come leaves its outcome unknown: the object is read again before anything more is decided about it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bridge::Time;
use scaler_api::status::LastDecision;

use crate::plan::{Action, Plan, Transition};
use crate::world::{Marks, Pod, Uid};

/// What was asked and not yet answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outstanding {
    /// Pods being created, by the value of their label for the creation.
    pub creates: BTreeMap<String, Create>,
    /// Pods being patched.
    pub writes: BTreeMap<Uid, Write>,
    /// Pods being deleted.
    pub deletes: BTreeMap<Uid, Delete>,
    /// Bridges being told something.
    pub commands: BTreeMap<Uid, Time>,
    /// Pods being read.
    pub reads: BTreeMap<Uid, Time>,
    /// Pods that are no longer told of, and are to be read: somebody may have taken their label off.
    pub missing: BTreeSet<Uid>,
    /// All pods being listed.
    pub list: Option<Time>,
    /// jicofo being asked for its conferences, or to move one.
    pub jicofo: Option<Time>,
    /// The finalizer of the pool being written.
    pub pool: Option<Time>,
    /// The version of the pool by which that was tried, where it was not the pool's any more.
    pub pool_outdated: Option<String>,
    /// Its status being written.
    pub status: Option<Time>,
    /// The versions that this controller itself wrote last.
    wrote: BTreeMap<Uid, u64>,
}

/// A pod being created.
#[derive(Clone, Debug, PartialEq)]
pub struct Create {
    /// What it will be marked as.
    pub marks: Marks,
    /// When that was asked.
    pub at: Time,
    /// Whether the outcome is unknown, so that a list of all pods has to tell.
    pub unknown: bool,
}

/// A pod being patched.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// What it will be marked as.
    pub after: Marks,
    /// When that was asked.
    pub at: Time,
    /// Whether the outcome is unknown, so that the pod has to be read.
    pub unknown: bool,
}

/// A pod being deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// When that was asked.
    pub at: Time,
    /// Whether the outcome is unknown, so that the pod has to be read.
    pub unknown: bool,
}

/// What remains of earlier events. It is lost with the controller; whoever leads next begins with none of it, and nothing that
/// keeps people safe rests on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// Failed starts by revision.
    pub starts: BTreeMap<String, Starts>,
    /// Creations that the API server refused in a row, when the last one was, and what it said.
    pub refused: Option<(u32, Time, String)>,
    /// When a creation had no known outcome last, where none has come through since.
    pub creation_lost: Option<Time>,
    /// Pods the last writes to which have no known outcome.
    pub stumbled: BTreeMap<Uid, Stumbled>,
    /// Pods about which the API server refuses what is decided.
    pub refusals: BTreeMap<Uid, Refusal>,
    /// The template of which there is no pod, until another one is or it has one.
    pub invalid: Option<Invalid>,
    /// What each bridge was told.
    pub commands: BTreeMap<Uid, BTreeMap<Command, Told>>,
    /// Bridges that do not have a shutdown, or refuse it.
    pub without_shutdown: BTreeSet<Uid>,
    /// How often each conference was asked to leave each bridge.
    pub moves: BTreeMap<Uid, BTreeMap<String, u32>>,
    /// When a conference was moved last.
    pub moved_at: Option<Time>,
    /// Since when people can be moved off each bridge that is past its deadline, without a break.
    pub movable_since: BTreeMap<Uid, Time>,
    /// What was decided last, which the status may still have to tell.
    pub last_decision: Option<LastDecision>,
    /// When the status was written last.
    pub status_at: Option<Time>,
    /// How many bridges were counted in it, and by which selector: what is told of the pool may be older.
    pub status_count: Option<(u32, String)>,
    /// Whether that was refused, or nobody knows.
    pub status_refused: bool,
    /// How many creations there were, so that each has another name.
    pub creations: u64,
    /// Pods whose start was counted as failed.
    failed: BTreeSet<Uid>,
}

/// How often a bridge was told the same thing in a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Told {
    /// When first, of those that were told one after the other without a long pause.
    pub first: Time,
    /// When last.
    pub last: Time,
    /// How often.
    pub times: u32,
}

impl Told {
    /// Whether it is still being told, again and again, with no more than such a pause between.
    pub(crate) fn goes_on(&self, now: Time, pause: Duration) -> bool {
        now.since(self.last) <= pause * 2
    }
}

/// Writes to a pod without a known outcome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stumbled {
    /// How many in a row.
    pub times: u32,
    /// Until when nothing more is written.
    pub until: Time,
}

/// A template of which there is no pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Invalid {
    /// Its revision.
    pub revision: String,
    /// Who says so.
    pub judge: Judge,
    /// What is in the way.
    pub said: String,
}

/// Who says that there is no pod of a template.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Judge {
    /// The API server, of a pod that it was sent.
    ApiServer,
    /// The pool itself, which cannot add to the template what it is to add.
    Pool,
}

/// Writes to a pod, its deletion among them, that the API server refused in a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// How many.
    pub times: u32,
    /// Until when nothing more is written.
    pub until: Time,
    /// What it said last, or the beginning of that.
    pub said: String,
}

impl Refusal {
    /// From so many on nothing waits for it any more.
    const PERSISTS: u32 = 3;
}

/// Failed starts of a revision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Starts {
    /// How many since one of this revision came up.
    pub failures: u32,
    /// When the last one was.
    pub last: Time,
}

/// What a bridge can be told.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, serde::Serialize)]
pub enum Command {
    /// To take no new conferences.
    Drain,
    /// To take them again.
    Undrain,
    /// To leave within a minute, upon which jicofo moves everybody.
    Shutdown,
}

impl Outstanding {
    /// Whether this version is older than what this controller wrote.
    pub(crate) fn outdated(&self, uid: &Uid, version: Option<u64>) -> bool {
        matches!((self.wrote.get(uid), version), (Some(wrote), Some(version)) if version < *wrote)
    }

    /// A pod was seen: its creation is settled, and so is a write whose outcome it shows.
    pub(crate) fn seen(&mut self, pod: &Pod) {
        if let Ok(marks) = &pod.marks {
            if let Some(creation) = &marks.creation {
                self.creates.remove(creation);
            }
            if self
                .writes
                .get(&pod.uid)
                .is_some_and(|write| write.after == *marks)
            {
                self.writes.remove(&pod.uid);
            }
        }
        if pod.deletion.is_some() {
            self.deletes.remove(&pod.uid);
        }
    }

    /// This controller wrote the pod, and this version is what became of it.
    pub(crate) fn wrote(&mut self, uid: &Uid, version: Option<u64>) {
        self.writes.remove(uid);
        if let Some(version) = version {
            self.wrote.insert(uid.clone(), version);
        }
    }

    /// The version of the pod that this controller wrote last.
    pub fn last_written(&self, uid: &Uid) -> Option<u64> {
        self.wrote.get(uid).copied()
    }

    /// Whether this controller has ever written the pod.
    pub(crate) fn has_written(&self, uid: &Uid) -> bool {
        self.wrote.contains_key(uid)
    }

    /// The pod was read anew: whatever was unknown about it is known.
    pub(crate) fn read(&mut self, uid: &Uid) {
        self.reads.remove(uid);
        self.missing.remove(uid);
        self.writes.remove(uid);
        self.deletes.remove(uid);
    }

    /// A list of all pods that was asked for at this moment has come: creations of before that it does not hold have failed.
    pub(crate) fn listed(&mut self, asked_at: Time) {
        self.list = None;
        self.creates
            .retain(|_, create| !(create.unknown && create.at < asked_at));
    }

    /// A pod is gone.
    pub(crate) fn forget(&mut self, uid: &Uid) {
        self.read(uid);
        self.commands.remove(uid);
        self.wrote.remove(uid);
    }
}

impl Memory {
    /// Takes up what a plan found out.
    pub(crate) fn take_up(&mut self, plan: &Plan) {
        for (uid, movable) in &plan.movable {
            if *movable {
                self.movable_since.entry(uid.clone()).or_insert(plan.at);
            } else {
                self.movable_since.remove(uid);
            }
        }
        for decision in &plan.decisions {
            let Some(pod) = &decision.pod else {
                continue;
            };
            match decision.transition {
                Transition::StartFailed if self.failed.insert(pod.uid.clone()) => {
                    let starts = self.starts.entry(pod.revision.clone()).or_insert(Starts {
                        failures: 0,
                        last: plan.at,
                    });
                    starts.failures = starts.failures.saturating_add(1);
                    starts.last = plan.at;
                }
                // Another run of the bridge was told nothing.
                Transition::Redrain | Transition::Return => {
                    if let Some(told) = self.commands.get_mut(&pod.uid) {
                        told.remove(&Command::Shutdown);
                    }
                }
                // One that is only told to take conferences has not come up yet.
                Transition::Activate if matches!(decision.action, Action::Mark(_)) => {
                    self.starts.remove(&pod.revision);
                }
                _ => {}
            }
        }
    }

    /// A pod was created: nothing is in the way.
    pub(crate) fn created(&mut self) {
        self.refused = None;
        self.creation_lost = None;
        self.invalid = None;
    }

    /// Whether the last writes to a pod have no known outcome or were refused, so that the next one waits.
    pub(crate) fn waits(&self, uid: &Uid, now: Time) -> bool {
        let stumbled = self.stumbled.get(uid).map(|stumbled| stumbled.until);
        let refused = self.refusals.get(uid).map(|refusal| refusal.until);
        stumbled.max(refused).is_some_and(|until| now < until)
    }

    /// Whether what is decided about a pod is refused again and again, so that nothing waits for it.
    pub(crate) fn refused_again_and_again(&self, uid: &Uid) -> bool {
        let refusal = self.refusals.get(uid);
        refusal.is_some_and(|refusal| refusal.times >= Refusal::PERSISTS)
    }

    /// Forgets what is only about a pod that is gone.
    pub(crate) fn forget(&mut self, uid: &Uid) {
        self.stumbled.remove(uid);
        self.refusals.remove(uid);
        self.commands.remove(uid);
        self.without_shutdown.remove(uid);
        self.moves.remove(uid);
        self.movable_since.remove(uid);
        self.failed.remove(uid);
    }
}

/// A pause that doubles with each failure after the first.
pub(crate) fn backoff(base: Duration, most: Duration, failures: u32) -> Duration {
    const DOUBLINGS: u32 = 16;
    base.saturating_mul(1 << failures.saturating_sub(1).min(DOUBLINGS))
        .min(most)
}
