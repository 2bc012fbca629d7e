use scaler_api::State;
use scaler_api::spec::{NodeSignal, OnDeadline};
use scaler_api::state::IntentReason;

use super::stage::{Stage, secs, spec};
use crate::plan::Transition as T;
use crate::world::Node;

/// These bridges are on a node that leaves.
pub(super) fn leaving(stage: &mut Stage, names: &[&str], signal: NodeSignal) {
    stage.world.observe_node(
        Node {
            name: "old".to_owned(),
            zone: "a".to_owned(),
            ready: true,
            signals: [signal].into(),
        },
        stage.now,
    );
    for name in names {
        stage.change(name, |object| object.pod.node = Some("old".to_owned()));
    }
}

/// So many bridges with people on each.
fn serving(bridges: u32) -> Stage {
    let mut stage = Stage::new(spec(bridges));
    stage.people_everywhere(4);
    stage.second();
    stage
}

/// Two bridges, of which the second drains with people on it.
fn draining() -> Stage {
    let mut stage = Stage::one_too_many([60, 6]);
    stage.seconds(3);
    stage
}

#[test]
fn bridges_of_a_leaving_node_drain_beyond_the_budget_and_are_replaced() {
    let mut stage = serving(5);
    leaving(&mut stage, &["b0", "b1", "b2"], NodeSignal::Karpenter);
    stage.seconds(3);
    assert_eq!(stage.times(T::Drain), 3);
    assert_eq!(stage.marks("b0").reason, IntentReason::NodeLeaving);
    assert!(stage.marks("b0").deadline.unwrap() <= stage.now + secs(600));
    assert_eq!(stage.times(T::Create), 3);
    assert_eq!(stage.counted(), 5);
}

#[test]
fn the_last_bridge_of_a_leaving_node_waits_for_its_replacement() {
    let mut stage = serving(1);
    stage.boots = false;
    leaving(&mut stage, &["b0"], NodeSignal::Cordon);
    stage.seconds(20);
    assert_eq!(stage.state("b0"), State::Active);
    assert_eq!(stage.times(T::Create), 1);
    assert!(!stage.marks("n1").counted, "born uncounted");
    assert_eq!(stage.counted(), 1);
    let mut stage = serving(1);
    leaving(&mut stage, &["b0"], NodeSignal::Cordon);
    stage.seconds(5);
    assert_eq!(stage.state("b0"), State::Draining);
    assert!(stage.marks("n1").counted);
    assert_eq!(stage.counted(), 1);
}

#[test]
fn people_on_interrupted_capacity_are_moved_within_seconds() {
    let mut stage = serving(2);
    leaving(&mut stage, &["b1"], NodeSignal::Interruption);
    stage.seconds(5);
    assert_eq!(stage.state("b1"), State::Expelling);
    assert_eq!(stage.times(T::ShutDown), 1);
}

#[test]
fn a_drain_gets_the_nearer_deadline_when_its_node_leaves() {
    let mut stage = draining();
    let before = stage.marks("b1").deadline.unwrap();
    leaving(&mut stage, &["b1"], NodeSignal::Karpenter);
    stage.seconds(3);
    let after = stage.marks("b1").deadline.unwrap();
    assert!(after < before);
    stage.seconds(30);
    assert_eq!(stage.marks("b1").deadline, Some(after));
}

#[test]
fn a_sign_that_is_not_heeded_is_none() {
    let mut spec = spec(2);
    spec.protect.node_signals = vec![NodeSignal::Interruption];
    let mut stage = Stage::new(spec);
    leaving(&mut stage, &["b1"], NodeSignal::Cordon);
    stage.seconds(5);
    assert_eq!(stage.times(T::Drain), 0);
}

#[test]
fn a_bridge_on_a_leaving_node_is_not_taken_back() {
    let mut stage = draining();
    leaving(&mut stage, &["b1"], NodeSignal::Cordon);
    stage.scale(2);
    stage.seconds(3);
    assert_eq!((stage.times(T::Rescue), stage.times(T::Create)), (0, 1));
}

#[test]
fn a_bridge_of_which_nothing_is_known_is_not_drained_below_the_floor() {
    let mut spec = spec(2);
    spec.min_active = 2;
    let mut stage = Stage::new(spec);
    stage.boots = false;
    stage.actor("b1").answers = false;
    stage.seconds(60);
    leaving(&mut stage, &["b1"], NodeSignal::Cordon);
    stage.seconds(10);
    assert_eq!(stage.times(T::Drain), 0);
}

#[test]
fn whoever_is_waited_for_is_moved_all_the_same_when_the_node_is_taken_away() {
    for (signal, state) in [
        (NodeSignal::Interruption, State::Expelling),
        (NodeSignal::Cordon, State::Draining),
    ] {
        let mut waits = spec(2);
        waits.drain.on_deadline = OnDeadline::Wait;
        waits.drain.node_deadline = scaler_api::Duration::from_secs(5);
        let mut stage = Stage::new(waits);
        stage.people_everywhere(4);
        stage.second();
        leaving(&mut stage, &["b1"], signal);
        stage.seconds(20);
        assert_eq!(stage.state("b1"), state, "{signal:?}");
    }
}

#[test]
fn of_several_signs_the_nearest_end_holds() {
    let mut stage = serving(2);
    leaving(&mut stage, &["b1"], NodeSignal::Cordon);
    stage.world.observe_node(
        Node {
            name: "old".to_owned(),
            zone: "a".to_owned(),
            ready: true,
            signals: [NodeSignal::Cordon, NodeSignal::Interruption].into(),
        },
        stage.now,
    );
    let drain = stage.until_written(T::Drain);
    assert_eq!(drain.reason, IntentReason::Interrupted);
}

#[test]
fn nobody_is_cut_off_sooner_because_a_node_leaves() {
    let mut kills = spec(2);
    kills.drain.on_deadline = OnDeadline::Kill;
    let mut stage = Stage::one_too_many_of(kills, [60, 6]);
    stage.seconds(3);
    let before = stage.marks("b1").clone();
    leaving(&mut stage, &["b1"], NodeSignal::Karpenter);
    stage.seconds(3);
    let after = stage.marks("b1");
    assert_eq!(
        (after.deadline, after.reason),
        (before.deadline, before.reason)
    );
}

#[test]
fn a_drain_that_an_operator_calls_off_goes_on_while_the_node_leaves() {
    let mut soon = spec(2);
    // The node's deadline is not the nearer one, so that the drain stays the operator's.
    soon.drain.deadline = scaler_api::Duration::from_mins(5);
    let mut stage = Stage::new(soon);
    stage.people_everywhere(4);
    let key = "bridgetender.dev/drain-requested";
    stage.annotate("b1", key, Some("true"));
    stage.seconds(3);
    assert_eq!(stage.marks("b1").reason, IntentReason::Operator);
    leaving(&mut stage, &["b1"], NodeSignal::Cordon);
    stage.annotate("b1", key, None);
    stage.seconds(3);
    assert_eq!(stage.times(T::Rescue), 0);
    assert_eq!(stage.state("b1"), State::Draining);
}

#[test]
fn a_bridge_that_must_go_and_waits_for_its_replacement_is_named_and_not_said_to_drain() {
    for by_node in [true, false] {
        let mut stage = serving(1);
        stage.boots = false;
        if by_node {
            leaving(&mut stage, &["b0"], NodeSignal::Cordon);
        } else {
            stage.annotate("b0", "bridgetender.dev/drain-requested", Some("true"));
        }
        // Between two starts that fail, too.
        for _ in 0..700 {
            stage.second();
            let told = stage.condition("ScalingLimited");
            assert_eq!(told.reason, "MinActive", "{}", told.message);
            assert!(told.message.contains("b0"), "{}", told.message);
            assert_ne!(stage.condition("Draining").reason, "NodeLeaving");
        }
        stage.boots = true;
        stage.until_in("b0", State::Draining);
        assert_eq!(stage.condition("ScalingLimited").status, "False");
        let told = stage.condition("Draining");
        assert!(told.message.contains("b0"), "{}", told.message);
    }
}
