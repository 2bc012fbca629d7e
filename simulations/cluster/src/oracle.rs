//! Whether what happened was right, by the truth of the cluster and not by what anybody believed.
//!
//! The oracle reads the API server's audit log, the commands that controllers gave to bridges, and the losses that the world
//! noted, after every event. It shares no code with the policy that it judges.

mod blame;
mod drains;
mod floors;
mod losses;

use std::collections::BTreeMap;
use std::fmt;

use bridge::Time;

use crate::api::{Actor, Object, Record, Request};
use crate::world::World;

pub use blame::{Blame, Command};
use drains::Drain;
pub(crate) use drains::intent;

/// Something happened that must not happen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// When.
    pub at: Time,
    /// Which rule it breaks.
    pub rule: Rule,
    /// What happened.
    pub what: String,
}

/// The rules.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Rule {
    /// I1: nobody is hung up on, and nobody is moved, before the deadline; unknown is busy.
    NobodyHungUpOn,
    /// Jicofo's `lost_bridges` does not move by what we do.
    NoBridgeLost,
    /// I2: every DELETE carries uid and resourceVersion.
    DeletesFenced,
    /// I3: no side effect before its intent is written.
    IntentFirst,
    /// I4: `minActive` bridges stay.
    Floor,
    /// I5: no more than `maxConcurrent` drain.
    Concurrency,
    /// I7: a deadline is absolute, and never shortened.
    Deadline,
    /// I8: `status.replicas` is the number of counted pods.
    Count,
    /// I10: protected from birth, until proven empty.
    Protection,
    /// At most the ceiling is counted, and at most the surge comes on top.
    Ceiling,
    /// I11: once faults have stopped, all comes to rest where it should.
    Rest,
    /// The policy's own check of its plans.
    Policy,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}: {}", self.at, self.rule, self.what)
    }
}

/// The judge.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    pool: String,
    seen_audit: usize,
    seen_losses: usize,
    drains: BTreeMap<String, Drain>,
    blame: Blame,
    /// When each bridge was last seen without people.
    empty_at: BTreeMap<String, Time>,
    above_since: Option<Time>,
    violations: Vec<Violation>,
}

impl Oracle {
    /// Judges what is done to this pool.
    pub fn new(pool: &str) -> Self {
        Self {
            pool: pool.to_owned(),
            ..Self::default()
        }
    }

    /// What was wrong.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Who did what to bridges.
    pub fn blame_mut(&mut self) -> &mut Blame {
        &mut self.blame
    }

    /// Notes something wrong that somebody else has found.
    pub fn note(&mut self, at: Time, rule: Rule, what: String) {
        self.violations.push(Violation { at, rule, what });
    }

    /// Looks at all that has happened since the last time.
    pub fn look(&mut self, world: &World) {
        for (name, bridge) in world.jitsi.bridges() {
            if bridge.local_endpoints() == 0 {
                match self.empty_at.get_mut(name) {
                    Some(at) => *at = world.now(),
                    None => {
                        self.empty_at.insert(name.to_owned(), world.now());
                    }
                }
            }
        }
        while let Some(record) = world.api.audit().get(self.seen_audit) {
            self.seen_audit += 1;
            self.judge(world, record);
        }
        self.look_at_ceiling(world);
        while let Some(loss) = world.losses().get(self.seen_losses) {
            self.seen_losses += 1;
            self.judge_loss(world, loss);
        }
    }

    fn judge(&mut self, world: &World, record: &Record) {
        let ours = matches!(record.actor, Actor::Controller(_));
        if let Request::Delete { key, .. } | Request::Evict(key) = &record.request
            && record.reply.is_ok()
        {
            self.blame.deleted(&key.name, ours, record.at);
        }
        if !ours {
            return;
        }
        match (&record.request, record.before.as_deref()) {
            (Request::Delete { uid, version, .. }, Some(Object::Pod(pod))) => {
                if uid.is_none() || version.is_none() {
                    let what = format!("a DELETE of {} without uid or version", pod.meta.name);
                    self.note(record.at, Rule::DeletesFenced, what);
                }
                if record.reply.is_ok() {
                    self.judge_deletion(world, pod, record.at);
                }
            }
            (Request::Patch { .. }, Some(Object::Pod(before))) => {
                if let Ok(object) = &record.reply
                    && let Object::Pod(after) = &**object
                {
                    self.judge_marks(world, before, after, record.at);
                }
            }
            (Request::Create(object), None) => {
                if let (Object::Pod(pod), true) = (&**object, record.reply.is_ok()) {
                    self.judge_birth(world, pod, record.at);
                }
            }
            _ => {}
        }
    }
}
