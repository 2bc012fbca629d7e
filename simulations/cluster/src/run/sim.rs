//! The loop: the cluster, the controllers, the HPA and the faults on one time.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;
use scaler_api::spec::DeletionPolicy;
use scaler_policy::{Guard, Transition, Way};

use super::event::Event;
use super::scenario::{Ending, Scenario};
use super::trace::Trace;
use crate::api::{Actor, Kind, Object, Pool, Trouble};
use crate::chaos::{Chaos, Fault, Interlude};
use crate::controller::{Life, Replica};
use crate::kernel::{Chance, Concern, Queue};
use crate::net::Net;
use crate::oracle::{Oracle, Violation};
use crate::scaling::Autoscaler;
use crate::world::{Demand, World};

/// The name of the pool.
pub const POOL: &str = "pool";

/// What may be set of a run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A guard of the policy that is switched off.
    pub without: Option<Guard>,
    /// Of the faults drawn, only those by number.
    pub only: Option<Vec<usize>>,
    /// Keeps the trace as text.
    pub trace: bool,
    /// Goes on after a violation.
    pub go_on: bool,
}

/// How a run went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// What was wrong.
    pub violations: Vec<Violation>,
    /// How often each transition was decided, by the states between which it took a bridge; it may leave it where it is.
    pub ways: BTreeMap<Way, u64>,
    /// How often each transition was decided by a leader that knew the pool to be paused.
    pub while_paused: BTreeMap<Transition, u64>,
    /// How often each fault happened.
    pub faults: BTreeMap<Fault, u64>,
    /// How often each interlude began.
    pub interludes: BTreeMap<Interlude, u64>,
    /// How much virtual time went by.
    pub lasted: Duration,
    /// The most bridges that ran at once.
    pub bridges: usize,
    /// Lines of the trace, and a number that depends on each byte of it.
    pub fingerprint: (u64, u64),
    /// The trace.
    pub trace: Option<String>,
}

/// One run.
pub struct Sim {
    /// The cluster.
    pub world: World,
    /// The controllers.
    pub replicas: Vec<Replica>,
    /// What scales.
    pub hpa: Option<Autoscaler>,
    /// The way to the bridges.
    pub net: Net,
    /// What goes wrong.
    pub chaos: Chaos,
    /// The judge.
    pub oracle: Oracle,
    /// How it was set up.
    pub scenario: Scenario,
    /// What happened.
    pub trace: Trace,
    pub(super) queue: Queue<Event>,
    pub(crate) now: Time,
    pub(super) latency: Chance,
    pub(super) http: Chance,
    pub(super) controllers: Chance,
    pub(super) watches: Vec<Option<Time>>,
    pub(super) stepping: Vec<Option<Time>>,
    pub(super) traced: (usize, usize, usize),
    pub(super) ways: BTreeMap<Way, u64>,
    pub(super) while_paused: BTreeMap<Transition, u64>,
    bridges: usize,
    /// When somebody was on a bridge last.
    pub(super) busy_at: Time,
    over: bool,
}

/// Runs a seed.
pub fn simulate(seed: u64, options: &Options) -> Outcome {
    let scenario = Scenario::draw(seed, options.only.as_deref());
    let mut sim = Sim::new(seed, scenario, options);
    sim.run(options.go_on);
    let mut trace = sim.trace;
    for violation in sim.oracle.violations() {
        trace.tell(violation.at, format_args!("VIOLATION {violation}"));
    }
    Outcome {
        seed,
        violations: sim.oracle.violations().to_vec(),
        ways: sim.ways,
        while_paused: sim.while_paused,
        faults: sim.chaos.happened().clone(),
        interludes: sim.chaos.interludes().clone(),
        lasted: sim.now.since(Time::default()),
        bridges: sim.bridges,
        fingerprint: trace.fingerprint(),
        trace: trace.text().map(str::to_owned),
    }
}

impl Sim {
    /// A run at its beginning.
    pub fn new(seed: u64, scenario: Scenario, options: &Options) -> Self {
        let start = Time::default();
        let mut world = World::new(seed, scenario.setup.clone(), start);
        super::rest::found(&mut world, scenario.spec.clone());
        let mut queue = Queue::default();
        let mut controllers = Chance::new(seed, Concern::Controllers);
        for number in 0..scenario.replicas {
            let delay = controllers.millis(100, 3000);
            queue.push(start + delay, Event::Start(number, Duration::ZERO));
        }
        let hpa = scenario.hpa.map(|(class, sizes, window)| {
            let target = (scenario.spec.capacity.target_stress * 1000.0) as u64;
            Autoscaler::new(class, target, sizes, window)
        });
        if hpa.is_some() {
            queue.push(start + Duration::from_secs(15), Event::HpaRead);
        }
        for (at, people) in &scenario.demand {
            queue.push(*at, Event::Demand(*people));
        }
        for (at, size) in &scenario.sizes {
            queue.push(*at, Event::Size(*size));
        }
        for (at, paused) in &scenario.pauses {
            queue.push(*at, Event::Pause(*paused));
        }
        for (at, orphans) in &scenario.orphans {
            queue.push(*at, Event::Orphan(*orphans));
        }
        for (at, pin) in &scenario.pins {
            queue.push(*at, Event::Pin(*pin));
        }
        queue.push(start + Duration::from_secs(1), Event::Chaos);
        queue.push(scenario.calm, Event::Calm);
        queue.push(scenario.end, Event::End);
        Self {
            world,
            replicas: (0..scenario.replicas)
                .map(|number| Replica::new(number, POOL, options.without))
                .collect(),
            hpa,
            net: Net::new(64),
            chaos: Chaos::new(seed, scenario.faults.clone(), scenario.interludes.clone()),
            oracle: Oracle::new(POOL),
            trace: Trace::new(options.trace),
            queue,
            now: start,
            latency: Chance::new(seed, Concern::Api),
            http: Chance::new(seed, Concern::Http),
            controllers,
            watches: vec![None; scenario.replicas],
            stepping: vec![None; scenario.replicas],
            traced: (0, 0, 0),
            ways: BTreeMap::new(),
            while_paused: BTreeMap::new(),
            bridges: 0,
            busy_at: start,
            over: false,
            scenario,
        }
    }

    /// Runs until the end, or until something is wrong.
    pub fn run(&mut self, go_on: bool) {
        while (go_on || self.oracle.violations().is_empty()) && self.advance() {}
    }

    /// Runs until this moment, or until something is wrong.
    pub fn run_until(&mut self, until: Time) {
        while self.oracle.violations().is_empty()
            && self.queue.next().is_some_and(|at| at <= until)
            && self.advance()
        {}
    }

    /// Lets the next thing happen; whether there was one before the end.
    pub fn advance(&mut self) -> bool {
        let Some(at) = self.queue.next().filter(|_| !self.over) else {
            return false;
        };
        // The cluster's own events come first.
        if self.world.step(at) {
            self.now = self.world.now();
        } else if let Some((at, event)) = self.queue.pop() {
            self.now = at;
            self.happen(event);
        }
        self.after_event();
        true
    }

    /// The moment up to which everything has happened.
    pub fn now(&self) -> Time {
        self.now
    }

    /// From now on this HPA scales the pool.
    pub fn autoscale(&mut self, hpa: Autoscaler) {
        self.hpa = Some(hpa);
        self.queue.push(self.now, Event::HpaRead);
    }

    /// Who leads, as far as they know themselves.
    pub fn leader(&self) -> Option<usize> {
        self.replicas
            .iter()
            .position(|replica| replica.life == Life::Up && replica.elector.leads(self.now))
    }

    fn happen(&mut self, event: Event) {
        if let Some((number, epoch)) = event.of_replica() {
            let replica = &self.replicas[number];
            if replica.epoch != epoch {
                return;
            }
            if replica.paused_until > self.now {
                self.queue.push(replica.paused_until, event);
                return;
            }
        }
        match event {
            Event::Start(number, old) => self.start(number, old),
            Event::Watch(number, _) => self.watch(number),
            Event::Look(number, epoch) => self.look(number, epoch),
            Event::Silence(number, _, uid) => self.give_up(number, &uid),
            Event::Elect(number, epoch) => self.elect(number, epoch),
            Event::Step(number, epoch) => self.decide(number, epoch),
            Event::Send(number, epoch, request) => self.send(number, epoch, request),
            Event::Arrive(number, epoch, request) => self.arrive(number, epoch, request),
            Event::Answer(number, _, request, outcome) => self.answer(number, &request, *outcome),
            Event::HpaRead => {
                if let Some(hpa) = &mut self.hpa {
                    hpa.read(&self.world, POOL);
                    self.queue
                        .push(self.now + Duration::from_millis(40), Event::HpaSync);
                }
            }
            Event::HpaSync => {
                if let Some(hpa) = &mut self.hpa {
                    hpa.sync(&mut self.world, POOL, self.now);
                    let next = self.now + Duration::from_millis(14_960);
                    self.queue.push(next, Event::HpaRead);
                }
            }
            Event::Demand(people) => self.world.demand(Demand {
                people,
                length: Duration::from_mins(4),
                largest: 5,
            }),
            Event::Size(size) => self.set_size(size),
            Event::Pause(paused) => self.edit_pool(|pool| pool.spec.paused = paused),
            Event::Pin(pin) => self.pin(pin),
            Event::Orphan(orphans) => {
                let usual = self.scenario.spec.deletion_policy;
                self.edit_pool(|pool| {
                    pool.spec.deletion_policy = if orphans {
                        DeletionPolicy::Orphan
                    } else {
                        usual
                    };
                });
            }
            Event::Chaos => {
                self.disturb();
                self.queue
                    .push(self.now + Duration::from_millis(500), Event::Chaos);
            }
            Event::Calm => {
                // A run in which no fault found its situation has at least this one, which is counted apart.
                if self.chaos.happened().is_empty() {
                    self.crash(0, Duration::from_secs(1), Duration::ZERO);
                }
                self.calm();
            }
            Event::End => {
                self.over = true;
                self.judge_rest();
            }
        }
    }

    /// A user sets the size.
    pub fn set_size(&mut self, replicas: u32) {
        let key = crate::api::Key::new(Kind::Pool, POOL);
        let version = None;
        let scale = crate::api::Request::Scale {
            key,
            version,
            replicas,
        };
        // Whether the API server is there is the user's affair.
        let _ = self.world.request(Actor::User, scale);
    }

    /// A user edits the pool.
    pub fn edit_pool(&mut self, edit: impl FnOnce(&mut Pool)) {
        let key = crate::api::Key::new(Kind::Pool, POOL);
        let now = self.world.now();
        self.world.api.modify(&key, now, |object| {
            if let Object::Pool(pool) = object {
                edit(pool);
                pool.meta.generation += 1;
            }
        });
        self.world.react();
    }

    fn after_event(&mut self) {
        for number in 0..self.replicas.len() {
            let replica = &self.replicas[number];
            if replica.life == Life::Down || self.watches[number].is_some() {
                continue;
            }
            if let Some(changed) = replica.next_news(&self.world.api) {
                let lag =
                    self.latency.millis(10, 300) + replica.lag + self.world.api.trouble.watch_lag;
                let silent = replica.silent_until + Duration::from_millis(1);
                let at = (changed + lag)
                    .max(self.now + Duration::from_millis(1))
                    .max(silent);
                self.watches[number] = Some(at);
                self.queue.push(at, Event::Watch(number, replica.epoch));
            }
        }
        if !self.world.jitsi.jicofo_running() {
            self.oracle.blame_mut().jicofo_away(self.now);
        }
        let troubled = |replica: &Replica| {
            let late = replica.silent_until.max(replica.paused_until) > self.now;
            late || !replica.lag.is_zero()
        };
        let led = self.replicas.iter().any(|replica| replica.mind.is_some());
        let api = self.world.api.trouble != Trouble::default();
        let prosody = self.world.prosody_is_away();
        if !led || api || prosody || self.net.troubled() || self.replicas.iter().any(troubled) {
            self.oracle.blame_mut().disturbed(self.now);
        }
        for name in self.net.deaf(&self.world) {
            self.oracle.blame_mut().out_of_reach(&name, self.now);
        }
        if self.world.jitsi.ledger().on_bridges > 0 {
            self.busy_at = self.now;
        }
        self.oracle.look(&self.world);
        self.bridges = self.bridges.max(self.world.held().len());
        self.tell();
    }

    /// Whether the pool is to be deleted in the end.
    pub fn pool_is_deleted(&self) -> bool {
        self.scenario.ending == Ending::PoolDeleted
    }
}
