//! `committed_stress_total`: the stress of a pool with that of the bridges that drain, as the adapter gives it.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;
use bridge::totals::{HOLD_LAST, MAX_AGE, MIN_COVERAGE, Part, STRESS_UNKNOWN_FOR};
use hpa::inputs::Sample;
use scaler_api::committed::{Committed as All, Standing};
use scaler_api::labels;

use crate::api::Pod;
use crate::world::World;

/// The pods of a pool that the HPA sees.
pub fn counted<'a>(world: &'a World, pool: &str) -> impl Iterator<Item = &'a Pod> {
    of_pool(world, pool).filter(|pod| {
        let counted = labels::COUNTED.read(&pod.meta.labels);
        counted.ok().flatten() == Some(true)
    })
}

/// The pods that have a bridge to be asked: those that run and are not being deleted.
fn asked<'a>(world: &'a World, pool: &str) -> impl Iterator<Item = &'a Pod> {
    of_pool(world, pool)
        .filter(|pod| !pod.ended() && pod.container.is_some() && pod.meta.deleted.is_none())
}

fn of_pool<'a>(world: &'a World, pool: &str) -> impl Iterator<Item = &'a Pod> {
    world.api.pods().filter(move |pod| {
        pod.meta.labels.get(labels::POOL.name()).map(String::as_str) == Some(pool)
    })
}

/// How the adapter is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Adapter {
    /// It answers.
    #[default]
    Well,
    /// It does not answer, or refuses because it knows too little.
    Down,
    /// It goes on giving the last value.
    Frozen,
    /// It says that there is no stress at all.
    Zero,
}

/// What the adapter knows.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    last: BTreeMap<String, (Time, f64)>,
    total: i64,
    /// How it is.
    pub adapter: Adapter,
}

impl Committed {
    /// The total in thousandths; nothing when the adapter does not answer.
    pub fn total(&mut self, world: &World, pool: &str) -> Option<i64> {
        match self.adapter {
            Adapter::Well => {}
            Adapter::Down => return None,
            Adapter::Frozen => return Some(self.total),
            Adapter::Zero => return Some(0),
        }
        self.ask(world, pool);
        let now = world.now();
        let all: All = asked(world, pool)
            .map(|pod| {
                let label = |key: &str| pod.meta.labels.get(key).map(String::as_str);
                let last = self.last.get(&pod.meta.name);
                let last = last.map(|(at, stress)| (*stress, *at));
                let told = last.is_some_and(|(_, at)| now.since(at) <= MAX_AGE);
                (Standing::of(label), Part::of(last, told, HOLD_LAST, now))
            })
            .collect();
        let total = all.total(MIN_COVERAGE).ok()?;
        self.total = (total * 1000.0).round() as i64;
        Some(self.total)
    }

    /// The stress of each bridge of which it is known, by the name of its pod. Nothing when the adapter is in trouble.
    pub fn of_pods(&mut self, world: &World, pool: &str) -> BTreeMap<String, Sample> {
        if self.adapter != Adapter::Well {
            return BTreeMap::new();
        }
        self.ask(world, pool);
        let now = world.now();
        let fresh = self
            .last
            .iter()
            .filter(|(_, (at, _))| now.since(*at) <= MAX_AGE);
        let sample = |at: Time, stress: f64| Sample {
            milli: (stress * 1000.0).ceil() as i64,
            at,
            window: Duration::from_mins(1),
        };
        fresh
            .map(|(name, (at, stress))| (name.clone(), sample(*at, *stress)))
            .collect()
    }

    /// Asks every bridge of the pool for its stress.
    fn ask(&mut self, world: &World, pool: &str) {
        let now = world.now();
        let names: Vec<&str> = asked(world, pool)
            .map(|pod| pod.meta.name.as_str())
            .collect();
        self.last.retain(|name, _| names.contains(&name.as_str()));
        for name in &names {
            let Some(bridge) = world.jitsi.bridge(name).filter(|bridge| bridge.listening()) else {
                continue;
            };
            if now.since(bridge.startup_time().0) >= STRESS_UNKNOWN_FOR {
                self.last.insert((*name).to_owned(), (now, bridge.stress()));
            }
        }
    }
}
