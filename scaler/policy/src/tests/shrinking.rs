use scaler_api::state::Intent;
use scaler_api::status::Reason;
use scaler_api::{Limit, State, annotations, labels};

use super::stage::{Stage, one_warm, secs, spec, wide};
use crate::effects;
use crate::plan::Transition as T;

#[test]
fn the_emptiest_bridge_goes_first() {
    let mut stage = Stage::new(spec(3));
    stage.people("b0", 40);
    stage.people("b1", 2);
    stage.people("b2", 40);
    stage.second();
    stage.scale(2);
    stage.second();
    assert_eq!(stage.marks("b1").intent, Intent::Drain);
    assert!(!stage.marks("b1").counted && stage.marks("b1").protected);
    assert_eq!(stage.marks("b1").deadline, Some(stage.now + secs(3600)));
    assert_eq!(stage.counted(), 2);
}

#[test]
fn the_floor_keeps_the_last_bridge_and_names_the_way_to_zero() {
    let mut stage = Stage::new(wide(3));
    stage.scale(0);
    stage.seconds(60);
    assert_eq!(stage.in_state(State::Active), 1);
    assert!(stage.finding(Reason::MinActive));
    stage.respec(|pool| pool.spec.min_active = 0);
    stage.seconds(60);
    assert!(stage.states().is_empty());
}

#[test]
fn few_drain_at_once() {
    let mut narrow = spec(8);
    narrow.drain.max_concurrent = Limit::Percent(25);
    let mut stage = Stage::new(narrow);
    stage.people_everywhere(4);
    stage.second();
    stage.scale(1);
    stage.seconds(30);
    assert_eq!(stage.in_state(State::Draining), 2);
    assert!(stage.finding(Reason::MaxConcurrent));
}

#[test]
fn what_another_leader_drains_counts_while_a_write_of_our_own_about_it_is_under_way() {
    let mut stage = Stage::new(spec(4));
    stage.restart("b3");
    stage.look();
    let plan = stage.decide();
    assert_eq!(plan.decisions[0].transition, T::Activate);
    effects(&mut stage.world, &plan, stage.now);
    stage.change("b3", |object| {
        let deadline = "2001-09-09T02:46:40Z".to_owned();
        object.labels.remove(labels::COUNTED.name());
        for (key, value) in [
            (annotations::INTENT.name(), "drain".to_owned()),
            (annotations::DEADLINE.name(), deadline),
        ] {
            object.annotations.insert(key.to_owned(), value);
        }
    });
    stage.scale(2);
    let plan = stage.decide();
    assert!(plan.decisions.is_empty(), "{:?}", plan.decisions);
    assert!(stage.finding(Reason::MaxConcurrent));
}

#[test]
fn a_pinned_bridge_is_left_alone() {
    let mut stage = Stage::new(wide(2));
    stage.people("b0", 50);
    stage.annotate("b1", "bridgetender.dev/pinned", Some("true"));
    stage.scale(1);
    stage.seconds(3);
    assert_eq!(stage.state("b1"), State::Active);
    assert_eq!(stage.state("b0"), State::Draining);
}

#[test]
fn nothing_is_drained_by_old_statistics() {
    let mut stage = Stage::new(wide(2));
    stage.actor("b0").answers = false;
    stage.actor("b1").answers = false;
    stage.seconds(11);
    stage.scale(1);
    stage.seconds(10);
    assert_eq!(stage.times(T::Drain), 0);
}

#[test]
fn a_young_bridge_is_left_alone() {
    let mut stage = Stage::new(wide(1));
    stage.scale(2);
    stage.seconds(10);
    stage.people("b0", 30);
    stage.second();
    stage.scale(1);
    stage.seconds(2);
    assert_eq!(stage.state("n1"), State::Active);
    assert_eq!(
        stage.state("b0"),
        State::Draining,
        "the old one, with people, all the same"
    );
}

#[test]
fn a_bridge_that_never_ran_goes_first_and_at_once() {
    let mut stage = Stage::new(spec(1));
    stage.boots = false;
    stage.scale(2);
    stage.seconds(2);
    stage.scale(1);
    stage.seconds(2);
    assert_eq!(stage.state("n1"), State::Gone);
    assert_eq!(stage.times(T::Drain), 0);
}

#[test]
fn two_of_five_bridges_unhealthy_are_no_outage() {
    let mut stage = Stage::new(wide(5));
    for name in ["b0", "b1"] {
        stage.actor(name).healthy = false;
    }
    stage.second();
    stage.scale(3);
    stage.seconds(20);
    assert!(stage.times(T::Drain) > 0);
}

#[test]
fn three_of_six_bridges_unhealthy_are_an_outage() {
    let mut stage = Stage::new(wide(6));
    for name in ["b0", "b1", "b2"] {
        stage.actor(name).healthy = false;
    }
    stage.second();
    stage.scale(3);
    stage.seconds(20);
    assert_eq!(stage.times(T::Drain), 0);
}

#[test]
fn an_api_server_is_silent_only_after_that_long() {
    for (beyond, drains) in [(0, 1), (1, 0)] {
        let mut stage = Stage::new(wide(2));
        stage.scale(1);
        stage.now += stage.world.tuning().watch_silence + std::time::Duration::from_millis(beyond);
        stage.look();
        stage.act();
        assert_eq!(stage.times(T::Drain), drains, "{beyond} ms beyond it");
    }
}

#[test]
fn what_a_drain_writes_does_not_rest_on_what_was_written_before() {
    let mut stage = Stage::new(wide(2));
    stage.people("b0", 50);
    stage.second();
    assert!(
        stage
            .marks("b1")
            .acked
            .as_ref()
            .is_some_and(|acked| acked.drain == Some(false))
    );
    stage.scale(1);
    stage.change("b1", |object| {
        let forged = "bridgetender.dev/zero-since".to_owned();
        object
            .annotations
            .insert(forged, "2020-01-01T00:00:00Z".to_owned());
    });
    stage.act();
    assert_eq!(stage.times(T::Drain), 1);
    let marks = stage.marks("b1");
    assert!(marks.protected && !marks.safe_to_evict && !marks.counted);
    assert_eq!(marks.acked.as_ref().unwrap().drain, None);
    assert_eq!(marks.zero_since, None);
}

#[test]
fn half_the_bridges_unhealthy_is_an_outage_and_drains_none() {
    let mut stage = Stage::new(wide(4));
    for name in ["b0", "b1"] {
        stage.actor(name).healthy = false;
    }
    stage.second();
    stage.scale(2);
    stage.seconds(20);
    assert_eq!(stage.times(T::Drain), 0);
    stage.actor("b0").healthy = true;
    stage.seconds(2);
    assert!(stage.times(T::Drain) > 0);
}

#[test]
fn a_silent_api_server_stops_everything_new() {
    let mut stage = Stage::new(wide(2));
    for _ in 0..200 {
        stage.now += secs(1);
        stage.look();
    }
    stage.scale(1);
    stage.act();
    assert_eq!(stage.times(T::Drain), 0);
    stage.world.hear(stage.now);
    stage.world.touch();
    stage.act();
    assert_eq!(stage.times(T::Drain), 1);
}

#[test]
fn nothing_new_is_begun_while_only_pods_are_heard_of() {
    let mut stage = Stage::new(wide(2));
    stage.now += secs(200);
    stage.world.hear_pods(stage.now);
    stage.look();
    stage.scale(1);
    stage.act();
    assert_eq!(stage.times(T::Drain), 0);
    stage.world.hear_pool(stage.now);
    stage.world.touch();
    stage.act();
    assert_eq!(stage.times(T::Drain), 1);
}

#[test]
fn a_paused_pool_keeps_up_what_was_begun_and_begins_nothing() {
    let mut stage = Stage::new(wide(3));
    stage.scale(2);
    stage.second();
    stage.respec(|pool| pool.spec.paused = true);
    stage.scale(1);
    stage.seconds(5);
    assert_eq!(stage.in_state(State::Settling), 1);
    let name = stage.only(State::Settling);
    stage.restart(&name);
    stage.seconds(60);
    assert!(stage.actor(&name).flags.drain, "drained anew");
    assert_eq!((stage.times(T::Remove), stage.times(T::Drain)), (0, 1));
}

/// Pools in which something is due: what it is, and the stage on which it is.
fn due() -> Vec<(T, Stage)> {
    let shrunk = |people| {
        let mut stage = Stage::one_too_many([9, people]);
        stage.seconds(3);
        stage
    };
    let short_of_one = |mut stage: Stage| {
        stage.scale(2);
        stage
    };
    let mut warm = Stage::new(one_warm(2));
    warm.people("b0", 9);
    warm.scale(1);
    warm.seconds(40);
    let mut overdue = spec(2);
    overdue.drain.deadline = scaler_api::Duration::from_secs(20);
    let mut overdue = Stage::one_too_many_of(overdue, [100, 3]);
    overdue.seconds(18);
    let mut removed = Stage::one_too_many([9, 0]);
    removed.until_decision(T::Remove);
    assert_eq!(removed.times(T::Remove), 1);
    let mut shut_down = Stage::one_too_many([9, 0]);
    shut_down.until_decided(T::ShutDown);
    let mut failing = Stage::new(spec(2));
    failing.restart("b1");
    failing.actor("b1").joined = false;
    failing.look();
    vec![
        (T::Create, short_of_one(Stage::new(spec(1)))),
        (T::Drain, Stage::one_too_many([9, 2])),
        (T::Remove, shrunk(0)),
        (T::ShutDown, removed),
        (T::Delete, shut_down),
        (T::Rescue, short_of_one(shrunk(2))),
        (T::Wake, short_of_one(warm)),
        (T::Expel, overdue),
        (T::StartFailed, failing),
    ]
}

#[test]
fn what_a_paused_pool_does_not_begin_it_begins_afterwards() {
    for (what, mut stage) in due() {
        let before = stage.log.len();
        let times = stage.times(what);
        stage.respec(|pool| pool.spec.paused = true);
        stage.seconds(660);
        let begun: Vec<T> = stage.log[before..]
            .iter()
            .map(|(_, transition, _)| *transition)
            .filter(|transition| !matches!(transition, T::Settle | T::Activate | T::Reassert))
            .collect();
        assert_eq!(begun, [], "while {what:?} is due");
        assert_eq!(
            stage.counted(),
            stage.world.pool().status.replicas,
            "{what:?}"
        );
        stage.respec(|pool| pool.spec.paused = false);
        stage.seconds(40);
        assert!(stage.times(what) > times, "{what:?} is not made up for");
    }
}

#[test]
fn a_dry_run_tells_and_does_nothing() {
    let mut dry = wide(2);
    dry.dry_run = true;
    let mut stage = Stage::new(dry);
    stage.scale(1);
    let plan = stage.decide();
    assert_eq!(plan.decisions.len(), 1);
    let requests = crate::effects(&mut stage.world, &plan, stage.now);
    assert!(
        requests
            .iter()
            .all(|request| matches!(request.call, crate::Call::PatchStatus { .. }))
    );
}

#[test]
fn an_operator_s_drain_is_made_good_and_can_be_called_off() {
    let mut stage = Stage::new(wide(2));
    stage.people("b0", 5);
    stage.people("b1", 5);
    stage.second();
    stage.annotate("b1", "bridgetender.dev/drain-requested", Some("true"));
    stage.seconds(5);
    assert_eq!(stage.state("b1"), State::Draining);
    assert_eq!(stage.in_state(State::Active), 2, "another one was started");
    stage.annotate("b1", "bridgetender.dev/drain-requested", None);
    stage.seconds(3);
    assert!(stage.life("b1").contains(&T::Rescue));
}

#[test]
fn a_drain_that_somebody_else_began_is_undone() {
    let mut stage = Stage::new(spec(1));
    stage.actor("b0").flags.drain = true;
    stage.seconds(2);
    assert!(!stage.actor("b0").flags.drain);
    assert_eq!(stage.times(T::Reassert), 1);
}

#[test]
fn a_forced_removal_does_not_wait_for_people() {
    let mut stage = Stage::new(spec(2));
    stage.people("b1", 7);
    stage.annotate("b1", "bridgetender.dev/force", Some("true"));
    stage.seconds(15);
    assert_eq!(stage.state("b1"), State::Gone);
    assert!(
        stage.life("b1").contains(&T::ShutDown),
        "so that jicofo moves them"
    );
}

#[test]
fn a_malformed_pod_is_left_alone_and_the_others_are_not() {
    let mut stage = Stage::new(wide(3));
    stage.annotate("b0", "bridgetender.dev/deadline", Some("tomorrow"));
    stage.scale(2);
    stage.seconds(60);
    assert_eq!(stage.objects.len(), 2);
    assert!(stage.objects.contains_key(&super::stage::uid("b0")));
    assert!(stage.finding(Reason::Malformed));
}

#[test]
fn a_bridge_that_does_not_answer_is_none_of_those_that_must_stay() {
    let mut stage = Stage::new(spec(2));
    stage.people("b0", 3);
    stage.people("b1", 9);
    stage.look();
    stage.actor("b1").answers = false;
    // Whoever leads next has never heard of it, and does not count on it either.
    stage.lead_anew();
    stage.scale(1);
    stage.seconds(5);
    assert_eq!(stage.times(T::Drain), 0);
    stage.actor("b1").answers = true;
    stage.seconds(5);
    assert_eq!(stage.times(T::Drain), 1);
}

/// Three bridges, of which one takes conferences, and two answer and do not yet.
fn two_starting(min_active: u32) -> Stage {
    let mut few = wide(3);
    few.min_active = min_active;
    let mut stage = Stage::new(few);
    for name in ["b1", "b2"] {
        stage.actor(name).healthy = false;
        stage.annotate(name, annotations::DRAIN_ACKED.name(), None);
    }
    stage.second();
    assert_eq!(stage.in_state(State::Starting), 2);
    stage
}

#[test]
fn one_that_is_starting_may_have_begun_to_take_conferences_and_the_floor_keeps_it() {
    for (min_active, drained) in [(1, 1), (2, 0)] {
        let mut stage = two_starting(min_active);
        stage.scale(2);
        stage.second();
        assert_eq!(stage.times(T::Drain), drained, "minActive {min_active}");
        assert_eq!(stage.finding(Reason::MinActive), drained == 0);
    }
}

#[test]
fn one_whose_label_was_taken_off_is_counted_again_before_it_is_drained_below_the_floor() {
    let mut few = wide(2);
    few.min_active = 2;
    let mut stage = Stage::new(few);
    // Until the controller sees it, the bridge is as the stranger left it, and its replacement does not come up meanwhile.
    stage.strict = false;
    stage.boots = false;
    stage.respec(|pool| pool.revision = "newer".to_owned());
    stage.change("b1", |object| {
        object.labels.remove(labels::COUNTED.name());
    });
    stage.seconds(2);
    assert_eq!(stage.times(T::Drain), 0);
    assert!(stage.marks("b1").counted);
}

#[test]
fn one_whose_counting_is_not_answered_stands_in_for_none_that_drains() {
    let mut stage = Stage::new(wide(3));
    stage.change("b2", |object| {
        object.labels.remove(labels::COUNTED.name());
    });
    let plan = stage.decide();
    assert_eq!(plan.decisions[0].transition, T::Count);
    effects(&mut stage.world, &plan, stage.now);
    stage.scale(2);
    let plan = stage.decide();
    assert!(plan.decisions.is_empty(), "{:?}", plan.decisions);
}
