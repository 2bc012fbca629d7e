//! How a run is set up: drawn from its seed.

use std::time::Duration;

use bridge::Time;
use hpa::Class;
use scaler_api::spec::{DeletionPolicy, OnDeadline, Template};
use scaler_api::{BridgePoolSpec, Duration as Lasting, Limit};
use serde_json::json;

use crate::chaos::{Coming, Fault, Planned, draw, draw_interludes};
use crate::kernel::{Chance, Concern};
use crate::world::Setup;

/// How a run ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// The faults stop, and all must come to rest.
    Rest,
    /// The pool is deleted.
    PoolDeleted,
}

/// How a run is set up.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The cluster.
    pub setup: Setup,
    /// The pool.
    pub spec: BridgePoolSpec,
    /// The HPA's class, its smallest and largest size, and its window in seconds before it scales in; none: people scale.
    pub hpa: Option<(Class, (u32, u32), u64)>,
    /// Replicas of the controller.
    pub replicas: usize,
    /// How many people there are to be from when on.
    pub demand: Vec<(Time, u64)>,
    /// When a user sets the size, and to what.
    pub sizes: Vec<(Time, u32)>,
    /// When the pool is paused, and goes on.
    pub pauses: Vec<(Time, bool)>,
    /// When a bridge is pinned, and when none is any more.
    pub pins: Vec<(Time, bool)>,
    /// When bridges are to outlive their pool, and when no longer.
    pub orphans: Vec<(Time, bool)>,
    /// The faults.
    pub faults: Vec<Planned>,
    /// What comes between.
    pub interludes: Vec<Coming>,
    /// When faults stop.
    pub calm: Time,
    /// When all must have come to rest.
    pub end: Time,
    /// How it ends.
    pub ending: Ending,
}

const MINUTE: u64 = 60_000;

/// How long the pool has to come up before anything else happens.
const WARM_UP: u64 = 3 * MINUTE;

fn at(millis: u64) -> Time {
    Time::from_millis(millis.cast_signed())
}

/// The template of a pool of this image.
pub fn template(image: &str) -> Template {
    let spec = json!({
        "spec": {
            "terminationGracePeriodSeconds": 300,
            "containers": [{ "name": "jvb", "image": image }],
        },
    });
    Template(spec.as_object().cloned().unwrap_or_default())
}

impl Scenario {
    /// The scenario of a seed. `only`: of the faults drawn, and of the interludes after them, those by number; none: all of them.
    pub fn draw(seed: u64, only: Option<&[usize]>) -> Self {
        let mut chance = Chance::new(seed, Concern::Setup);
        let mut setup = Setup {
            nodes: chance.from_to(2, 4) as usize,
            max_nodes: 8,
            room: chance.from_to(1, 3) as usize,
            octo: chance.per_mille(300),
            initial_drain: chance.per_mille(400),
            pull: [500, chance.from_to(2_000, 20_000)].map(Duration::from_millis),
            stress_each: chance.from_to(30, 60),
            ..Setup::default()
        };
        let mut spec = draw_pool(&mut chance);
        let busy = WARM_UP + chance.from_to(12, 22) * MINUTE;
        let hpa = chance.per_mille(600).then(|| {
            let class = [Class::UpTo132, Class::From133, Class::From136][chance.below(3) as usize];
            (
                class,
                (chance.from_to(1, 3) as u32, 8),
                chance.from_to(60, 300),
            )
        });
        let replicas = chance.from_to(1, 2) as usize;
        let mut demand = vec![(at(WARM_UP / 2), chance.from_to(4, 30))];
        for _ in 0..chance.from_to(1, 4) {
            demand.push((at(chance.from_to(WARM_UP, busy)), chance.from_to(0, 45)));
        }
        demand.sort();
        let mut sizes = Vec::new();
        for _ in 0..chance.from_to(0, 4) {
            sizes.push((
                at(chance.from_to(WARM_UP, busy)),
                chance.from_to(1, 6) as u32,
            ));
        }
        sizes.sort();
        let pauses = draw_pauses(&mut chance, busy);
        let mut faults = draw(seed, at(WARM_UP), at(busy));
        let pool_deleted = faults
            .iter()
            .any(|planned| planned.fault == Fault::PoolDeleted);
        let mut interludes = draw_interludes(seed, at(WARM_UP), at(busy));
        if let Some(only) = only {
            let mut numbers = 0..;
            let mut kept = || numbers.next().is_some_and(|number| only.contains(&number));
            faults.retain(|_| kept());
            interludes.retain(|_| kept());
        }
        let ending = if pool_deleted
            && faults
                .iter()
                .any(|planned| planned.fault == Fault::PoolDeleted)
        {
            Ending::PoolDeleted
        } else {
            Ending::Rest
        };
        if pool_deleted {
            spec.deletion_policy = *chance
                .pick(&[
                    DeletionPolicy::Drain,
                    DeletionPolicy::Drain,
                    DeletionPolicy::Now,
                ])
                .unwrap_or(&DeletionPolicy::Drain);
        }
        let longest = faults
            .iter()
            .map(|planned| planned.at + planned.lasts)
            .max()
            .unwrap_or_default();
        let calm = at(busy).max(longest);
        let mut rarely = Chance::new(seed, Concern::Rarities);
        draw_rarities(&mut spec, &mut rarely);
        let pins = if rarely.per_mille(150) {
            vec![(at(rarely.from_to(WARM_UP, busy / 2)), true), (calm, false)]
        } else {
            Vec::new()
        };
        let orphans = draw_orphans(&mut spec, &mut rarely, pool_deleted, busy);
        setup.shutdown = !rarely.per_mille(50);
        // Whatever is draining then has its whole deadline, and those that come after it have theirs.
        let settle = Duration::from_mins(15) + 2 * spec.drain.deadline.get();
        Self {
            setup,
            spec,
            hpa,
            replicas,
            demand,
            sizes,
            pauses,
            pins,
            orphans,
            faults,
            interludes,
            calm,
            end: calm + settle,
            ending,
        }
    }
}

/// When the pool is paused, and when it goes on.
fn draw_pauses(chance: &mut Chance, busy: u64) -> Vec<(Time, bool)> {
    if !chance.per_mille(120) {
        return Vec::new();
    }
    let from = chance.from_to(WARM_UP, busy);
    let to = from + chance.from_to(20_000, 180_000);
    vec![(at(from), true), (at(to), false)]
}

/// When bridges are to outlive their pool, and when they are not: for good where it is deleted.
fn draw_orphans(
    spec: &mut BridgePoolSpec,
    rarely: &mut Chance,
    pool_deleted: bool,
    busy: u64,
) -> Vec<(Time, bool)> {
    if pool_deleted {
        if rarely.per_mille(200) {
            spec.deletion_policy = DeletionPolicy::Orphan;
        }
        return Vec::new();
    }
    if !rarely.per_mille(40) {
        return Vec::new();
    }
    let from = rarely.from_to(WARM_UP, busy / 2);
    let to = from + rarely.from_to(20_000, 300_000);
    vec![(at(from), true), (at(to), false)]
}

/// A pool with three bridges and more.
fn draw_pool(chance: &mut Chance) -> BridgePoolSpec {
    let mut spec = BridgePoolSpec {
        replicas: chance.from_to(3, 5) as u32,
        max_replicas: Some(8),
        min_active: chance.from_to(1, 2) as u32,
        template: Some(template("jvb:1")),
        min_lifetime: Lasting::from_secs(chance.from_to(0, 120)),
        ..BridgePoolSpec::default()
    };
    let drain = &mut spec.drain;
    drain.deadline = Lasting::from_secs(chance.from_to(120, 900));
    drain.node_deadline = Lasting::from_secs(chance.from_to(60, 400));
    drain.on_deadline = match chance.below(10) {
        0 => OnDeadline::Wait,
        1 => OnDeadline::Kill,
        _ => OnDeadline::Move,
    };
    drain.max_concurrent = Limit::Count(chance.from_to(1, 3) as u32);
    drain.expel_timeout = Lasting::from_secs(chance.from_to(30, 180));
    spec.rescue.enabled = chance.per_mille(900);
    spec.warm.min = u32::from(chance.per_mille(250));
    spec.warm.max = spec.warm.min + u32::from(chance.per_mille(200));
    spec.update.progress_deadline = Lasting::from_secs(chance.from_to(120, 300));
    spec
}

/// What only few pools have: a ceiling that is too low, and little time but many looks for a bridge to be seen empty in.
fn draw_rarities(spec: &mut BridgePoolSpec, chance: &mut Chance) {
    if chance.per_mille(150) {
        let most = chance.from_to(4, 6) as u32;
        spec.max_replicas = Some(most.max(spec.replicas));
    }
    if chance.per_mille(100) {
        spec.drain.settle = Lasting::from_secs(chance.from_to(2, 5));
        spec.evidence.removal_samples = chance.from_to(6, 9) as u32;
    }
}
