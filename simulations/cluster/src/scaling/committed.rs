//! `committed_stress_total`: the stress of all bridges of a pool, draining ones included, as the adapter gives it.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;
use hpa::inputs::Sample;
use scaler_api::labels;

use crate::api::Pod;
use crate::world::World;

/// A bridge's stress means nothing for so long after its start.
const UNKNOWN_FOR: Duration = Duration::from_secs(20);

/// For how long a bridge that stopped answering keeps its last value.
const HOLD_LAST: Duration = Duration::from_mins(5);

/// A value of one pod is left out when it is older than this.
const STALE: Duration = Duration::from_secs(30);

/// The pods of a pool that the HPA sees.
pub fn counted<'a>(world: &'a World, pool: &str) -> impl Iterator<Item = &'a Pod> {
    of_pool(world, pool).filter(|pod| {
        let counted = labels::COUNTED.read(&pod.meta.labels);
        counted.ok().flatten() == Some(true)
    })
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
        let held = self
            .last
            .values()
            .filter(|(at, _)| now.since(*at) <= HOLD_LAST);
        let known: Vec<f64> = held.map(|(_, stress)| *stress).collect();
        let sum: f64 = known.iter().sum();
        // One that has been silent for longer counts as the mean of the known ones.
        let silent = self.last.len() - known.len();
        let mean = if known.is_empty() {
            0.0
        } else {
            sum / known.len() as f64
        };
        self.total = (mean.mul_add(silent as f64, sum) * 1000.0).round() as i64;
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
            .filter(|(_, (at, _))| now.since(*at) <= STALE);
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
        let of_pool: Vec<&str> = of_pool(world, pool)
            .filter(|pod| !pod.ended() && pod.container.is_some())
            .map(|pod| pod.meta.name.as_str())
            .collect();
        self.last.retain(|name, _| of_pool.contains(&name.as_str()));
        for name in &of_pool {
            let Some(bridge) = world.jitsi.bridge(name).filter(|bridge| bridge.listening()) else {
                continue;
            };
            if now.since(bridge.startup_time().0) >= UNKNOWN_FOR {
                self.last.insert((*name).to_owned(), (now, bridge.stress()));
            }
        }
    }
}
