//! Everything at one moment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use scaler_api::state::Intent;
use scaler_api::{BridgePoolSpec, Duration as Lasting, Limit, annotations};
use scaler_policy::{Call, Guard, Request};

use super::act::Action;
use super::tell::Hashes;
use super::{Counts, Model};
use crate::api::Pod;
use crate::controller::Replica;
use crate::oracle::{Heard, Oracle, Rule, Violation};
use crate::run::{POOL, found, template};
use crate::world::{Setup, World};

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// How many bridges there are, and are wanted at first.
pub(super) const MOST: u32 = 3;

/// How long a bridge is empty before it is removed.
const SETTLE: Lasting = Lasting::from_secs(5);

/// How many people are on bridges at the start.
const PEOPLE: u64 = 4;

/// For how many times ten seconds the cluster goes on after an end, until all must have come to rest. A bridge that was told to
/// shut down takes a minute by itself.
const REST: u32 = 24;

/// Everything at one moment. What an action does not change is shared with the state before.
#[derive(Clone)]
pub(super) struct State {
    pub(super) world: Arc<World>,
    pub(super) oracle: Arc<Oracle>,
    pub(super) leaders: [Arc<Leader>; 2],
    /// How many pauses there were.
    pub(super) pauses: u32,
    pub(super) crashed: bool,
    /// Whether the HPA has written, and what.
    pub(super) written: bool,
    pub(super) wanted: u32,
    pub(super) conferred: bool,
    pub(super) decisions: u32,
    /// How many pauses are still to come.
    pub(super) left: u32,
    /// How many seconds a pause lasts.
    pub(super) pause: u32,
    pub(super) without: Option<Guard>,
    pub(super) hashes: Hashes,
}

/// A replica that believes that it leads.
#[derive(Clone)]
pub(super) struct Leader {
    pub(super) replica: Replica,
    /// What it has sent, and was not answered.
    pub(super) under_way: Vec<Sent>,
    /// How often it has decided since the last pause.
    pub(super) decided: u32,
}

/// A request that is under way.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) request: Request,
    /// What its sender had heard of when it decided.
    pub(super) heard: Arc<Heard>,
    /// All of it but versions, as a number.
    pub(super) hash: u64,
}

impl Sent {
    /// Whether there may be something new to hear of when it has arrived.
    pub(super) fn changes_pods(&self) -> bool {
        let call = &self.request.call;
        matches!(
            call,
            Call::CreatePod { .. } | Call::PatchPod { .. } | Call::DeletePod { .. }
        )
    }
}

impl Leader {
    /// What it has heard of, and what it has itself asked for.
    pub(super) fn heard(&self) -> Heard {
        let mut heard = Heard::default();
        let Some(mind) = &self.replica.mind else {
            return heard;
        };
        for (uid, known) in mind.pods() {
            let asked = mind.outstanding().writes.get(uid).map(|write| &write.after);
            let marks = asked.or(known.pod.marks.as_ref().ok());
            let counts = marks.is_some_and(|marks| marks.counted) && known.pod.deletion.is_none();
            let of = if counts {
                &mut heard.counted
            } else {
                &mut heard.others
            };
            of.insert(uid.0.clone());
        }
        heard
    }
}

impl State {
    /// Three bridges that serve, two of them people; both replicas have just begun to lead, and know everything. With `begun`, one
    /// bridge less is wanted since so many seconds.
    pub(super) fn new(model: Model) -> Self {
        let mut spec = BridgePoolSpec {
            replicas: MOST,
            max_replicas: Some(MOST + 1),
            template: Some(template("jvb:1")),
            min_lifetime: Lasting::ZERO,
            ..BridgePoolSpec::default()
        };
        spec.drain.settle = SETTLE;
        spec.drain.max_concurrent = Limit::Count(1);
        let mut world = World::without_chance(Setup::default(), Time::default());
        world.api.count_each = true;
        found(&mut world, spec);
        let leader = |number| {
            let mut replica = Replica::new(number, POOL, model.without);
            replica.watches_jicofo = false;
            // All bridges never lie here: whoever has seen one empty for long enough has watched the others for long enough.
            replica.tuning.mass_window = SETTLE.get();
            Arc::new(Leader {
                replica,
                under_way: Vec::new(),
                decided: 0,
            })
        };
        let mut state = Self {
            world: Arc::new(world),
            oracle: Arc::new(Oracle::new(POOL)),
            leaders: [leader(0), leader(1)],
            pauses: 0,
            crashed: false,
            written: false,
            wanted: MOST,
            conferred: false,
            decisions: model.decisions,
            left: model.pauses,
            pause: model.pause,
            without: model.without,
            hashes: Hashes::default(),
        };
        // One of them brings the pool up.
        state.begin(0);
        state.go_on(40, &[0]);
        // The bridge without people is the one that will be drained, and the one to which jicofo sends the next conference.
        for room in ["first", "second"] {
            for person in ["one", "two"] {
                let world = Arc::make_mut(&mut state.world);
                world.join_for(room, person, Duration::from_hours(1));
            }
            state.go_on(15, &[0]);
        }
        if model.begun > 0 {
            state.act(Action::Scale(model.size), &mut Counts::default());
            state.written = false;
            state.go_on(model.begun - 1, &[0]);
        }
        let all = &[0, 1][..model.leaders];
        for number in all {
            state.begin(*number);
        }
        state.go_on(1, all);
        state
    }

    /// A process starts and believes that it leads; what an earlier one has sent is lost.
    pub(super) fn begin(&mut self, number: usize) {
        let now = self.world.now();
        let leader = Arc::make_mut(&mut self.leaders[number]);
        leader.under_way.clear();
        leader.replica.crash();
        leader.replica.start(&self.world.api, Duration::ZERO, now);
        leader.replica.lead(now);
        self.hashes.of_leader(number);
        self.rest(number);
    }

    /// So many seconds go by in which these replicas hear, decide and are answered at once.
    fn go_on(&mut self, seconds: u32, numbers: &[usize]) {
        let mut nothing = Counts::default();
        for _ in 0..seconds {
            self.go_by();
            for number in numbers {
                Arc::make_mut(&mut self.leaders[*number]).decided = 0;
                if self.has_news(*number) {
                    self.act(Action::Hear(*number), &mut nothing);
                }
                // More than it can have to decide in a second: two that undo each other's work do so for ever.
                for _ in 0..10 {
                    while !self.leaders[*number].under_way.is_empty() {
                        self.act(Action::Deliver(*number, 0), &mut nothing);
                    }
                    if self.idle(*number) {
                        break;
                    }
                    self.act(Action::Decide(*number), &mut nothing);
                }
            }
        }
    }

    /// A second goes by; both replicas ask all bridges.
    pub(super) fn go_by(&mut self) {
        let world = Arc::make_mut(&mut self.world);
        let until = world.now() + SECOND;
        while world.step(until) {}
        let mut net = crate::net::Net::default();
        for leader in &mut self.leaders {
            let replica = &mut Arc::make_mut(leader).replica;
            replica.look_anew();
            for (uid, name, container) in replica.to_ask(until) {
                let stats = net.look(world, &name);
                replica.asked(&uid, &container, stats.as_ref(), until);
            }
        }
        Arc::make_mut(&mut self.oracle).look(world);
        self.hashes.of_all();
    }

    /// Whether a replica has nothing to decide.
    pub(super) fn idle(&self, number: usize) -> bool {
        let mind = self.leaders[number].replica.mind.as_ref();
        mind.is_none_or(|mind| mind.quiet(self.world.now()))
    }

    /// Whether a replica has something to hear.
    pub(super) fn has_news(&self, number: usize) -> bool {
        let replica = &self.leaders[number].replica;
        replica.next_news(&self.world.api).is_some()
    }

    /// What is wrong here, by the oracle.
    pub(super) fn wrong(&self) -> Option<Violation> {
        self.oracle.violations().first().cloned()
    }

    fn serving(&self) -> u32 {
        let pods = self.world.api.pods();
        pods.filter(|pod| serves(pod)).count() as u32
    }

    fn violation(&self, what: String) -> Violation {
        Violation {
            at: self.world.now(),
            rule: Rule::Rest,
            what,
        }
    }

    /// All that is under way arrives, and the cluster goes on with both replicas: what is wrong then.
    pub(super) fn come_to_rest(mut self, rested: &mut BTreeSet<u64>) -> Option<Violation> {
        for _ in 0..REST {
            self.go_on(10, &[0, 1]);
            if let Some(violation) = self.wrong() {
                return Some(violation);
            }
            self.unrest()?;
            if !rested.insert(self.fingerprint()) {
                return None;
            }
        }
        self.unrest().map(|what| self.violation(what))
    }

    /// What keeps the pool from being as it should be in the end.
    fn unrest(&self) -> Option<String> {
        let serving = self.serving();
        let people = self.world.jitsi.ledger().on_bridges;
        let kept = self.world.api.pods().count() as u32;
        // A bridge that drains with people on it waits for them.
        let draining = self.world.jitsi.bridges().filter(|(name, bridge)| {
            bridge.local_endpoints() > 0 && !self.world.api.pod(name).is_some_and(serves)
        });
        let draining = draining.count() as u32;
        // One too many may have to wait for one that drains with people on it: one drains at once.
        let enough = serving == self.wanted || serving > self.wanted && draining > 0;
        let right = enough
            && people == PEOPLE + 2 * u64::from(self.conferred)
            && kept == serving + draining;
        (!right).then(|| {
            format!(
                "in the end there are {kept} bridges, {serving} serve and {} should, and {people} people are on them",
                self.wanted
            )
        })
    }
}

/// Whether a bridge is meant to serve.
fn serves(pod: &Pod) -> bool {
    let intent = annotations::INTENT.read(&pod.meta.annotations);
    pod.meta.deleted.is_none() && intent.ok().flatten() == Some(Intent::Active)
}
