use std::time::Duration;

use crate::world::backoff;

use super::stage::{Stage, secs, spec};
use crate::plan::Transition as T;

#[test]
fn a_pause_doubles_up_to_its_most() {
    let pause = |failures| backoff(secs(10), secs(300), failures).as_secs();
    assert_eq!(
        [0, 1, 2, 3, 5, 6, 7, 99, u32::MAX].map(pause),
        [10, 10, 20, 40, 160, 300, 300, 300, 300]
    );
}

#[test]
fn a_command_that_is_not_followed_is_given_again_ever_later() {
    let mut stage = Stage::new(spec(2));
    stage.people("b0", 9);
    stage.actor("b1").obeys = false;
    stage.scale(1);
    stage.seconds(60);
    let told: Vec<_> = stage
        .log
        .iter()
        .filter(|(_, what, _)| *what == T::Acknowledge)
        .map(|(at, ..)| *at)
        .collect();
    let pauses: Vec<Duration> = told.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert!((4..=8).contains(&told.len()), "{pauses:?}");
    assert!(pauses.is_sorted(), "{pauses:?}");
}

#[test]
fn nothing_is_decided_while_nothing_happens() {
    let mut stage = Stage::new(spec(3));
    stage.seconds(2);
    assert!(stage.world.quiet(stage.now));
    let plan = stage.decide();
    assert_eq!((plan.tally, plan.decisions.len()), (None, 0));
    assert!(plan.wake > stage.now);
    assert!(!stage.world.quiet(plan.wake));
}

#[test]
fn a_serving_bridge_that_says_what_it_said_before_changes_nothing() {
    let mut stage = Stage::new(spec(3));
    stage.people("b0", 3);
    stage.seconds(2);
    stage.people("b0", 5);
    stage.look();
    assert!(
        stage.world.quiet(stage.now),
        "people come and go without a decision"
    );
    stage.actor("b0").healthy = false;
    stage.look();
    assert!(!stage.world.quiet(stage.now));
}

#[test]
fn what_changes_between_plan_and_requests_is_not_lost() {
    let mut stage = Stage::new(spec(3));
    let plan = stage.decide();
    stage.scale(4);
    crate::effects(&mut stage.world, &plan, stage.now);
    assert!(!stage.world.quiet(stage.now));
}
