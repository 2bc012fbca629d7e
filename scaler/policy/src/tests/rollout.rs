use std::collections::BTreeSet;

use scaler_api::spec::NodeSignal;
use scaler_api::status::Reason;
use scaler_api::{Limit, State};

use super::lost::node;
use super::nodes::leaving;
use super::stage::{Stage, spec};
use crate::plan::Transition as T;
use crate::world::Command;
use crate::{Call, Request};

#[test]
fn a_replacement_is_born_uncounted_and_counted_when_an_old_bridge_is_not() {
    let mut stage = Stage::outdated(3);
    let mut most = 0;
    for _ in 0..10 {
        stage.second();
        most = most.max(stage.counted());
        assert_eq!(stage.counted(), 3);
    }
    assert_eq!(most, 3);
    assert!(stage.times(T::Count) >= 1);
    assert_eq!(stage.times(T::Count), stage.times(T::Drain));
}

#[test]
fn an_old_bridge_drains_only_when_the_new_one_takes_conferences() {
    let mut stage = Stage::outdated(2);
    stage.boots = false;
    stage.seconds(60);
    assert_eq!(stage.times(T::Create), 1);
    assert_eq!(stage.times(T::Drain), 0);
}

#[test]
fn a_rollout_ends_with_new_bridges_alone() {
    let mut stage = Stage::outdated(4);
    for _ in 0..600 {
        stage.second();
        for number in 0..4 {
            let name = format!("b{number}");
            if stage.state(&name) == State::Draining {
                stage.people(&name, 0);
            }
        }
    }
    assert_eq!(stage.in_state(State::Active), 4);
    assert!(
        stage
            .world
            .pods()
            .values()
            .all(|known| known.pod.marks.as_ref().unwrap().revision == "new")
    );
    assert_eq!(stage.times(T::Delete), 4);
}

#[test]
fn a_bad_image_stops_the_rollout_and_drains_nobody() {
    let mut stage = Stage::outdated(3);
    stage.boots = false;
    stage.seconds(1900);
    assert_eq!(stage.times(T::Drain), 0);
    assert_eq!(stage.in_state(State::Active), 3);
    assert!(stage.finding(Reason::ProgressDeadline));
    assert!(stage.times(T::Create) <= 4);
}

#[test]
fn a_paused_update_replaces_nothing_and_rescues_the_old() {
    let mut stage = Stage::outdated(3);
    stage.respec(|pool| pool.spec.update.paused = true);
    stage.seconds(30);
    assert_eq!(stage.times(T::Create) + stage.times(T::Drain), 0);
    stage.scale(2);
    stage.seconds(3);
    stage.scale(3);
    stage.seconds(3);
    assert_eq!((stage.times(T::Rescue), stage.times(T::Create)), (1, 0));
}

#[test]
fn a_replacement_that_nothing_waits_for_any_more_is_drained() {
    let mut stage = Stage::outdated(2);
    stage.boots = false;
    stage.seconds(2);
    assert_eq!(stage.in_state(State::Pending), 1);
    stage.respec(|pool| pool.revision = "old".to_owned());
    stage.seconds(5);
    assert_eq!(stage.in_state(State::Pending), 0);
    assert_eq!(stage.in_state(State::Active), 2);
}

#[test]
fn an_outdated_bridge_that_never_ran_makes_room_at_once() {
    let mut stage = Stage::new(spec(1));
    stage.boots = false;
    stage.scale(2);
    stage.seconds(2);
    stage.respec(|pool| pool.revision = "newer".to_owned());
    stage.boots = true;
    stage.seconds(5);
    assert_eq!(stage.state("n1"), State::Gone);
}

#[test]
fn no_old_bridge_drains_while_many_are_out_of_order() {
    let mut stage = Stage::outdated(3);
    for name in ["b0", "b1"] {
        stage.actor(name).healthy = false;
    }
    stage.seconds(30);
    assert_eq!(stage.state("n1"), State::Active, "its replacement is there");
    assert_eq!((stage.times(T::Count), stage.times(T::Drain)), (0, 0));
    for name in ["b0", "b1"] {
        stage.actor(name).healthy = true;
    }
    stage.seconds(2);
    assert_eq!((stage.times(T::Count), stage.times(T::Drain)), (1, 1));
}

#[test]
fn a_revision_that_does_not_come_up_is_tried_again_one_bridge_at_a_time() {
    let mut stage = Stage::outdated(4);
    stage.respec(|pool| pool.spec.update.max_surge = Limit::Count(3));
    stage.boots = false;
    stage.seconds(5);
    assert_eq!(stage.in_state(State::Pending), 3);
    stage.seconds(590);
    stage.until_decided(T::StartFailed);
    for _ in 0..300 {
        stage.second();
        assert!(stage.in_state(State::Pending) <= 1, "{:?}", stage.states());
    }
    assert_eq!(stage.times(T::Create), 4);
}

#[test]
fn a_new_bridge_that_is_out_of_sight_replaces_none() {
    let mut stage = Stage::outdated(3);
    let healthy = |stage: &mut Stage, healthy| {
        for name in ["b0", "b1"] {
            stage.actor(name).healthy = healthy;
        }
    };
    // It comes up while nothing may be drained, and is out of sight when it may.
    healthy(&mut stage, false);
    stage.seconds(20);
    assert_eq!(stage.state("n1"), State::Active);
    stage.actor("n1").answers = false;
    stage.seconds(40);
    healthy(&mut stage, true);
    stage.seconds(20);
    assert_eq!((stage.times(T::Count), stage.times(T::Drain)), (0, 0));
    stage.actor("n1").answers = true;
    stage.seconds(2);
    assert_eq!((stage.times(T::Count), stage.times(T::Drain)), (1, 1));
}

#[test]
fn a_pinned_bridge_is_not_replaced_although_its_node_leaves() {
    let mut stage = Stage::new(spec(1));
    stage.people("b0", 4);
    leaving(&mut stage, &["b0"], NodeSignal::Cordon);
    stage.second();
    assert_eq!(stage.state("n1"), State::Starting, "its replacement");
    stage.annotate("b0", "bridgetender.dev/pinned", Some("true"));
    stage.seconds(10);
    assert_eq!(stage.times(T::Count), 0);
    assert_eq!(stage.state("b0"), State::Active);
    assert_eq!(stage.life("n1").last(), Some(&T::Settle), "it goes");
}

#[test]
fn a_rollout_goes_on_when_its_replacement_is_lost_before_it_is_counted() {
    let mut stage = Stage::outdated(3);
    for name in ["b0", "b1"] {
        stage.actor(name).healthy = false;
    }
    stage.seconds(20);
    assert_eq!(stage.state("n1"), State::Active, "waits uncounted");
    stage.actor("n1").answers = false;
    node(&mut stage, "n1", false);
    stage.seconds(40);
    for name in ["b0", "b1"] {
        stage.actor(name).healthy = true;
    }
    stage.seconds(600);
    assert!(stage.times(T::Drain) >= 1, "{:?}", stage.states());
}

#[test]
fn a_revision_whose_bridges_come_up_hidden_and_join_no_brewery_is_not_taken_for_a_good_one() {
    let mut stage = Stage::outdated(4);
    stage.respec(|pool| pool.spec.update.max_surge = Limit::Count(3));
    let mut tried = BTreeSet::new();
    for _ in 0..2600 {
        stage.second();
        // The password of the brewery is wrong, and bridges of the pool begin hidden.
        let new: Vec<String> = stage.actors.keys().map(ToString::to_string).collect();
        for name in new.into_iter().filter(|name| name.starts_with('n')) {
            if tried.insert(name.clone()) {
                let actor = stage.actor(&name);
                (actor.joined, actor.flags.drain) = (false, true);
            }
        }
        if stage.times(T::StartFailed) > 0 {
            assert!(stage.in_state(State::Starting) <= 1, "one at a time");
            assert!(stage.finding(Reason::ProgressDeadline));
        }
    }
    assert!(
        stage.times(T::StartFailed) >= 5,
        "three, and then one by one"
    );
    assert!(stage.sent.iter().any(undrains), "they are told to serve");
    let starts = stage.world.memory().starts["new"];
    assert_eq!(starts.failures as usize, stage.times(T::StartFailed));
    assert_eq!(stage.times(T::Drain), 0, "the old ones stay");
}

fn undrains(request: &Request) -> bool {
    matches!(
        request.call,
        Call::Bridge {
            command: Command::Undrain,
            ..
        }
    )
}
