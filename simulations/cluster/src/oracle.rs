//! Whether what happened was right, by the truth of the cluster and not by what anybody believed.
//!
//! The oracle reads the API server's audit log, the commands that controllers gave to bridges, and the losses that the world
//! noted, after every event. It shares no code with the policy that it judges.
//!
//! What it lets pass, and why:
//! - People are cut off, or jicofo loses a bridge, when somebody else deleted the pod first or killed this run of the bridge, its
//!   node or its sidecar; when the API server knew of no container of it that runs, and its kubelet was cut off as it was deleted,
//!   which leaders learn within 160 s; when jicofo was away from 20 s before our shutdown on, since a leader learns of it a little
//!   later and nobody can be moved without it; when the kubelet started the bridge anew after our deletion; and when an operator
//!   wants it: `onDeadline: Kill` after the deadline, a pool that is deleted without waiting, `force`, a node that announces its end.
//! - Jicofo may lose a bridge with nobody on it that heard no shutdown: it was deaf, or out of reach.
//! - Jicofo may send people to a bridge without a shutdown while it terminates, and loses it. Its deletion is judged all the same.
//! - A shutdown may meet people who came within 13 s: the last look is up to 2 s old, a command is under way for up to 10 s. So may the
//!   deletion of a bridge that has no shutdown.
//! - A deadline may be missed by 12 s: a patch may be under way for 10 s after it was decided. It may be what the operator wanted
//!   at any time within the last 160 s. One that somebody else has taken away or made unreadable is set anew, by what is wanted
//!   then: nothing but the pod tells of it.
//! - A command may contradict the intent if it fitted within the last 15 s.
//! - The floor does not hold for a pool that is deleted, for a node that announces its end, and for `force`. A bridge counts as
//!   there for 16 s after it last took conferences, also where somebody has deleted it since: an answer is good for 10 s, and bridges
//!   are asked every 5 s.
//! - More than `maxConcurrent` may drain where they must: their nodes leave, the pool is deleted, they never came up. Nobody knows
//!   of one whose annotations cannot be read that it drains.
//! - More than the ceiling may be counted for a minute: a leader may be lost between two patches of one plan.
//! - Of what is wanted and of what is there a leader may know what was true within the last 160 s, since it stops when its watch has
//!   been silent for 150 s.
//! - One that drains need be taken back only after it has been fit for that for 15 s, by its pod and by itself: what it says of
//!   itself, its health above all, is seen that much later.
//! - Bridges that are to take no conferences are no sign that all are unhealthy at once, nor of the contrary.
//! - A bridge that is to take no conferences may take some for a minute in which a leader is undisturbed; one whose kubelet is
//!   cut off, and has not heard that its pod was deleted or could not say that it runs, for as long as that lasts.
//! - A deleted pool may be let go with bridges there if they were to go with it at any time within the last 13 s, or 160 s where a
//!   leader was disturbed.
//! - The status may tell another number than is counted, and what was decided before a pool was paused may arrive, for as long as a
//!   leader may not have heard, or its requests are under way. A bridge that does not stay up may be counted or not.
//! - Of two that lead at once each may drain as many, and start as many, as would be right if the other had done nothing that it
//!   has not heard of: no version of one pod keeps another from being chosen. What they chose can be taken back, and is. Only
//!   [`crate::explore`] has two that lead at once, and it says what each had heard of.

mod births;
mod blame;
mod choices;
mod drains;
mod endings;
mod floors;
mod heard;
mod losses;
mod moves;
mod paused;
mod status;
mod truth;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use bridge::Time;

use crate::api::{Actor, Object, Pod, Record, Request};
use crate::world::World;

use births::Burst;
pub use blame::{Blame, Command};
use drains::Drain;
pub(crate) use drains::intent;
pub(crate) use heard::Heard;
use losses::runs_unheard;
use truth::Truth;

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
    /// Nobody is moved while jicofo is away, or where nobody can take them; conferences are moved one at a time.
    Moves,
    /// I2, I9: every DELETE and every patch of a pod carries uid and resourceVersion.
    Fenced,
    /// I3: no side effect before its intent is written.
    IntentFirst,
    /// I4: `minActive` bridges stay.
    Floor,
    /// I5: no more than `maxConcurrent` drain.
    Concurrency,
    /// I7: a deadline is absolute, and never shortened.
    Deadline,
    /// I8: `status.replicas` is the number of counted pods, and `status.selector` matches these alone.
    Count,
    /// The status is written seldom, so that the HPA can write, too.
    Seldom,
    /// I10: protected from birth, until proven empty.
    Protection,
    /// At most the ceiling is counted, and at most the surge comes on top.
    Ceiling,
    /// I11: no more are drained and no more are started than were too many or too few; what drains is taken back first.
    Victims,
    /// What an operator wants left alone is, and what is young, and everything while all are unhealthy at once.
    LeftAlone,
    /// A bridge that is to take no conferences takes none, also after a restart.
    Hidden,
    /// A bridge is taken to serve, and is counted, only once it takes conferences.
    Serving,
    /// What is somebody else's is not touched.
    Foreign,
    /// A deleted pool is held until none of its pods is left, unless they shall go with it at once: the garbage collector takes them.
    Held,
    /// I12: in a paused pool nothing is begun.
    Paused,
    /// I11: once faults have stopped, all comes to rest where it should.
    Rest,
    /// The policy's own check of its plans.
    Policy,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::NobodyHungUpOn,
        Self::NoBridgeLost,
        Self::Moves,
        Self::Fenced,
        Self::IntentFirst,
        Self::Floor,
        Self::Concurrency,
        Self::Deadline,
        Self::Count,
        Self::Seldom,
        Self::Protection,
        Self::Ceiling,
        Self::Victims,
        Self::LeftAlone,
        Self::Hidden,
        Self::Serving,
        Self::Foreign,
        Self::Held,
        Self::Paused,
        Self::Rest,
        Self::Policy,
    ];
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
    truth: Truth,
    /// Bridges that were started shortly after each other.
    burst: Option<Burst>,
    /// How often jicofo was asked to move a conference off a bridge, by the pod's uid.
    moves: BTreeMap<String, u32>,
    above_since: Option<Time>,
    /// Since when the status has told another number of bridges than are counted.
    miscounted_since: Option<Time>,
    /// When each controller wrote the status within the last minute.
    statuses: BTreeMap<Actor, VecDeque<Time>>,
    /// The uid of a pool that a controller let go while its bridges were there.
    let_go_early: Option<String>,
    /// What whoever sends the requests that are judged now had heard of when it decided; nothing: all that there was to hear.
    heard: Option<Arc<Heard>>,
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

    /// On how many bridges a leader must have seen people.
    pub(crate) fn known_to_be_busy(&self, world: &World) -> usize {
        self.truth.busy_for(floors::SEEN, world)
    }

    /// From now on requests are judged by what whoever sends them had heard of when it decided; with nothing, by all that there was
    /// to hear.
    pub(crate) fn judge_by(&mut self, heard: Option<Arc<Heard>>) {
        self.heard = heard;
    }

    /// Looks at all that has happened since the last time.
    pub fn look(&mut self, world: &World) {
        self.truth.look(world);
        self.look_at_spare(world);
        while let Some(record) = world.api.audit().get(self.seen_audit) {
            self.seen_audit += 1;
            self.judge(world, record);
        }
        self.look_at_ceiling(world);
        self.look_at_births(world);
        self.look_at_exposed(world);
        self.look_at_count(world);
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
            let before = record.before.as_deref().and_then(Object::pod);
            let unheard = before.is_some_and(|pod| runs_unheard(world, pod, record.at));
            self.blame.deleted(&key.name, ours && !unheard, record.at);
        }
        if let (Actor::Collector, Some(Object::Pod(pod))) = (record.actor, record.before.as_deref())
        {
            self.judge_collection(world, pod, record.at);
        }
        if !ours {
            return;
        }
        match (&record.request, record.before.as_deref()) {
            (Request::Delete { uid, version, .. }, Some(Object::Pod(pod))) => {
                let fenced = uid.is_some() && version.is_some();
                self.judge_request(world, pod, fenced, record);
                if record.reply.is_ok() {
                    self.judge_begun(&pod.meta.name, "deleted", record.at);
                    self.judge_deletion(world, pod, record.at);
                }
            }
            (Request::Patch { uid, version, .. }, Some(Object::Pod(before))) => {
                let fenced = uid.is_some() && version.is_some();
                self.judge_request(world, before, fenced, record);
                if let Ok(object) = &record.reply
                    && let Object::Pod(after) = &**object
                {
                    if intent(before) != intent(after) {
                        let begun = format!("to {:?} from now on", intent(after));
                        self.judge_begun(&after.meta.name, &begun, record.at);
                    }
                    self.judge_marks(world, before, after, record.at);
                }
            }
            (Request::Patch { .. }, Some(Object::Pool(before))) => {
                if let Ok(object) = &record.reply
                    && let Object::Pool(after) = &**object
                {
                    self.judge_release(world, before, after, record.at);
                }
            }
            (Request::Create(object), None) => {
                if let (Object::Pod(pod), true) = (&**object, record.reply.is_ok()) {
                    self.judge_begun(&pod.meta.name, "started", record.at);
                    self.judge_birth(world, pod, record);
                }
            }
            (Request::Status { .. }, _) => {
                self.judge_pace(record);
                if let Ok(object) = &record.reply
                    && let Object::Pool(pool) = &**object
                {
                    self.judge_selector(world, pool, record);
                }
            }
            _ => {}
        }
    }

    /// A controller wants to change or delete a pod, whether it may or not.
    fn judge_request(&mut self, world: &World, pod: &Pod, fenced: bool, record: &Record) {
        let (verb, name) = (record.request.verb(), &pod.meta.name);
        if !fenced {
            let what = format!("a {verb} of {name} without uid or version");
            self.note(record.at, Rule::Fenced, what);
        }
        let pool = self.the_pool(world).map(|pool| pool.meta.uid.as_str());
        let owner = pod.meta.owner.as_deref();
        if owner.is_some() && pool.is_some() && owner != pool {
            let what = format!("a {verb} of {name}, which is not a pod of this pool");
            self.note(record.at, Rule::Foreign, what);
        }
    }

    /// Writes down all that a later judgement depends on, but which controller has started which bridge.
    ///
    /// # Errors
    /// When `to` fails.
    pub fn tell(&self, world: &World, to: &mut impl fmt::Write) -> fmt::Result {
        write!(
            to,
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} ",
            self.drains,
            self.blame,
            self.moves,
            self.above_since,
            self.miscounted_since,
            self.let_go_early,
            drains::lately(world)
        )?;
        if let Some(burst) = &self.burst {
            burst.tell(to)?;
        }
        self.truth.tell(to)
    }
}
