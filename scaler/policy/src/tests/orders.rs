use std::cmp::Reverse;

use bridge::Time;
use scaler_api::state::IntentReason;

use super::stage::{Stage, spec, uid};
use crate::VictimKey;
use crate::world::Node;

/// A bridge that nothing speaks for or against.
fn plain() -> VictimKey {
    VictimKey {
        operator: Reverse(false),
        never_started: Reverse(false),
        warm_surplus: Reverse(false),
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
    let table: [(&str, VictimKey); 12] = [
        ("operator mark", worse(|key| key.operator = Reverse(true))),
        (
            "never started",
            worse(|key| key.never_started = Reverse(true)),
        ),
        (
            "warm beyond the maximum",
            worse(|key| key.warm_surplus = Reverse(true)),
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
    for pair in table.windows(2) {
        assert!(pair[0].1 < pair[1].1, "{} before {}", pair[0].0, pair[1].0);
    }
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
        stage.world.observe_node(Node {
            name: name.to_owned(),
            zone: "a".to_owned(),
            ready: true,
            signals: std::collections::BTreeSet::new(),
        });
    }
    for (bridge, node) in [("b0", "one"), ("b1", "one"), ("b2", "two")] {
        stage.change(bridge, |object| object.pod.node = Some(node.to_owned()));
    }
    stage.scale(2);
    assert_eq!(*stage.decide().victims[0].key.uid, uid("b2"));
}

#[test]
fn the_most_capacity_is_taken_back_first_and_draining_before_warm() {
    let mut warm = spec(4);
    (warm.warm.min, warm.warm.max) = (1, 1);
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
