//! What bridges come to together.

use std::sync::Arc;

use bridge::Stats;
use bridge::stats::{Flags, StartupTime};

use super::*;
use crate::telling::fixtures::{RULES, metrics, pod, sample};
use crate::telling::store::Store;

const fn at(seconds: i64) -> Time {
    Time::from_millis(1_795_000_000_000 + seconds * 1_000)
}

struct Scene(Store);

impl Scene {
    fn new() -> Self {
        Self(Store::new(Arc::new(metrics()), RULES))
    }

    /// A bridge whose container started then, seen at once or, where it started before second 0, when the adapter started.
    fn start(&mut self, name: usize, started: i64) {
        let pod = pod(
            &format!("jvb-{name:03}"),
            &format!("u{name}"),
            Some(at(started)),
        );
        self.0.observe(pod, at(started.max(0)));
    }

    fn say_with(&mut self, name: usize, now: i64, stress: Option<f64>, flags: Flags) {
        let record = self.0.get("meet", &format!("jvb-{name:03}")).unwrap();
        let pod = record.pod().clone();
        let started = pod.process.as_ref().unwrap().started.unwrap();
        let ticket = self.0.observe(pod, at(now));
        let stats = Stats {
            stress,
            flags,
            startup_time: Some(StartupTime(started)),
            ..Stats::default()
        };
        self.0.answered(&ticket, &sample(stats, at(now)));
    }

    fn say(&mut self, name: usize, now: i64, stress: f64) {
        self.say_with(name, now, Some(stress), Flags::default());
    }

    fn told(&self, how: Aggregate, now: i64) -> Result<f64, Shortfall> {
        let reading = aggregate(self.0.iter(), MetricId::STRESS, how, &RULES, at(now))?;
        Ok(reading.value)
    }

    fn total(&self, now: i64) -> Result<f64, Shortfall> {
        self.told(Aggregate::Total, now)
    }
}

/// So many bridges that started a minute before the adapter and said this stress at second 0.
fn running(bridges: usize, stress: f64) -> Scene {
    let mut scene = Scene::new();
    for name in 0..bridges {
        scene.start(name, -60);
        scene.say(name, 0, stress);
    }
    scene
}

fn close(told: Result<f64, Shortfall>, value: f64) -> bool {
    told.is_ok_and(|told| (told - value).abs() < 1e-9)
}

#[test]
fn nobody_has_no_total() {
    assert_eq!(Scene::new().total(0), Err(Shortfall::Nobody));
}

#[test]
fn bridges_that_are_all_booting_have_no_total() {
    let mut scene = Scene::new();
    for name in 0..20 {
        scene.start(name, 0);
        scene.say(name, 4, 0.0);
    }
    assert_eq!(scene.total(4), Err(Shortfall::Unknown { bridges: 20 }));
}

#[test]
fn twenty_booting_bridges_neither_freeze_a_total_nor_move_it() {
    let mut scene = running(4, 0.5);
    for name in 4..24 {
        scene.start(name, 1);
    }
    for name in 4..14 {
        scene.say(name, 5, 1.1);
    }
    assert!(close(scene.total(6), 2.0));
    assert!(close(scene.told(Aggregate::Mean, 6), 0.5));
    assert!(close(scene.told(Aggregate::Max, 6), 0.5));
}

#[test]
fn a_hung_bridge_keeps_its_last_value_for_five_minutes() {
    let mut scene = running(10, 0.6);
    for name in 0..7 {
        scene.say(name, 299, 0.6);
    }
    assert!(close(scene.total(300), 6.0));
    for name in 0..7 {
        scene.say(name, 300, 0.2);
    }
    assert!(close(scene.total(300), 7.0 * 0.2 + 3.0 * 0.6));
}

#[test]
fn after_five_minutes_a_hung_bridge_counts_as_the_mean_of_the_others() {
    let mut scene = running(10, 0.6);
    for name in 0..7 {
        scene.say(name, 301, 0.2);
    }
    assert!(close(scene.total(301), 10.0 * 0.2));
    assert!(close(scene.told(Aggregate::Max, 301), 0.2));
}

#[test]
fn three_of_ten_hung_at_constant_load_never_look_like_less_load() {
    let mut scene = running(10, 0.4);
    for now in (0..3_600).step_by(5) {
        for name in 0..7 {
            scene.say(name, now, 0.4);
        }
        assert!(close(scene.total(now), 4.0), "at {now} s");
    }
}

#[test]
fn below_half_of_the_known_nothing_is_told_and_at_half_it_is() {
    let mut scene = running(10, 0.6);
    for name in 0..5 {
        scene.say(name, 60, 1.0);
    }
    assert!(close(scene.total(60), 5.0 + 5.0 * 0.6));
    for name in 0..4 {
        scene.say(name, 100, 1.0);
    }
    assert_eq!(
        scene.total(100),
        Err(Shortfall::Coverage {
            answering: 4,
            known: 10
        })
    );
}

#[test]
fn a_total_without_a_single_answer_is_not_told_even_without_a_floor() {
    let scene = running(2, 0.6);
    let floorless = Rules {
        min_coverage: 0.0,
        ..RULES
    };
    let told = aggregate(
        scene.0.iter(),
        MetricId::STRESS,
        Aggregate::Total,
        &floorless,
        at(60),
    );
    assert_eq!(
        told,
        Err(Shortfall::Coverage {
            answering: 0,
            known: 2
        })
    );
}

#[test]
fn booting_bridges_are_on_neither_side_of_the_coverage() {
    let mut scene = running(2, 0.6);
    for name in 2..22 {
        scene.start(name, 20);
    }
    assert!(close(scene.total(25), 1.2));
    scene.say(0, 60, 0.6);
    assert!(close(scene.total(60), 1.2), "one of two, not of twenty-two");
}

#[test]
fn a_bridge_that_says_nonsense_is_held_and_does_not_count_as_answering() {
    let mut scene = running(3, 0.5);
    scene.say(0, 10, 0.5);
    scene.say(1, 10, 0.5);
    scene.say_with(2, 10, None, Flags::default());
    assert!(close(scene.total(10), 1.5));
    scene.say_with(1, 20, None, Flags::default());
    assert_eq!(
        scene.total(20),
        Err(Shortfall::Coverage {
            answering: 1,
            known: 3
        })
    );
}

#[test]
fn a_restarted_adapter_waits_for_bridges_that_were_known_to_the_one_before() {
    let mut scene = Scene::new();
    for name in 0..10 {
        scene.start(name, -3_600);
    }
    assert_eq!(
        scene.total(1),
        Err(Shortfall::Coverage {
            answering: 0,
            known: 10
        })
    );
    for name in 0..7 {
        scene.say(name, 5, 0.4);
    }
    assert!(
        close(scene.total(5), 4.0),
        "three hung ones count as the mean"
    );
}

#[test]
fn a_restarted_adapter_does_not_take_a_bridge_for_idle_that_says_nonsense_since_before() {
    let mut scene = Scene::new();
    for name in 0..10 {
        scene.start(name, -3_600);
        let stress = (name >= 3).then_some(0.4);
        scene.say_with(name, 5, stress, Flags::default());
    }
    assert!(close(scene.total(5), 4.0), "{:?}", scene.total(5));
    // One that has only just started may never have said anything else.
    scene.start(10, 1);
    scene.say_with(10, 30, None, Flags::default());
    assert!(close(scene.total(30), 4.0), "{:?}", scene.total(30));
    // And what a bridge does not know at all was never in a total.
    let known = |metric: &str| {
        let id = metrics().on_pods(metric).unwrap();
        aggregate(scene.0.iter(), id, Aggregate::Total, &RULES, at(5))
    };
    let unknown = Err(Shortfall::Unknown { bridges: 11 });
    assert_eq!(known("largest_conference"), unknown);
}

#[test]
fn a_total_is_as_old_as_its_oldest_answer() {
    let mut scene = running(3, 0.5);
    scene.say(0, 10, 0.5);
    scene.say(1, 12, 0.5);
    scene.say(2, 35, 0.5);
    let told = |now| {
        let rules = &RULES;
        aggregate(
            scene.0.iter(),
            MetricId::STRESS,
            Aggregate::Total,
            rules,
            at(now),
        )
        .unwrap()
    };
    assert_eq!(told(36).at, at(10));
    assert_eq!(told(41).at, at(12), "what is held has no time of its own");
}

#[test]
fn nine_tenths_of_the_bridges_do_not_exceed_the_ninetieth_percentile() {
    let mut scene = Scene::new();
    for name in 0..10_u8 {
        scene.start(name.into(), -60);
        scene.say(name.into(), 0, f64::from(name + 1) / 10.0);
    }
    assert!(close(scene.told(Aggregate::P90, 0), 0.9));
    assert!(close(scene.told(Aggregate::Max, 0), 1.0));
    assert!(close(scene.told(Aggregate::Mean, 0), 0.55));
    assert!(close(running(1, 0.3).told(Aggregate::P90, 0), 0.3));
}

#[test]
fn free_capacity_is_what_accepting_bridges_that_answer_can_take() {
    let mut scene = Scene::new();
    for name in 0..4 {
        scene.start(name, -60);
    }
    scene.say(0, 0, 0.3);
    scene.say(1, 0, 1.1);
    let draining = Flags {
        drain: true,
        ..Flags::default()
    };
    scene.say_with(2, 0, Some(0.1), draining);
    assert!(close(scene.told(Aggregate::FreeCapacity, 0), 0.5));
    scene.say(3, 0, 0.2);
    assert!(close(scene.told(Aggregate::FreeCapacity, 0), 1.1));
    for name in 0..3 {
        scene.say(name, 40, 0.3);
    }
    assert!(
        close(scene.told(Aggregate::FreeCapacity, 40), 1.5),
        "one that does not answer takes nobody"
    );
}
