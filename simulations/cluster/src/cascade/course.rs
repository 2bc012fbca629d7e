//! One run: a pool that is too large for its load, and an HPA.

use std::time::Duration;

use bridge::Time;
use hpa::Class;
use scaler_api::spec::OnDeadline;
use scaler_api::state::Intent;
use scaler_api::{
    BridgePoolSpec, Duration as Lasting, Limit, State, autoscaler as as_shipped, labels,
};
use serde_json::{Value, json};

use crate::api::{Actor, Object, Pod, Record, Request};
use crate::kernel::{Chance, Concern};
use crate::oracle::intent;
use crate::run::{Ending, Options, Scenario, Sim, template};
use crate::scaling::{Autoscaler, average_of_pods, committed};
use crate::world::{Demand, Setup};

/// What the HPA follows.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Metric {
    /// The average stress of the bridges that it sees, which are those that do not drain.
    AverageOfPods,
    /// The same, of an HPA that takes bridges that start for average ones, and knows the stress of the others at once. The real one
    /// does neither.
    AverageMistaken,
    /// The stress of all bridges, draining ones included, for each that it sees.
    Committed,
}

/// How long bridges take until they take conferences.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Starts {
    /// From ten seconds to two and a half minutes, a minute on average.
    Vary,
    /// A minute each.
    Minute,
}

/// What is tried.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Case {
    /// Bridges at the beginning.
    pub beginning: u32,
    /// What the HPA follows.
    pub metric: Metric,
    /// How long starts take.
    pub starts: Starts,
    /// Whether a draining bridge is taken back when one is needed.
    pub rescue: bool,
    /// Whether half as many people come in the third hour.
    pub dip: bool,
    /// The HPA as it is shipped: one bridge less a minute, of the most wanted in ten minutes. Else as Kubernetes has it by default.
    pub shipped: bool,
}

/// How a run went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// Drains that were begun.
    pub drains: u32,
    /// Draining bridges that were taken back.
    pub rescues: u32,
    /// Bridges that were started, after those with which it begins.
    pub starts: u32,
    /// The fewest bridges that took conferences at once.
    pub lowest: u32,
    /// Hours of bridges, from creation to the end of their pods.
    pub hours: f64,
    /// How many seconds each of them took until it took conferences.
    pub lead: Vec<f64>,
    /// Bridges that took conferences, every `PACE`.
    pub active: Vec<u32>,
    /// The load on all bridges, at the same moments.
    pub load: Vec<f64>,
    /// What was wrong by the oracle's rules.
    pub wrong: Vec<String>,
}

/// How often it is looked at how many bridges there are.
pub(super) const PACE: Duration = Duration::from_secs(15);

/// People at once, on average. Each adds a hundredth of stress, so that they come to 12.
const PEOPLE: u64 = 1200;
/// How long a conference lasts, on average.
const CONFERENCE: Duration = Duration::from_mins(45);
/// The stress that a bridge shall have, in thousandths.
const TARGET: u64 = 500;
/// How many bridges that needs.
pub(super) const NEEDED: u32 = 24;
/// How long an image takes to be pulled, at least and at most. The rest of a start takes ten seconds.
const VARY: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(150)];
const MINUTE: [Duration; 2] = [Duration::from_secs(50); 2];
/// How long the bridges have to come up, and people to come.
const COMING_UP: Duration = Duration::from_mins(3);
const COMING: Duration = Duration::from_mins(5);
/// When half of the people stay away, if they do.
const DIP: [Duration; 2] = [Duration::from_hours(2), Duration::from_hours(3)];

/// Runs a case for so long.
pub fn course(case: Case, seed: u64, lasts: Duration) -> Course {
    let start = Time::default() + COMING_UP + COMING;
    let mut sim = Sim::new(seed, scenario(case), &Options::default());
    sim.run_until(Time::default() + COMING_UP);
    fill(&mut sim, seed, start);
    sim.autoscale(autoscaler(case));
    let mut course = Course {
        lowest: u32::MAX,
        ..Course::default()
    };
    let before = sim.world.api.audit().len();
    let mut now = start;
    while now.since(start) < lasts && sim.oracle.violations().is_empty() {
        let half = case.dip && (DIP[0]..DIP[1]).contains(&now.since(start));
        sim.world
            .demand(demand(if half { PEOPLE / 2 } else { PEOPLE }));
        now += PACE;
        sim.run_until(now);
        course.look(&sim);
    }
    for record in &sim.world.api.audit()[before..] {
        course.count(record, start);
    }
    let wrong = sim.oracle.violations().iter().map(ToString::to_string);
    course.wrong = wrong.collect();
    course
}

impl Course {
    fn look(&mut self, sim: &Sim) {
        let pods = || sim.world.api.pods();
        let active = pods().filter(|pod| up(pod) && pod.meta.deleted.is_none());
        let active = active.count() as u32;
        self.lowest = self.lowest.min(active);
        self.active.push(active);
        self.hours += pods().count() as f64 * PACE.as_secs_f64() / 3600.0;
        let load = sim.world.jitsi.bridges().map(|(_, bridge)| bridge.stress());
        self.load.push(load.sum());
    }

    fn count(&mut self, record: &Record, start: Time) {
        let (Actor::Controller(_), Ok(after)) = (record.actor, &record.reply) else {
            return;
        };
        match (&record.request, record.before.as_deref(), &**after) {
            (Request::Create(_), _, Object::Pod(_)) => self.starts += 1,
            (Request::Patch { .. }, Some(Object::Pod(before)), Object::Pod(after)) => {
                match (intent(before), intent(after)) {
                    (Intent::Active, Intent::Drain) => self.drains += 1,
                    (Intent::Drain | Intent::Remove, Intent::Active) => self.rescues += 1,
                    (Intent::Active, Intent::Active) if up(after) && !up(before) => {
                        let created = after.meta.created;
                        let lead = record.at.since(created).as_secs_f64();
                        self.lead.extend((created >= start).then_some(lead));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// Whether it is written down that a bridge takes conferences.
fn up(pod: &Pod) -> bool {
    let state = labels::STATE.read(&pod.meta.labels);
    state.ok().flatten() == Some(State::Active)
}

/// A cluster with room for everything, and a pool whose drains wait until the last person has left.
fn scenario(case: Case) -> Scenario {
    let never = Time::default() + Duration::from_hours(1000);
    let mut spec = BridgePoolSpec {
        replicas: case.beginning,
        template: Some(template("jvb:1")),
        min_lifetime: Lasting::ZERO,
        ..BridgePoolSpec::default()
    };
    spec.capacity.target_stress = TARGET as f64 / 1000.0;
    spec.drain.max_concurrent = Limit::Percent(100);
    spec.drain.deadline = Lasting::from_hours(24);
    spec.drain.on_deadline = OnDeadline::Wait;
    spec.rescue.enabled = case.rescue;
    let pull = match case.starts {
        Starts::Vary => VARY,
        Starts::Minute => MINUTE,
    };
    Scenario {
        setup: Setup {
            nodes: 40,
            max_nodes: 40,
            room: 4,
            pull,
            stress_idle: 0,
            stress_each: 10,
            ..Setup::default()
        },
        spec,
        hpa: None,
        replicas: 1,
        demand: Vec::new(),
        sizes: Vec::new(),
        pauses: Vec::new(),
        pins: Vec::new(),
        orphans: Vec::new(),
        faults: Vec::new(),
        interludes: Vec::new(),
        calm: never,
        end: never,
        ending: Ending::Rest,
    }
}

fn demand(people: u64) -> Demand {
    Demand {
        people,
        length: CONFERENCE,
        largest: 2,
    }
}

/// People come until `start`, when as many are there as there shall be on average, and as long as they would stay anyway: what is
/// left of a waiting time without memory is as long as the whole.
fn fill(sim: &mut Sim, seed: u64, start: Time) {
    const WAVES: u32 = 60;
    let mut lengths = Chance::new(seed, Concern::Setup);
    let conferences = PEOPLE as u32 / 2;
    for wave in 0..WAVES {
        for _ in 0..conferences / WAVES {
            let left = start.since(sim.world.now());
            let length = left + lengths.exponential(CONFERENCE);
            sim.world.confer(2, length);
        }
        let until = start - COMING.mul_f64(f64::from(WAVES - 1 - wave) / f64::from(WAVES));
        sim.run_until(until);
    }
}

fn autoscaler(case: Case) -> Autoscaler {
    let metric = match case.metric {
        Metric::AverageOfPods | Metric::AverageMistaken => average_of_pods(TARGET),
        Metric::Committed => committed(TARGET),
    };
    let behavior = behavior(case.shipped);
    let mut hpa = Autoscaler::following(Class::From136, &metric, (1, 100), &behavior);
    hpa.starting_are_average = case.metric == Metric::AverageMistaken;
    hpa
}

fn behavior(shipped: bool) -> Value {
    if shipped {
        as_shipped::behavior(as_shipped::SCALE_DOWN_WINDOW)
    } else {
        json!({ "scaleDown": { "stabilizationWindowSeconds": 300 } })
    }
}
