use std::cmp::Reverse;

use bridge::Time;
use proptest::prelude::*;
use scaler_api::state::IntentReason;

use super::stage::{Stage, one_warm, spec, uid};
use crate::report::report;
use crate::world::Node;
use crate::{Criterion, Kept, RescueKey, Transition, VictimKey};

/// A bridge that nothing speaks for or against.
fn plain() -> VictimKey {
    VictimKey {
        operator: Reverse(false),
        never_started: Reverse(false),
        node_leaving: Reverse(false),
        outdated: Reverse(false),
        people: 5,
        largest: 10,
        neighbours: 2,
        zone: Reverse(3),
        stress: 400,
        created: Reverse(Time::from_millis(1000)),
        uid: uid("m").into(),
    }
}

#[test]
fn the_first_difference_decides() {
    // Each is drained before all that stand below it, though it is worse in everything that comes later.
    let worse = |change: fn(&mut VictimKey)| {
        let mut key = VictimKey {
            people: 60,
            largest: 500,
            neighbours: 9,
            zone: Reverse(0),
            stress: 2000,
            created: Reverse(Time::from_millis(0)),
            uid: uid("z").into(),
            ..plain()
        };
        change(&mut key);
        key
    };
    let table: [(&str, VictimKey); 11] = [
        ("operator mark", worse(|key| key.operator = Reverse(true))),
        (
            "never started",
            worse(|key| key.never_started = Reverse(true)),
        ),
        (
            "node leaving",
            worse(|key| key.node_leaving = Reverse(true)),
        ),
        ("outdated", worse(|key| key.outdated = Reverse(true))),
        ("fewest people", worse(|key| key.people = 4)),
        (
            "smallest conference",
            worse(|key| (key.people, key.largest) = (5, 9)),
        ),
        (
            "emptiest node",
            worse(|key| (key.people, key.largest, key.neighbours) = (5, 10, 1)),
        ),
        (
            "fullest zone",
            worse(|key| {
                (key.people, key.largest, key.neighbours, key.zone) = (5, 10, 2, Reverse(4));
            }),
        ),
        (
            "least stress",
            VictimKey {
                stress: 399,
                created: Reverse(Time::from_millis(0)),
                uid: uid("z").into(),
                ..plain()
            },
        ),
        (
            "youngest",
            VictimKey {
                created: Reverse(Time::from_millis(1001)),
                uid: uid("z").into(),
                ..plain()
            },
        ),
        ("uid", plain()),
    ];
    for (pair, criterion) in table.windows(2).zip(Criterion::ALL) {
        assert!(pair[0].1 < pair[1].1, "{} before {}", pair[0].0, pair[1].0);
        assert_eq!(pair[0].1.criterion(&pair[1].1), Some(criterion));
        assert_eq!(pair[1].1.criterion(&pair[0].1), Some(criterion));
    }
    let other = VictimKey {
        uid: uid("n").into(),
        ..plain()
    };
    assert_eq!(plain().criterion(&other), Some(Criterion::Uid));
    assert_eq!(plain().criterion(&plain()), None);
}

#[test]
fn the_first_difference_decides_who_comes_back() {
    let plain = || RescueKey {
        warm: false,
        outdated: false,
        free: Reverse(300),
        deadline: Reverse(Some(Time::from_millis(2000))),
        uid: uid("m").into(),
    };
    // Each comes back after the plain one, though it is better in everything that comes later.
    let better = || RescueKey {
        free: Reverse(400),
        deadline: Reverse(Some(Time::from_millis(3000))),
        uid: uid("a").into(),
        ..plain()
    };
    let table = [
        RescueKey {
            warm: true,
            ..better()
        },
        RescueKey {
            outdated: true,
            ..better()
        },
        RescueKey {
            free: Reverse(299),
            ..better()
        },
        RescueKey {
            deadline: Reverse(Some(Time::from_millis(1999))),
            uid: uid("a").into(),
            ..plain()
        },
        RescueKey {
            uid: uid("n").into(),
            ..plain()
        },
    ];
    for (words, later) in RescueKey::WORDS.into_iter().zip(table) {
        assert!(plain() < later, "{words}: {later:?}");
    }
    assert!(better() < plain());
}

#[test]
fn people_are_compared_in_powers_of_two() {
    let mut stage = Stage::new(spec(3));
    for (name, people) in [("b0", 9), ("b1", 15), ("b2", 16)] {
        stage.people(name, people);
        stage.actor(name).conferences = 1;
    }
    stage.look();
    stage.scale(2);
    let plan = stage.decide();
    let people: Vec<u32> = plan.victims.iter().map(|rank| rank.key.people).collect();
    assert_eq!(people, [4, 4, 5]);
}

#[test]
fn the_list_that_is_printed_is_the_one_that_decided() {
    let mut stage = Stage::new(spec(4));
    for (name, people) in [("b0", 30), ("b1", 2), ("b2", 1), ("b3", 90)] {
        stage.people(name, people);
    }
    stage.annotate("b2", "bridgetender.dev/pinned", Some("true"));
    stage.look();
    stage.scale(3);
    let plan = stage.decide();
    let order: Vec<&str> = plan
        .victims
        .iter()
        .map(|rank| rank.key.uid.0.as_str())
        .collect();
    assert_eq!(order, ["b1", "b0", "b3", "b2"]);
    assert_eq!(plan.victims[3].excluded, Some(crate::Excluded::Pinned));
    assert_eq!(
        plan.decisions[0].pod.as_ref().unwrap().uid,
        *plan.victims[0].key.uid
    );
    assert_eq!(plan.decisions[0].evidence.rank, Some(1));
}

#[test]
fn each_choice_names_its_place_in_the_list_that_decided() {
    // Two are outdated, one is to go with its node, and there is one too many besides.
    let mut stage = Stage::empty(spec(5));
    for (name, revision) in [
        ("b0", "old"),
        ("b1", "old"),
        ("b2", "new"),
        ("b3", "new"),
        ("b4", "new"),
    ] {
        stage.active(name, revision);
        stage.people(name, 3);
    }
    stage.people("b2", 40);
    stage.look();
    stage.annotate("b2", "bridgetender.dev/drain-requested", Some("true"));
    stage.respec(|pool| {
        pool.spec.replicas = 3;
        pool.spec.drain.max_concurrent = scaler_api::Limit::Count(4);
    });
    let plan = stage.decide();
    let chosen: Vec<_> = plan
        .decisions
        .iter()
        .filter_map(|decision| {
            Some((
                decision.why,
                decision.evidence.rank?,
                &decision.pod.as_ref()?.uid,
            ))
        })
        .collect();
    let one = uid("b2");
    let other = uid("b0");
    assert_eq!(
        chosen,
        [
            (IntentReason::Operator, 1, &one),
            (IntentReason::ScaleDown, 2, &other)
        ]
    );
    assert_eq!(plan.chosen_from(IntentReason::Operator), [&one]);
    // It stands second there, behind the one that has been chosen already.
    assert_eq!(
        plan.chosen_from(IntentReason::ScaleDown)[..2],
        [&one, &other]
    );
    assert_eq!(
        plan.chosen_from(IntentReason::Outdated).len(),
        2,
        "none of them has a replacement yet"
    );
}

#[test]
fn the_node_that_becomes_empty_goes_first() {
    let mut stage = Stage::new(spec(3));
    for name in ["one", "two"] {
        stage.world.observe_node(
            Node {
                name: name.to_owned(),
                zone: "a".to_owned(),
                ready: true,
                signals: std::collections::BTreeSet::new(),
            },
            stage.now,
        );
    }
    for (bridge, node) in [("b0", "one"), ("b1", "one"), ("b2", "two")] {
        stage.change(bridge, |object| object.pod.node = Some(node.to_owned()));
    }
    stage.scale(2);
    assert_eq!(*stage.decide().victims[0].key.uid, uid("b2"));
}

#[test]
fn the_most_capacity_is_taken_back_first_and_draining_before_warm() {
    let mut warm = one_warm(4);
    warm.drain.max_concurrent = scaler_api::Limit::Count(4);
    let mut stage = Stage::new(warm);
    stage.people("b0", 90);
    stage.people("b1", 5);
    stage.people("b2", 5);
    stage.second();
    stage.scale(1);
    stage.seconds(60);
    assert_eq!(stage.state("b3"), scaler_api::State::Warm);
    stage.actor("b1").stress = 0.3;
    stage.actor("b2").stress = 0.2;
    stage.actor("b3").stress = 0.0;
    stage.look();
    stage.scale(3);
    let plan = stage.decide();
    let order: Vec<&str> = plan
        .rescues
        .iter()
        .map(|rank| rank.key.uid.0.as_str())
        .collect();
    assert_eq!(order, ["b2", "b1", "b3"]);
}

#[test]
fn what_would_keep_each_bridge_is_told_before_anything_is_to_be_drained() {
    let mut few = spec(4);
    few.min_active = 1;
    few.drain.max_concurrent = scaler_api::Limit::Count(1);
    let mut stage = Stage::new(few);
    stage.annotate("b0", "bridgetender.dev/pinned", Some("true"));
    stage.look();
    let kept = |stage: &Stage| -> Vec<(String, Option<Kept>)> {
        let told = report(&stage.world, stage.now);
        let told = told.victims.into_iter();
        told.map(|victim| (victim.key.uid.0.clone(), victim.kept))
            .collect()
    };
    let told = kept(&stage);
    assert_eq!(told[3], ("b0".to_owned(), Some(Kept::Pinned)));
    assert!(told[..3].iter().all(|(_, kept)| kept.is_none()), "{told:?}");
    // One drains: as many as may.
    stage.people("b1", 1);
    stage.look();
    stage.scale(3);
    stage.second();
    let told = kept(&stage);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[..2]
            .iter()
            .all(|(_, kept)| *kept == Some(Kept::MaxConcurrent)),
        "{told:?}"
    );
    stage.respec(|pool| pool.spec.min_active = 3);
    let told = kept(&stage);
    assert!(
        told[..2]
            .iter()
            .all(|(_, kept)| *kept == Some(Kept::MinActive)),
        "{told:?}"
    );
}

proptest! {
    #[test]
    fn what_is_told_is_what_is_then_decided(bridges in proptest::collection::vec((0..40_u64, 0.0..1.0_f64, any::<bool>(), any::<bool>()), 2..8)) {
        let mut stage = Stage::new(spec(bridges.len() as u32));
        for (number, (people, stress, pinned, answers)) in bridges.iter().enumerate() {
            let name = format!("b{number}");
            stage.people(&name, *people);
            stage.actor(&name).stress = *stress;
            stage.actor(&name).answers = *answers;
            if *pinned {
                stage.annotate(&name, "bridgetender.dev/pinned", Some("true"));
            }
        }
        stage.second();
        stage.scale(bridges.len() as u32 - 1);
        let told = report(&stage.world, stage.now);
        let plan = stage.decide();
        let order: Vec<_> = told.victims.iter().map(|victim| &victim.key).collect();
        let decided: Vec<_> = plan.victims.iter().map(|rank| &rank.key).collect();
        prop_assert_eq!(order, decided);
        let next = told.victims.iter().find(|victim| victim.kept.is_none());
        let drained = plan.decisions.iter().find(|decision| decision.transition == Transition::Drain);
        let drained = drained.and_then(|decision| decision.pod.as_ref()).map(|pod| &pod.uid);
        prop_assert_eq!(next.map(|victim| &*victim.key.uid), drained);
    }

    #[test]
    fn a_report_is_read_as_it_was_written(bridges in proptest::collection::vec((0..40_u64, 0.0..1.0_f64), 0..5)) {
        let mut stage = Stage::new(spec(bridges.len() as u32));
        for (number, (people, stress)) in bridges.iter().enumerate() {
            stage.people(&format!("b{number}"), *people);
            stage.actor(&format!("b{number}")).stress = *stress;
        }
        stage.look();
        let told = report(&stage.world, stage.now);
        let text = serde_json::to_string(&told).unwrap();
        let read: crate::Report = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
