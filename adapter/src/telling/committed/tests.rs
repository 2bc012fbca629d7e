//! What is told of pools, as bridges begin to drain, fall silent and go.

use std::sync::Arc;

use bridge::Stats;
use bridge::stats::StartupTime;
use scaler_api::labels::{COUNTED, POOL, PROTECTED};

use super::*;
use crate::telling::fixtures::{RULES, metrics, pod, sample};
use crate::telling::metric::Aggregate;
use crate::telling::resource::Resource;
use crate::telling::{Ticket, aggregate};

const fn at(seconds: i64) -> Time {
    Time::from_millis(1_795_000_000_000 + seconds * 1_000)
}

/// A pool `jvb` whose bridges started long before the adapter.
struct Scene(Store);

impl Scene {
    /// So many counted bridges that said this stress at second 0.
    fn of(bridges: usize, stress: f64) -> Self {
        let mut scene = Self(Store::new(Arc::new(metrics()), RULES));
        for n in 0..bridges {
            scene.label(n, &[COUNTED.name(), PROTECTED.name()], 0);
            scene.say(n, stress, 0);
        }
        scene
    }

    /// The controller writes these labels on a bridge's pod.
    fn label(&mut self, n: usize, labels: &[&'static str], now: i64) -> Ticket {
        let labels = labels.iter().map(|label| (*label, "true"));
        let pod = Pod {
            owners: Arc::new([(Resource::BridgePools, "jvb".into())]),
            labels: labels.chain([(POOL.name(), "jvb")]).collect(),
            ..pod(&format!("jvb-{n}"), &format!("u{n}"), Some(at(-3_600)))
        };
        self.0.observe(pod, at(now))
    }

    fn drain(&mut self, n: usize) {
        self.label(n, &[PROTECTED.name()], 0);
    }

    fn empty(&mut self, n: usize) {
        self.label(n, &[], 0);
    }

    fn delete(&mut self, n: usize) {
        let pod = Pod {
            leaving: true,
            ..self.record(n).pod().clone()
        };
        self.0.observe(pod, at(0));
    }

    fn say(&mut self, n: usize, stress: f64, now: i64) {
        let ticket = self.record(n).ticket();
        let stats = Stats {
            stress: Some(stress),
            startup_time: Some(StartupTime(at(-3_600))),
            ..Stats::default()
        };
        self.0.answered(&ticket, &sample(stats, at(now)));
    }

    fn record(&self, n: usize) -> &Record {
        self.0.get("meet", &format!("jvb-{n}")).unwrap()
    }

    fn total(&self, now: i64) -> Result<f64, Shortfall> {
        let members = self.0.iter().filter(|bridge| bridge.pod().is_alive());
        let how = Aggregate::Committed;
        let told = aggregate(members, MetricId::STRESS, how, &RULES, at(now))?;
        Ok(told.value)
    }

    fn told(&self, n: usize, now: i64) -> Result<Reading, Uncommitted> {
        Pools::of(&self.0, "meet", at(now)).reading(self.record(n))
    }

    /// What all pods that are told come to.
    fn sum(&self, now: i64) -> f64 {
        let pools = Pools::of(&self.0, "meet", at(now));
        let told = self
            .0
            .iter()
            .filter_map(|record| pools.reading(record).ok());
        told.map(|reading| reading.value).sum()
    }
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

#[test]
fn the_sum_over_the_counted_pods_is_the_total_however_many_drain() {
    let mut scene = Scene::of(8, 0.3);
    for draining in 0..7 {
        assert!(close(scene.total(1).unwrap(), 2.4), "{draining}");
        assert!(close(scene.sum(1), 2.4), "{draining}");
        let each = scene.told(7, 1).unwrap().value;
        assert!(close(each, 2.4 / (8 - draining) as f64), "{draining}");
        scene.drain(draining);
        assert_eq!(scene.told(draining, 1), Err(Uncommitted::Shared));
    }
}

#[test]
fn a_draining_bridge_that_falls_silent_or_goes_takes_no_load_along_before_its_time() {
    let mut scene = Scene::of(4, 0.4);
    scene.drain(0);
    for n in 1..4 {
        scene.say(n, 0.4, 299);
    }
    assert!(close(scene.total(299).unwrap(), 1.6), "held");
    assert!(close(scene.sum(299), 1.6), "held");
    for n in 1..4 {
        scene.say(n, 0.2, 301);
    }
    assert!(
        close(scene.total(301).unwrap(), 0.8),
        "the mean of the others"
    );
    assert!(close(scene.sum(301), 0.8), "the mean of the others");
    scene.delete(0);
    assert!(close(scene.total(301).unwrap(), 0.6), "it is gone");
}

#[test]
fn a_bridge_that_was_proven_empty_is_no_load() {
    let mut scene = Scene::of(3, 0.4);
    scene.empty(0);
    assert!(close(scene.total(1).unwrap(), 0.8));
    assert!(close(scene.sum(1), 0.8));
    assert_eq!(scene.told(0, 1), Err(Uncommitted::Empty));
}

#[test]
fn pods_are_told_nothing_when_too_little_is_known_of_their_pool() {
    let mut scene = Scene::of(5, 0.4);
    for draining in 0..3 {
        scene.drain(draining);
    }
    for n in 3..5 {
        scene.say(n, 0.4, 60);
    }
    let shortfall = Shortfall::Coverage {
        answering: 2,
        known: 5,
    };
    assert_eq!(scene.total(60), Err(shortfall));
    let pool = "jvb".to_owned();
    assert_eq!(
        scene.told(4, 60),
        Err(Uncommitted::Short { pool, shortfall })
    );
}

#[test]
fn a_share_is_as_old_as_the_answers_in_it() {
    let mut scene = Scene::of(2, 0.4);
    scene.say(1, 0.4, 10);
    assert_eq!(scene.told(1, 12).unwrap().at, at(10));
    scene.drain(0);
    assert_eq!(scene.told(1, 12).unwrap().at, at(0));
}

#[test]
fn a_pod_without_a_value_or_a_pool_has_a_reason() {
    let mut scene = Scene::of(2, 0.4);
    scene.say(0, 0.4, 40);
    let stale = Uncommitted::Omitted(Omission::Stale);
    assert_eq!(scene.told(1, 40), Err(stale));
    scene.0.observe(pod("lone", "u9", Some(at(-60))), at(0));
    let lone = scene.0.get("meet", "lone").unwrap();
    let told = Pools::of(&scene.0, "meet", at(1)).reading(lone);
    assert_eq!(told, Err(Uncommitted::Poolless));
}
