use scaler_api::State;
use scaler_api::spec::OnDeadline;
use scaler_api::state::Intent;
use scaler_api::status::Reason;

use super::stage::{Stage, one_warm, secs, spec};
use crate::plan::Transition as T;
use crate::world::{Command, Running};
use crate::{Action, Call, Doubt, Outcome};

/// Two bridges, of which the second is to go.
fn one_too_many() -> Stage {
    Stage::one_too_many([8, 0])
}

/// Whether a bridge is told to shut down.
fn shuts_down(call: &Call) -> bool {
    matches!(
        call,
        Call::Bridge {
            command: Command::Shutdown,
            ..
        }
    )
}

#[test]
fn an_empty_bridge_goes_step_by_step() {
    let mut stage = one_too_many();
    stage.seconds(40);
    assert_eq!(
        stage.life("b1"),
        [
            T::Drain,
            T::Acknowledge,
            T::Settle,
            T::Remove,
            T::ShutDown,
            T::Delete
        ]
    );
    assert_eq!(stage.state("b1"), State::Gone);
    assert_eq!(stage.state("b0"), State::Active);
}

#[test]
fn it_settles_for_the_settle_time_and_two_presences_before_it_is_deleted() {
    let mut stage = one_too_many();
    stage.seconds(40);
    let at = |what| stage.when(what).unwrap();
    assert!(at(T::Remove).since(at(T::Settle)) >= secs(15));
    assert!(at(T::Delete).since(at(T::ShutDown)) >= secs(10));
    assert!(
        at(T::Delete).since(at(T::ShutDown)) < secs(60),
        "it would have left by itself"
    );
}

/// A bridge that is drained while nobody is on it, and to which this happens then, is not taken to be empty.
fn is_not_empty(happens: impl Fn(&mut Stage)) {
    let mut stage = one_too_many();
    stage.people("b0", 100);
    stage.second();
    happens(&mut stage);
    stage.seconds(600);
    assert_eq!(stage.state("b1"), State::Draining);
}

#[test]
fn a_bridge_with_people_is_not_removed() {
    is_not_empty(|stage| stage.people("b1", 1));
}

#[test]
fn a_bridge_with_relayed_conferences_alone_is_not_empty() {
    is_not_empty(|stage| stage.actor("b1").conferences = 1);
}

#[test]
fn a_bridge_that_does_not_say_how_many_people_it_has_is_not_empty() {
    is_not_empty(|stage| stage.actor("b1").people = None);
}

#[test]
fn a_bridge_that_has_left_its_brewery_is_not_empty() {
    is_not_empty(|stage| stage.actor("b1").joined = false);
}

#[test]
fn whoever_leads_next_knows_that_a_bridge_has_left_its_brewery() {
    is_not_empty(|stage| {
        stage.actor("b1").joined = false;
        stage.lead_anew();
    });
    // Whatever was wanted of it meanwhile.
    is_not_empty(|stage| {
        stage.scale(2);
        stage.second();
        assert_eq!(stage.times(T::Rescue), 1);
        stage.actor("b1").joined = false;
        stage.scale(1);
        stage.second();
        stage.lead_anew();
    });
}

#[test]
fn a_bridge_that_joins_its_brewery_again_settles_anew() {
    let mut stage = one_too_many();
    stage.seconds(10);
    assert_eq!(stage.state("b1"), State::Settling);
    stage.actor("b1").joined = false;
    stage.second();
    assert_eq!(stage.state("b1"), State::Draining);
    stage.seconds(600);
    stage.actor("b1").joined = true;
    stage.seconds(15);
    assert_eq!(stage.state("b1"), State::Settling);
    stage.seconds(3);
    assert_eq!(stage.state("b1"), State::Removing);
}

#[test]
fn a_bridge_that_was_never_in_a_brewery_is_removed_all_the_same() {
    let mut stage = one_too_many();
    stage.seconds(3);
    stage.restart("b1");
    stage.actor("b1").joined = false;
    stage.seconds(60);
    assert_eq!(stage.state("b1"), State::Gone);
}

#[test]
fn a_bridge_that_stops_answering_while_it_settles_begins_anew() {
    let mut stage = one_too_many();
    stage.seconds(10);
    assert_eq!(stage.state("b1"), State::Settling);
    stage.actor("b1").answers = false;
    stage.second();
    assert_eq!(stage.state("b1"), State::Draining);
    stage.seconds(600);
    assert_eq!(stage.state("b1"), State::Draining, "unknown is busy");
    stage.actor("b1").answers = true;
    stage.seconds(60);
    assert_eq!(stage.state("b1"), State::Gone);
}

#[test]
fn a_person_who_comes_while_it_settles_keeps_it() {
    let mut stage = one_too_many();
    stage.seconds(10);
    stage.people("b1", 1);
    stage.seconds(2);
    assert_eq!(stage.state("b1"), State::Draining);
}

#[test]
fn a_person_who_comes_after_the_decision_brings_it_back_protected() {
    let mut stage = one_too_many();
    stage.actor("b1").obeys = false;
    stage.second();
    stage.actor("b1").flags.drain = true;
    stage.until_in("b1", State::Removing);
    assert!(!stage.marks("b1").protected);
    stage.people("b1", 1);
    stage.seconds(2);
    assert_eq!(stage.state("b1"), State::Draining);
    assert!(stage.marks("b1").protected);
}

#[test]
fn a_person_who_comes_after_the_shutdown_is_moved_and_waited_for() {
    let mut stage = one_too_many();
    stage.until_decided(T::ShutDown);
    stage.people("b1", 1);
    stage.second();
    assert_eq!(stage.state("b1"), State::Expelling);
    assert!(stage.marks("b1").protected);
    assert_eq!(
        stage.times(T::Rescue),
        0,
        "there is no way back from a shutdown"
    );
}

#[test]
fn the_last_step_before_deletion_is_never_a_graceful_shutdown() {
    let mut stage = one_too_many();
    stage.seconds(40);
    let told: Vec<_> = stage
        .sent
        .iter()
        .filter(|request| shuts_down(&request.call))
        .map(|request| request.call.http("jicofo:8888").unwrap())
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].body(), br#"{"graceful-shutdown":false}"#);
}

#[test]
fn a_bridge_without_shutdown_is_deleted_all_the_same() {
    let mut stage = one_too_many();
    stage.until_in("b1", State::Removing);
    stage.actor("b1").obeys = false;
    stage.seconds(120);
    assert_eq!(stage.state("b1"), State::Gone);
}

#[test]
fn one_that_shuts_down_is_kept_until_jicofo_knows_however_short_its_time_to_obey_is() {
    for timeout in [1, 5, 75] {
        let mut stage = one_too_many();
        stage.respec(|pool| {
            pool.spec.drain.shutdown_timeout = scaler_api::Duration::from_secs(timeout);
        });
        stage.seconds(60);
        let at = |what| stage.when(what).unwrap();
        let known = stage.world.tuning().presence_interval * 2;
        assert!(at(T::Delete).since(at(T::ShutDown)) >= known, "{timeout} s");
    }
}

#[test]
fn a_bridge_that_has_no_way_to_shut_down_is_not_told_again_and_does_not_wait_for_it() {
    let mut stage = one_too_many();
    for _ in 0..30 {
        stage.tick();
        let plan = stage.decide();
        stage.carry_out(&plan, |request| {
            shuts_down(&request.call).then_some(crate::Outcome::Unsupported)
        });
    }
    let sent = stage.sent.iter();
    let told = sent.filter(|request| shuts_down(&request.call)).count();
    assert_eq!((told, stage.times(T::Delete)), (1, 1));
    let at = |what| stage.when(what).unwrap();
    assert!(at(T::Delete).since(at(T::ShutDown)) <= secs(1));
}

#[test]
fn more_than_half_of_the_busy_ones_that_fall_to_zero_are_an_outage() {
    for (bridges, fall, outage) in [(5, 3, true), (6, 3, false), (7, 4, true)] {
        let mut stage = Stage::new(spec(bridges));
        stage.people_everywhere(40);
        stage.people("b0", 4);
        stage.second();
        stage.scale(bridges - 1);
        stage.seconds(5);
        assert!(stage.state("b0").draining());
        for number in 0..fall {
            stage.people(&format!("b{number}"), 0);
        }
        stage.seconds(60);
        assert_eq!(
            stage.times(T::Remove) == 0,
            outage,
            "{fall} of {bridges} fall"
        );
    }
}

#[test]
fn a_restart_while_draining_voids_the_evidence_and_drains_anew() {
    let mut stage = one_too_many();
    stage.seconds(10);
    let deadline = stage.marks("b1").deadline;
    stage.restart("b1");
    let restarted = stage.now;
    stage.seconds(2);
    assert!(stage.life("b1").contains(&T::Redrain));
    assert_eq!(stage.marks("b1").deadline, deadline, "set once");
    let since = stage.marks("b1").zero_since;
    assert!(since.is_none_or(|since| since > restarted));
    stage.seconds(60);
    assert_eq!(stage.state("b1"), State::Gone);
}

#[test]
fn a_bridge_that_restarts_after_the_shutdown_is_not_deleted_on_old_evidence() {
    let mut stage = one_too_many();
    stage.until_decided(T::ShutDown);
    stage.restart("b1");
    stage.people("b1", 3);
    stage.seconds(60);
    assert_eq!(stage.state("b1"), State::Draining);
    assert!(stage.marks("b1").protected);
}

#[test]
fn a_bridge_whose_container_does_not_run_needs_no_look() {
    let mut stage = one_too_many();
    stage.people("b0", 100);
    stage.people("b1", 5);
    stage.seconds(5);
    stage.change("b1", |object| {
        object.pod.container.as_mut().unwrap().running = Running::Waiting;
    });
    stage.seconds(2);
    assert_eq!(stage.state("b1"), State::Gone);
}

#[test]
fn a_forged_annotation_proves_nothing() {
    let mut stage = one_too_many();
    stage.people("b0", 100);
    stage.people("b1", 2);
    stage.seconds(3);
    stage.annotate(
        "b1",
        "bridgetender.dev/zero-since",
        Some("2001-01-01T00:00:00Z"),
    );
    stage.seconds(60);
    assert_eq!(stage.state("b1"), State::Draining);
    assert_eq!(stage.marks("b1").zero_since, None);
}

#[test]
fn a_forged_removal_is_proven_anew() {
    let mut stage = Stage::new(spec(2));
    stage.people("b0", 5);
    stage.annotate("b0", "bridgetender.dev/intent", Some("remove"));
    stage.strict = false;
    stage.seconds(120);
    assert!(stage.marks("b0").protected && !stage.life("b0").contains(&T::Delete));
}

#[test]
fn a_deletion_names_version_and_uid_and_ages_with_its_evidence() {
    let mut stage = one_too_many();
    stage.seconds(40);
    let request = stage
        .sent
        .iter()
        .find(|request| matches!(request.call, Call::DeletePod { .. }))
        .unwrap();
    let Call::DeletePod {
        uid,
        resource_version,
        ..
    } = &request.call
    else {
        unreachable!()
    };
    assert_eq!(uid.0, "b1");
    assert!(resource_version.is_some());
    assert!(request.not_after <= request.at + secs(2));
}

#[test]
fn nothing_is_removed_while_jicofo_is_away() {
    let mut stage = one_too_many();
    stage
        .world
        .observe_jicofo(crate::world::Presence::Away(stage.now));
    stage.seconds(9);
    assert!(!stage.finding(Reason::NoAnswer), "it may just have begun");
    stage.seconds(111);
    assert_eq!(stage.state("b1"), State::Settling);
    assert!(stage.finding(Reason::NoAnswer));
    assert_eq!(stage.condition("JicofoAway").status, "True");
}

#[test]
fn many_bridges_that_fall_to_zero_at_once_are_an_outage() {
    let mut stage = Stage::new(spec(4));
    stage.people_everywhere(20);
    stage.second();
    stage.scale(3);
    stage.seconds(5);
    stage.people_everywhere(0);
    stage.seconds(60);
    assert_eq!(stage.times(T::Remove), 0);
    assert!(stage.finding(scaler_api::status::Reason::TooManyAtOnce));
    stage.seconds(120);
    assert_eq!(stage.times(T::Delete), 1, "the outage is over");
}

#[test]
fn drained_bridges_are_kept_warm_first() {
    let mut warm = one_warm(3);
    warm.drain.max_concurrent = scaler_api::Limit::Count(2);
    let mut stage = Stage::new(warm);
    stage.scale(1);
    stage.seconds(60);
    assert_eq!(stage.in_state(State::Warm), 1);
    assert_eq!(stage.in_state(State::Active), 1);
    assert_eq!(stage.times(T::Delete), 1);
    let name = stage.only(State::Warm);
    assert!(
        !stage.marks(&name).protected
            && !stage.marks(&name).counted
            && stage.marks(&name).safe_to_evict
    );
    stage.respec(|pool| pool.spec.warm = scaler_api::spec::Warm::default());
    stage.seconds(60);
    assert_eq!(stage.in_state(State::Warm), 0);
}

#[test]
fn a_person_on_a_warm_bridge_makes_it_a_draining_one() {
    let mut stage = Stage::new(one_warm(2));
    stage.scale(1);
    stage.seconds(60);
    let name = stage.only(State::Warm);
    stage.people(&name, 1);
    stage.second();
    assert!(stage.marks(&name).protected);
    assert_eq!(stage.marks(&name).intent, Intent::Drain);
}

#[test]
fn a_bridge_whose_marks_somebody_took_away_gets_them_back_and_none_is_started_for_it() {
    let mut stage = Stage::new(spec(2));
    stage.people("b0", 9);
    stage.people("b1", 2);
    stage.second();
    // Until the controller sees it, the bridge is as the stranger left it.
    stage.strict = false;
    stage.change("b1", |object| {
        object.labels.remove("bridgetender.dev/protected");
        object.labels.remove("bridgetender.dev/counted");
    });
    stage.seconds(3);
    let marks = stage.marks("b1");
    assert!(marks.protected && marks.counted, "{marks:?}");
    assert_eq!(stage.times(T::Create), 0);
}

#[test]
fn a_deletion_without_a_known_outcome_is_not_repeated_on_old_evidence() {
    let mut stage = one_too_many();
    for _ in 0..600 {
        if stage.times(T::Delete) > 0 {
            break;
        }
        stage.tick();
        let plan = stage.decide();
        stage.carry_out(&plan, |request| {
            matches!(request.call, Call::DeletePod { .. }).then_some(crate::Outcome::Unknown)
        });
    }
    assert_eq!(stage.times(T::Delete), 1);
    stage.people("b1", 4);
    let plan = stage.decide();
    assert!(
        plan.decisions
            .iter()
            .all(|decision| !matches!(decision.action, Action::Delete { .. })),
        "it is read first: {plan:?}"
    );
    stage.seconds(30);
    assert_eq!(
        stage.state("b1"),
        State::Expelling,
        "somebody came meanwhile"
    );
}

#[test]
fn a_new_run_is_told_to_shut_down_too_before_it_is_deleted() {
    let mut stage = one_too_many();
    stage.until_decided(T::ShutDown);
    // It left by itself before its pod was deleted, and came back drained by configuration.
    stage.restart("b1");
    stage.actor("b1").flags.drain = true;
    stage.seconds(120);
    assert_eq!(stage.state("b1"), State::Gone);
    let last = stage.life("b1");
    let redrained = last
        .iter()
        .rposition(|what| matches!(what, T::Redrain | T::Return));
    assert!(
        last[redrained.unwrap()..].contains(&T::ShutDown),
        "{last:?}"
    );
}

#[test]
fn a_removal_that_an_earlier_leader_began_long_ago_still_ends_with_a_shutdown() {
    let mut stage = one_too_many();
    stage.until_in("b1", State::Removing);
    stage.lead_anew();
    stage.now += secs(7200);
    // It believes none to be empty before it has watched for a while.
    stage.seconds(180);
    assert_eq!(stage.state("b1"), State::Gone);
    assert!(
        stage.life("b1").ends_with(&[T::ShutDown, T::Delete]),
        "{:?}",
        stage.life("b1")
    );
}

#[test]
fn protection_that_somebody_takes_away_is_put_back() {
    let mut stage = one_too_many();
    stage.people("b1", 3);
    stage.seconds(3);
    stage.strict = false;
    stage.change("b1", |object| {
        object.labels.remove("bridgetender.dev/protected");
        object
            .labels
            .insert("bridgetender.dev/counted".to_owned(), "true".to_owned());
        object.annotations.remove("bridgetender.dev/deadline");
    });
    stage.second();
    let marks = stage.marks("b1");
    assert!(marks.protected && !marks.counted && marks.deadline.is_some());
}

#[test]
fn a_shutdown_for_emptiness_ages_with_its_evidence_and_one_for_the_deadline_does_not() {
    let not_after = |stage: &Stage| {
        let told = |request: &&crate::Request| {
            let command = Command::Shutdown;
            matches!(&request.call, Call::Bridge { command: told, .. } if *told == command)
        };
        let request = stage.sent.iter().find(told).unwrap();
        request.not_after.since(request.at)
    };
    let mut stage = one_too_many();
    stage.seconds(40);
    assert_eq!(not_after(&stage), secs(2));
    let mut kill = spec(2);
    kill.drain.deadline = scaler_api::Duration::from_secs(20);
    kill.drain.on_deadline = scaler_api::spec::OnDeadline::Kill;
    let mut stage = Stage::one_too_many_of(kill, [100, 3]);
    stage.seconds(30);
    assert_eq!(not_after(&stage), stage.world.tuning().request_timeout);
}

#[test]
fn two_that_fall_to_zero_are_an_outage_only_where_fewer_than_two_others_are_busy() {
    for (bridges, others, removals) in [(5, 20, 1), (4, 20, 1), (5, 0, 0)] {
        let mut stage = Stage::new(spec(bridges));
        let fall = [bridges - 2, bridges - 1].map(|n| format!("b{n}"));
        stage.people_everywhere(others);
        stage.people(&fall[0], 5);
        stage.people(&fall[1], 2);
        stage.second();
        stage.scale(bridges - 1);
        stage.seconds(5);
        for name in &fall {
            stage.people(name, 0);
        }
        stage.seconds(60);
        assert_eq!(
            stage.times(T::Remove),
            removals,
            "{others} people on each of the others of {bridges}"
        );
    }
}

#[test]
fn a_new_leader_watches_for_as_long_as_an_outage_may_last_before_it_removes_anything() {
    let mut stage = one_too_many();
    stage.until_in("b1", State::Settling);
    stage.lead_anew();
    let begun = stage.now;
    let window = stage.world.tuning.mass_window;
    let doubt = |stage: &Stage| {
        let report = crate::report(&stage.world, stage.now);
        let mut bridges = report.bridges.into_iter();
        bridges.find(|one| one.name == "b1").unwrap().doubt
    };
    stage.seconds(window.as_secs() - 1);
    assert_eq!(stage.times(T::Remove), 0);
    assert_eq!(doubt(&stage), Some(Doubt::WatchedTooShortly));
    stage.until_decided(T::Remove);
    let since = stage.when(T::Remove).unwrap().since(begun);
    assert!(since >= window && since <= window + secs(2), "{since:?}");
}

#[test]
fn a_leader_that_stood_still_watches_anew_before_it_removes_anything() {
    for (still, watches_anew) in [(9, false), (10, true)] {
        let mut stage = one_too_many();
        stage.until_in("b1", State::Settling);
        stage.now += secs(still);
        let awake = stage.now;
        stage.until_decided(T::Remove);
        let since = stage.when(T::Remove).unwrap().since(awake);
        assert_eq!(since >= secs(120), watches_anew, "{still} s: {since:?}");
    }
}

#[test]
fn one_that_was_deaf_long_ago_is_told_anew_before_it_is_deleted() {
    let mut stage = one_too_many();
    stage.until_in("b1", State::Settling);
    stage.actor("b1").obeys = false;
    stage.until_decided(T::ShutDown);
    stage.seconds(30);
    // Something holds its removal back for longer than it is waited for.
    stage.actor("b1").joined = false;
    stage.seconds(120);
    assert_eq!(stage.times(T::Delete), 0);
    stage.actor("b1").joined = true;
    stage.actor("b1").obeys = true;
    let told = stage.times(T::ShutDown);
    stage.until_decided(T::Delete);
    assert!(stage.times(T::ShutDown) > told, "{:?}", stage.life("b1"));
}

#[test]
fn the_settle_time_lasts_from_when_it_was_written_down_that_nobody_is_left() {
    let mut stage = Stage::one_too_many([9, 0]);
    for _ in 0..30 {
        stage.tick();
        let plan = stage.decide();
        stage.carry_out(&plan, |request| match &request.call {
            Call::PatchPod { body, .. } => {
                let since = &body["metadata"]["annotations"]["bridgetender.dev/zero-since"];
                since.is_string().then_some(Outcome::Conflict)
            }
            _ => None,
        });
    }
    assert!(stage.times(T::Settle) > 1, "seen empty for long");
    assert_eq!(stage.marks("b1").zero_since, None);
    stage.until("it is written down", |stage| {
        stage.marks("b1").zero_since.is_some()
    });
    let since = stage.marks("b1").zero_since.unwrap();
    stage.until_decided(T::Remove);
    assert_eq!(stage.when(T::Remove), Some(since + secs(15)));
}

/// Two bridges, of which the second is to be removed for being empty when its node hangs. `told` is whether its shutdown is known.
fn hangs(on_deadline: OnDeadline, told: bool) -> Stage {
    let mut spec = spec(2);
    spec.drain.deadline = scaler_api::Duration::from_mins(10);
    spec.drain.on_deadline = on_deadline;
    let mut stage = Stage::one_too_many_of(spec, [9, 0]);
    stage.until_in("b1", State::Removing);
    if told {
        stage.second();
    }
    stage.actor("b1").answers = false;
    stage
}

#[test]
fn an_empty_bridge_whose_node_hangs_before_it_is_deleted_goes_by_its_deadline() {
    for (on_deadline, told) in [
        (OnDeadline::Move, false),
        (OnDeadline::Move, true),
        (OnDeadline::Kill, false),
    ] {
        let mut stage = hangs(on_deadline, told);
        stage.seconds(500);
        assert_eq!(stage.state("b1"), State::Removing, "unknown is busy");
        stage.seconds(1100);
        assert_eq!(stage.state("b1"), State::Gone, "{on_deadline:?} {told}");
        assert_eq!(stage.times(T::Return), 1);
    }
}

#[test]
fn an_empty_bridge_whose_node_hangs_waits_protected_where_deadlines_wait() {
    let mut stage = hangs(OnDeadline::Wait, false);
    stage.seconds(1600);
    assert_eq!(stage.state("b1"), State::Draining);
    assert!(stage.marks("b1").protected);
    assert!(stage.finding(Reason::DeadlineWait));
}

#[test]
fn a_warm_bridge_whose_node_hangs_before_it_is_deleted_gets_a_deadline() {
    let mut stage = Stage::one_too_many_of(one_warm(2), [9, 0]);
    stage.until_in("b1", State::Warm);
    stage.respec(|pool| (pool.spec.warm.min, pool.spec.warm.max) = (0, 0));
    stage.until_in("b1", State::Removing);
    stage.actor("b1").answers = false;
    stage.seconds(60);
    assert_eq!(stage.state("b1"), State::Draining);
    assert!(stage.marks("b1").deadline.is_some());
}
