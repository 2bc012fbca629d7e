//! Bridges that are kept warm, and what brings a bridge back that was to go.

use std::time::Duration;

use scaler_api::spec::NodeSignal;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::{Limit, State};

use super::nodes::leaving;
use super::stage::{START, Stage, one_warm, secs, wide};
use crate::Action;
use crate::plan::Transition as T;

/// A bridge that serves and one that is kept warm, and the name of that one.
fn one_spare() -> (Stage, String) {
    let mut stage = Stage::new(one_warm(2));
    stage.people("b0", 9);
    stage.scale(1);
    stage.seconds(60);
    let name = stage.only(State::Warm);
    (stage, name)
}

#[test]
fn a_spare_may_be_evicted_and_has_no_deadline() {
    let mut stage = Stage::new(one_warm(2));
    stage.scale(1);
    let marks = stage.until_written(T::KeepWarm);
    assert!(!marks.protected && marks.safe_to_evict && !marks.counted);
    assert_eq!(marks.deadline, None);
}

#[test]
fn of_two_that_are_empty_at_once_one_is_kept_as_a_spare() {
    let mut spec = wide(3);
    (spec.warm.min, spec.warm.max) = (1, 1);
    let mut stage = Stage::new(spec);
    stage.people("b0", 9);
    stage.scale(1);
    stage.seconds(60);
    assert_eq!((stage.times(T::KeepWarm), stage.times(T::Delete)), (1, 1));
}

#[test]
fn a_spare_to_which_somebody_came_is_protected_and_has_a_deadline() {
    let (mut stage, name) = one_spare();
    stage.people(&name, 1);
    let marks = stage.until_written(T::Return);
    assert!(marks.protected && !marks.safe_to_evict);
    assert!(marks.deadline.is_some());
    assert_eq!((marks.intent, marks.zero_since), (Intent::Drain, None));
}

#[test]
fn a_spare_goes_for_each_reason_alone() {
    type Happens = fn(&mut Stage, &str);
    let reasons: [(&str, Happens); 5] = [
        ("too many", |stage, _| {
            stage.respec(|pool| pool.spec.warm = scaler_api::spec::Warm::default());
        }),
        ("outdated", |stage, _| {
            stage.respec(|pool| {
                pool.revision = "newer".to_owned();
                pool.spec.update.paused = true;
            });
        }),
        ("its node leaves", |stage, name| {
            leaving(stage, &[name], NodeSignal::Karpenter);
        }),
        ("an operator asks for it", |stage, name| {
            stage.annotate(name, "bridgetender.dev/drain-requested", Some("true"));
        }),
        ("the pool is deleted", |stage, _| {
            let now = stage.now;
            stage.respec(|pool| pool.deletion = Some(now));
        }),
    ];
    for (why, happens) in reasons {
        let (mut stage, name) = one_spare();
        happens(&mut stage, &name);
        stage.seconds(60);
        assert_eq!(stage.state(&name), State::Gone, "{why}");
    }
    let (mut stage, name) = one_spare();
    stage.seconds(60);
    assert_eq!(stage.state(&name), State::Warm);
}

/// A bridge that is to be removed, and has people on the other one beside it.
fn removing() -> Stage {
    let mut stage = Stage::one_too_many([9, 0]);
    stage.until_written(T::Remove);
    stage
}

#[test]
fn one_to_which_somebody_came_at_last_drains_again_by_its_old_deadline() {
    let mut stage = removing();
    let deadline = stage.marks("b1").deadline;
    stage.people("b1", 1);
    let marks = stage.until_written(T::Return);
    assert!(marks.protected && !marks.safe_to_evict);
    assert_eq!((marks.deadline, marks.zero_since), (deadline, None));
    let is = (marks.intent, marks.reason);
    assert!(
        matches!(
            is,
            (Intent::Drain, IntentReason::ScaleDown)
                | (Intent::Expel, IntentReason::DeadlinePassed)
        ),
        "{is:?}"
    );
}

#[test]
fn one_that_was_told_to_shut_down_has_its_people_moved_instead() {
    let mut stage = removing();
    stage.until_decided(T::ShutDown);
    stage.second();
    stage.people("b1", 1);
    let marks = stage.until_written(T::Return);
    assert_eq!(
        (marks.intent, marks.reason),
        (Intent::Expel, IntentReason::DeadlinePassed)
    );
}

#[test]
fn one_with_a_relayed_conference_alone_comes_back_too() {
    let mut stage = removing();
    stage.actor("b1").conferences = 1;
    stage.until_written(T::Return);
}

#[test]
fn one_that_was_started_anew_comes_back_until_it_has_confirmed_its_drain() {
    let mut stage = removing();
    stage.restart("b1");
    let marks = stage.until_written(T::Return);
    assert_eq!(
        (marks.intent, marks.reason),
        (Intent::Drain, IntentReason::ScaleDown)
    );
}

#[test]
fn a_spare_that_was_to_go_gets_a_deadline_when_somebody_comes() {
    let (mut stage, name) = one_spare();
    stage.respec(|pool| pool.spec.warm = scaler_api::spec::Warm::default());
    stage.until_written(T::Remove);
    assert_eq!(stage.marks(&name).deadline, None);
    stage.people(&name, 1);
    assert!(stage.until_written(T::Return).deadline.is_some());
}

#[test]
fn a_deletion_must_leave_while_its_last_look_is_fresh() {
    let mut stage = removing();
    let deletion = stage.until_decision(T::Delete);
    let Action::Delete { not_after, .. } = deletion.action else {
        panic!("{deletion:?}");
    };
    let fresh = stage.world.pool().spec.evidence.removal_freshness.get();
    assert!(fresh > secs(0));
    assert_eq!(not_after, Some(deletion.evidence.look.unwrap().at + fresh));
}

#[test]
fn an_outdated_bridge_is_not_kept_as_a_spare() {
    let mut spec = one_warm(2);
    spec.update.paused = true;
    let mut stage = Stage::new(spec);
    stage.people("b0", 9);
    stage.respec(|pool| pool.revision = "newer".to_owned());
    stage.scale(1);
    stage.seconds(60);
    assert_eq!((stage.times(T::KeepWarm), stage.times(T::Delete)), (0, 1));
}

#[test]
fn replacements_that_nothing_waits_for_drain_within_the_budget() {
    let mut spec = wide(2);
    spec.drain.max_concurrent = Limit::Count(1);
    let mut stage = Stage::new(spec);
    let since = START - Duration::from_hours(1);
    for name in ["s0", "s1", "s2"] {
        stage.active(name, "new");
        let mut marks = stage.marks(name).clone();
        (marks.counted, marks.reason) = (false, IntentReason::Surge);
        stage.put(name, &marks, since);
    }
    stage.people_everywhere(4);
    stage.seconds(10);
    assert_eq!(stage.times(T::Drain), 1);
    assert_eq!(stage.in_state(State::Active), 4);
}
