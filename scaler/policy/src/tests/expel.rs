use std::collections::BTreeSet;

use bridge::stats::{Flags, StartupTime};
use scaler_api::State;
use scaler_api::spec::OnDeadline;
use scaler_api::state::IntentReason;
use scaler_api::status::Reason;

use super::stage::{START, Stage, secs, spec};
use crate::plan::Transition as T;
use crate::world::{Command, Presence, Room};
use crate::{Call, Outcome};

/// Two bridges; the second drains with people on it, and its deadline comes after a minute.
fn overdue(on_deadline: OnDeadline) -> Stage {
    let mut spec = spec(2);
    spec.drain.deadline = scaler_api::Duration::from_mins(1);
    spec.drain.on_deadline = on_deadline;
    let mut stage = Stage::one_too_many_of(spec, [50, 3]);
    stage.seconds(59);
    assert_eq!(stage.state("b1"), State::Draining);
    stage
}

#[test]
fn at_the_deadline_conferences_are_moved_one_by_one() {
    let mut stage = overdue(OnDeadline::Move);
    stage.seconds(3);
    assert_eq!(stage.state("b1"), State::Expelling);
    assert_eq!(stage.times(T::Move), 1);
    stage.people("b1", 0);
    stage.seconds(40);
    assert_eq!(stage.state("b1"), State::Gone);
}

#[test]
fn a_move_names_the_whole_conference() {
    let mut stage = overdue(OnDeadline::Move);
    stage.seconds(3);
    let call = &stage
        .sent
        .iter()
        .find(|request| matches!(request.call, Call::MoveRoom { .. }))
        .unwrap()
        .call;
    assert_eq!(
        call.http("jicofo:8888").unwrap().uri(),
        "http://jicofo:8888/move-endpoints/move-endpoints?bridge=b1&conference=room-b1&numEndpoints=3"
    );
}

#[test]
fn moves_are_two_seconds_apart() {
    let mut stage = overdue(OnDeadline::Move);
    let names: Vec<String> = (0..9).map(|n| format!("r{n}")).collect();
    let list: Vec<(&str, u64)> = names.iter().map(String::as_str).zip(1..).collect();
    let asked = asked(&mut stage, 30, Some(&list));
    let asked = asked.into_iter().filter(|(_, room)| room.is_some());
    let moved: Vec<_> = asked.map(|(at, _)| at).collect();
    assert!(moved.len() >= 8, "{moved:?}");
    assert!(
        moved
            .windows(2)
            .all(|pair| pair[1].since(pair[0]) >= secs(2))
    );
}

/// What jicofo is asked within so many seconds after the deadline, when this is its list: each with when it is asked,
/// `None` for the list itself.
fn asked(
    stage: &mut Stage,
    seconds: u64,
    list: Option<&[(&str, u64)]>,
) -> Vec<(bridge::Time, Option<String>)> {
    let rooms = list.map(|list| {
        let room = |(name, endpoints): &(&str, u64)| Room {
            name: (*name).to_owned(),
            endpoints: *endpoints,
        };
        let rooms: Vec<Room> = list.iter().map(room).collect();
        Outcome::Rooms([("b1".to_owned(), rooms)].into())
    });
    let before = stage.sent.len();
    for _ in 0..seconds {
        stage.tick();
        let plan = stage.decide();
        stage.carry_out(&plan, |request| {
            let list = matches!(request.call, Call::AskRooms);
            list.then(|| rooms.clone().unwrap_or(Outcome::Unknown))
        });
    }
    let sent = stage.sent[before..].iter();
    sent.filter_map(|request| {
        let at = request.at;
        match &request.call {
            Call::AskRooms => Some((at, None)),
            Call::MoveRoom { room, .. } => Some((at, Some(room.clone()))),
            _ => None,
        }
    })
    .collect()
}

#[test]
fn each_move_is_decided_by_a_list_of_after_the_one_before() {
    let mut stage = overdue(OnDeadline::Move);
    let asked = asked(
        &mut stage,
        12,
        Some(&[("nobody", 0), ("small", 1), ("large", 5)]),
    );
    let what: Vec<_> = asked.iter().map(|(_, room)| room.as_deref()).collect();
    assert_eq!(
        what[..6],
        [
            None,
            Some("small"),
            None,
            Some("large"),
            None,
            Some("small")
        ],
        "{asked:?}"
    );
    assert!(!what.contains(&Some("nobody")));
}

#[test]
fn a_list_that_does_not_come_is_asked_for_again_only_after_its_time_out() {
    let mut stage = overdue(OnDeadline::Move);
    let timeout = stage.world.tuning().request_timeout;
    let asked = asked(&mut stage, 3 * timeout.as_secs(), None);
    let times: Vec<_> = asked.iter().map(|(at, _)| *at).collect();
    assert!(times.len() >= 2, "{asked:?}");
    assert!(
        times
            .windows(2)
            .all(|pair| pair[1].since(pair[0]) > timeout),
        "{asked:?}"
    );
}

#[test]
fn of_two_bridges_past_their_deadlines_one_is_moved_at_a_time() {
    let mut spec = super::stage::wide(3);
    spec.drain.deadline = scaler_api::Duration::from_mins(1);
    let mut stage = Stage::new(spec);
    for (name, people) in [("b0", 50), ("b1", 3), ("b2", 4)] {
        stage.people(name, people);
    }
    stage.second();
    stage.scale(1);
    stage.seconds(75);
    let moves = stage
        .sent
        .iter()
        .filter(|request| matches!(request.call, Call::MoveRoom { .. }));
    let at: Vec<_> = moves.map(|request| request.at).collect();
    assert!(at.len() >= 2, "{at:?}");
    assert!(
        at.windows(2).all(|pair| pair[1].since(pair[0]) >= secs(2)),
        "{at:?}"
    );
}

#[test]
fn a_conference_that_refuses_to_leave_is_left_to_the_shutdown() {
    let mut stage = overdue(OnDeadline::Move);
    stage.seconds(30);
    assert_eq!(
        stage.times(T::Move),
        2,
        "asked twice, whatever jicofo answered"
    );
    assert_eq!(stage.times(T::ShutDown), 1);
    stage.people("b1", 0);
    stage.seconds(20);
    assert_eq!(stage.state("b1"), State::Gone);
}

/// How many seconds pass from this decision about the second bridge until its removal is decided.
fn until_removed(stage: &mut Stage, from: T) -> u64 {
    stage.until_decided(T::Remove);
    let at = |what| stage.when(what).unwrap();
    at(T::Remove).since(at(from)).as_secs()
}

#[test]
fn after_the_shutdown_two_presences_are_waited_for_or_the_last_person_or_its_time_out() {
    for (left, seconds) in [(0, 10..=12), (3, 75..=77)] {
        let mut stage = overdue(OnDeadline::Move);
        stage.until_decided(T::ShutDown);
        stage.people("b1", left);
        let after = until_removed(&mut stage, T::ShutDown);
        assert!(seconds.contains(&after), "{after} s with {left} people");
    }
}

#[test]
fn a_bridge_that_does_not_shut_down_goes_when_both_time_outs_are_over() {
    let mut stage = overdue(OnDeadline::Move);
    stage.actor("b1").obeys = false;
    let after = until_removed(&mut stage, T::Expel);
    assert_eq!(after, 5 * 60 + 75);
}

#[test]
fn nobody_is_moved_while_jicofo_is_away() {
    let mut stage = overdue(OnDeadline::Move);
    stage.world.observe_jicofo(Presence::Away(stage.now));
    stage.seconds(600);
    assert_eq!(stage.state("b1"), State::Draining);
    assert_eq!(stage.times(T::Move) + stage.times(T::ShutDown), 0);
}

#[test]
fn nobody_is_shut_down_while_jicofo_is_away() {
    let mut stage = overdue(OnDeadline::Move);
    stage.seconds(2);
    assert_eq!(stage.state("b1"), State::Expelling);
    stage.world.observe_jicofo(Presence::Away(stage.now));
    stage.seconds(600);
    assert_eq!(stage.times(T::ShutDown), 0);
    assert_eq!(stage.state("b1"), State::Expelling);
}

/// Nobody can be moved from now on, or again: jicofo is away, or the only other bridge is full.
fn movable(stage: &mut Stage, by_jicofo: bool, movable: bool) {
    if by_jicofo {
        stage.world.observe_jicofo(if movable {
            Presence::Here(BTreeSet::new())
        } else {
            Presence::Away(stage.now)
        });
    } else {
        stage.actor("b0").stress = if movable { 0.2 } else { 0.95 };
    }
}

#[test]
fn time_in_which_nobody_could_be_moved_does_not_count_against_people() {
    for by_jicofo in [true, false] {
        let mut stage = overdue(OnDeadline::Move);
        stage.seconds(2);
        assert_eq!(stage.state("b1"), State::Expelling);
        movable(&mut stage, by_jicofo, false);
        stage.seconds(1000);
        let moved = stage.times(T::Move);
        movable(&mut stage, by_jicofo, true);
        stage.seconds(12);
        assert_eq!(
            stage.state("b1"),
            State::Expelling,
            "by jicofo: {by_jicofo}"
        );
        assert!(stage.times(T::Move) > moved);
        stage.until_in("b1", State::Gone);
        assert_eq!(stage.times(T::ShutDown), 1);
    }
}

#[test]
fn whoever_leads_next_gives_people_the_whole_time_for_it_knows_of_none() {
    let mut stage = overdue(OnDeadline::Move);
    stage.actor("b1").obeys = false;
    stage.seconds(360);
    assert_eq!(stage.state("b1"), State::Expelling);
    stage.lead_anew();
    stage.seconds(290);
    assert_eq!(stage.state("b1"), State::Expelling);
}

#[test]
fn people_who_can_no_longer_be_moved_when_their_bridge_is_to_go_are_kept() {
    for by_jicofo in [true, false] {
        let mut stage = overdue(OnDeadline::Move);
        // It does not do as it is told, and so goes by the time-outs.
        stage.actor("b1").obeys = false;
        stage.until_in("b1", State::Removing);
        movable(&mut stage, by_jicofo, false);
        let told = stage.times(T::ShutDown);
        stage.seconds(600);
        assert_eq!(
            stage.state("b1"),
            State::Expelling,
            "by jicofo: {by_jicofo}"
        );
        assert!(stage.marks("b1").protected);
        assert_eq!(stage.times(T::ShutDown), told);
        movable(&mut stage, by_jicofo, true);
        stage.until_in("b1", State::Gone);
    }
}

#[test]
fn conferences_are_moved_to_the_end_off_a_bridge_that_has_no_way_to_shut_down() {
    let mut stage = overdue(OnDeadline::Move);
    let mut moved_at = None;
    while stage.state("b1") != State::Gone {
        stage.tick();
        let plan = stage.decide();
        stage.carry_out(&plan, |request| match request.call {
            Call::Bridge {
                command: Command::Shutdown,
                ..
            } => Some(Outcome::Unsupported),
            _ => None,
        });
        if plan.decisions.iter().any(|one| one.transition == T::Move) {
            moved_at = Some(stage.now);
        }
        assert!(stage.now.since(START) < secs(4000), "{:?}", stage.states());
    }
    let over = stage.when(T::Delete).unwrap();
    let attempts = stage.world.tuning().move_attempts as usize;
    assert_eq!(stage.times(T::Move), attempts);
    assert!(over.since(moved_at.unwrap()) < secs(400));
}

#[test]
fn nobody_is_moved_without_a_bridge_that_takes_them() {
    let mut stage = overdue(OnDeadline::Move);
    stage.actor("b0").stress = 0.95;
    stage.seconds(60);
    assert_eq!(stage.state("b1"), State::Draining);
    assert!(stage.finding(Reason::NoTarget));
    stage.actor("b0").stress = 0.2;
    stage.seconds(11);
    assert_eq!(stage.state("b1"), State::Expelling);
}

#[test]
fn without_a_jicofo_to_ask_the_shutdown_moves_them() {
    let mut stage = overdue(OnDeadline::Move);
    stage.world.observe_jicofo(Presence::NotWatched);
    stage.seconds(3);
    assert_eq!((stage.times(T::Move), stage.times(T::ShutDown)), (0, 1));
}

#[test]
fn wait_waits() {
    let mut stage = overdue(OnDeadline::Wait);
    stage.seconds(1000);
    assert_eq!(stage.state("b1"), State::Draining);
    assert!(stage.finding(Reason::DeadlineWait));
    stage.people("b1", 0);
    stage.seconds(40);
    assert_eq!(stage.state("b1"), State::Gone);
}

#[test]
fn kill_removes_whoever_is_there_and_tells_jicofo_first() {
    let mut stage = overdue(OnDeadline::Kill);
    stage.seconds(20);
    assert_eq!(stage.state("b1"), State::Gone);
    assert!(stage.life("b1").contains(&T::ShutDown));
    assert!(!stage.life("b1").contains(&T::Expel));
}

#[test]
fn no_deadline_is_acted_upon_while_clocks_differ() {
    let mut stage = overdue(OnDeadline::Kill);
    stage.world.observe_skew(3_600_000);
    stage.seconds(60);
    assert_eq!(stage.state("b1"), State::Draining);
    assert!(stage.finding(Reason::SkewTooLarge));
    stage.world.observe_skew(-500);
    stage.seconds(30);
    assert_eq!(stage.state("b1"), State::Gone);
}

#[test]
fn no_deadline_is_acted_upon_before_the_api_server_has_told_its_time() {
    let mut stage = overdue(OnDeadline::Kill);
    stage.world.skew = None;
    stage.seconds(60);
    assert_eq!(stage.state("b1"), State::Draining);
    assert!(stage.finding(Reason::SkewTooLarge));
    stage.world.observe_skew(0);
    stage.seconds(30);
    assert_eq!(stage.state("b1"), State::Gone);
}

#[test]
fn a_deadline_that_passed_in_an_outage_moves_and_does_not_cut() {
    let mut stage = overdue(OnDeadline::Move);
    stage.now += secs(3600);
    stage.seconds(3);
    assert_eq!(stage.state("b1"), State::Expelling);
    assert_eq!(stage.times(T::Delete), 0);
}

#[test]
fn a_bridge_that_does_not_answer_goes_only_after_deadline_and_time_outs() {
    let mut stage = overdue(OnDeadline::Move);
    stage.actor("b1").answers = false;
    stage.seconds(300);
    assert_eq!(stage.state("b1"), State::Expelling);
    stage.seconds(200);
    assert_eq!(stage.state("b1"), State::Gone);
}

#[test]
fn an_edited_deadline_holds_for_new_drains_only() {
    let mut stage = overdue(OnDeadline::Move);
    let before = stage.marks("b1").deadline;
    stage.respec(|pool| pool.spec.drain.deadline = scaler_api::Duration::from_hours(5));
    stage.seconds(2);
    assert_eq!(stage.marks("b1").deadline, before);
    assert_eq!(stage.marks("b1").reason, IntentReason::DeadlinePassed);
}

#[test]
fn what_is_written_down_is_by_the_api_server_s_clock() {
    let mut stage = Stage::new(spec(2));
    stage.people("b0", 50);
    stage.people("b1", 3);
    // This controller's clock is an hour behind.
    stage.world.observe_skew(-3_600_000);
    stage.second();
    stage.scale(1);
    stage.seconds(2);
    let marks = stage.marks("b1");
    let server = stage.now + secs(3600);
    assert!(marks.since <= server && server.since(marks.since) < secs(5));
    assert_eq!(marks.deadline, Some(marks.since + secs(3600)));
}

/// Whoever answers at the address of `b1` is another bridge from now on, which is in use and does not drain.
fn taken_over(stage: &mut Stage) {
    let now = stage.now;
    let actor = stage.actor("b1");
    actor.startup = StartupTime(now);
    actor.flags = Flags::default();
    actor.people = Some(5);
    // Its own pool sees to it.
    actor.obeys = false;
}

#[test]
fn nobody_is_shut_down_who_only_answers_at_the_address_and_the_pod_goes_all_the_same() {
    for (on_deadline, presence) in [
        (OnDeadline::Kill, None),
        (OnDeadline::Move, None),
        (OnDeadline::Move, Some(Presence::NotWatched)),
    ] {
        let mut stage = overdue(on_deadline);
        if let Some(presence) = presence {
            stage.world.observe_jicofo(presence);
        }
        taken_over(&mut stage);
        stage.until_in("b1", State::Gone);
        assert_eq!(stage.times(T::ShutDown), 0, "{on_deadline:?}");
    }
}

#[test]
fn a_bridge_that_restarts_past_its_deadline_is_drained_before_it_is_shut_down() {
    let mut stage = overdue(OnDeadline::Kill);
    stage.restart("b1");
    stage.until_in("b1", State::Gone);
    let life = stage.life("b1");
    let first = |what| life.iter().position(|one| *one == what);
    assert!(first(T::Redrain) < first(T::ShutDown), "{life:?}");
    assert!(life.ends_with(&[T::ShutDown, T::Delete]), "{life:?}");
}

#[test]
fn a_bridge_that_does_not_answer_is_not_shut_down_unseen() {
    let mut stage = overdue(OnDeadline::Kill);
    stage.actor("b1").answers = false;
    stage.now += secs(11);
    stage.seconds(2);
    assert_eq!(stage.state("b1"), State::Removing);
    stage.until_in("b1", State::Gone);
    assert_eq!(stage.times(T::ShutDown), 0);
}

#[test]
fn of_two_bridges_at_one_address_the_older_one_is_told_nothing_that_cannot_be_undone() {
    let mut stage = overdue(OnDeadline::Kill);
    stage.change("b0", |object| {
        object.pod.authority = Some("b1:8080".to_owned());
    });
    stage.until_in("b1", State::Gone);
    assert_eq!(stage.times(T::ShutDown), 0);
}
