use bridge::model::{BridgeConfig, JicofoConfig, Jitsi, Stop};
use bridge::{Source, reply, request};
use proptest::prelude::*;

use super::*;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(seconds: u64) -> Time {
    Time::from_millis(0) + Duration::from_secs(seconds)
}

/// Five minutes of grace: people may finish for 225 s, and whoever waits gives up after 295 s.
const TIMES: Times = Times {
    grace: seconds(300),
    shutting_down_delay: seconds(60),
    margin: seconds(15),
    settle: seconds(6),
};

const BUSY: Sight = Sight {
    startup: Some(StartupTime(Time::from_millis(1))),
    state: State::Accepting,
    is_drained: false,
    people: Some(3),
    conferences: Some(1),
    has_joined: true,
};

fn heard(state: State, people: u64) -> Look {
    Look::Heard(Sight {
        state,
        people: Some(people),
        conferences: Some(people.min(1)),
        ..BUSY
    })
}

/// The steps of an end that began at 0, after each of these looks at its second.
fn steps(times: Times, looks: &[(u64, Look)]) -> Vec<Step> {
    let mut ending = Ending::new(times, at(0), false);
    let step = |(second, look): &(u64, Look)| {
        ending.hear(look, at(*second));
        ending.step(at(*second))
    };
    looks.iter().map(step).collect()
}

const fn order(order: Order) -> Step {
    Step {
        order: Some(order),
        end: None,
    }
}

const NOTHING: Step = Step {
    order: None,
    end: None,
};

const fn end(end: End) -> Step {
    Step {
        order: None,
        end: Some(end),
    }
}

#[test]
fn it_drains_at_once_whatever_is_known_of_the_bridge() {
    let ending = Ending::new(TIMES, at(0), false);
    assert_eq!(ending.step(at(0)), order(Order::Drain));
    let looks = [(0, heard(State::Accepting, 3)), (1, Look::Silent)];
    assert_eq!(steps(TIMES, &looks), [order(Order::Drain); 2]);
}

#[test]
fn people_may_finish_and_then_nobody_waits_any_longer() {
    let looks = [
        (0, heard(State::Accepting, 3)),
        (1, heard(State::Draining, 3)),
        (100, heard(State::Draining, 1)),
        (200, heard(State::Draining, 0)),
    ];
    let expected = [order(Order::Drain), NOTHING, NOTHING, end(End::Empty)];
    assert_eq!(steps(TIMES, &looks), expected);
}

#[test]
fn who_has_not_finished_is_moved_in_time_for_the_bridge_to_leave_by_itself() {
    let looks = [
        (1, heard(State::Draining, 3)),
        (224, heard(State::Draining, 3)),
        (225, heard(State::Draining, 3)),
        (226, Look::Silent),
        (227, heard(State::ShuttingDown, 3)),
        (228, heard(State::ShuttingDown, 0)),
    ];
    let expected = [
        NOTHING,
        NOTHING,
        order(Order::ShutDown),
        order(Order::ShutDown),
        NOTHING,
        end(End::Empty),
    ];
    assert_eq!(steps(TIMES, &looks), expected);
}

fn hidden(run: i64, since: u64) -> Hidden {
    Hidden {
        startup_time: StartupTime(Time::from_millis(run)),
        since: at(since),
    }
}

#[test]
fn an_empty_bridge_that_has_long_been_hidden_is_let_go_at_once() {
    for state in [State::Draining, State::ShuttingDown] {
        let mut ending = Ending::new(TIMES, at(100), true).knowing(Some(hidden(1, 50)));
        ending.hear(&heard(state, 0), at(100));
        assert_eq!(ending.step(at(100)), end(End::Empty), "{state:?}");
    }
}

#[test]
fn since_when_a_bridge_is_hidden_is_known_for_as_long_as_it_runs_and_is() {
    let mut known = None;
    for (second, state, startup, expected) in [
        (10, State::Accepting, 1, None),
        (20, State::Draining, 1, Some(hidden(1, 20))),
        (30, State::ShuttingDown, 1, Some(hidden(1, 20))),
        (40, State::Draining, 2, Some(hidden(2, 40))),
        (50, State::Accepting, 2, None),
        (60, State::Graceful, 2, Some(hidden(2, 60))),
    ] {
        let startup = Some(StartupTime(Time::from_millis(startup)));
        let sight = Sight {
            startup,
            state,
            ..BUSY
        };
        known = Hidden::after(known, &sight, at(second));
        assert_eq!(known, expected, "{second}");
    }
}

#[test]
fn what_was_known_of_another_run_of_the_bridge_is_not_believed() {
    let mut ending = Ending::new(TIMES, at(100), true).knowing(Some(hidden(2, 50)));
    ending.hear(&heard(State::Draining, 0), at(100));
    assert_eq!(ending.step(at(100)), NOTHING);
}

#[test]
fn an_empty_bridge_that_took_conferences_a_moment_ago_waits_for_who_is_on_the_way() {
    let looks = [
        (0, heard(State::Accepting, 0)),
        (1, heard(State::Draining, 0)),
        (4, heard(State::Draining, 2)),
        (6, heard(State::Draining, 2)),
        (7, heard(State::Draining, 0)),
    ];
    let expected = [
        order(Order::Drain),
        NOTHING,
        NOTHING,
        NOTHING,
        end(End::Empty),
    ];
    assert_eq!(steps(TIMES, &looks), expected);
}

#[test]
fn a_bridge_that_only_relays_or_does_not_tell_is_not_empty() {
    for (people, conferences) in [(Some(0), Some(1)), (None, Some(0)), (Some(0), None)] {
        let look = Look::Heard(Sight {
            state: State::ShuttingDown,
            people,
            conferences,
            ..BUSY
        });
        assert_eq!(
            steps(TIMES, &[(10, look)]),
            [NOTHING],
            "{people:?} {conferences:?}"
        );
    }
}

#[test]
fn a_silent_bridge_is_busy_until_the_grace_period_is_about_to_end() {
    let looks = [1, 224, 225, 294, 295].map(|second| (second, Look::Silent));
    let last = Step {
        order: Some(Order::ShutDown),
        end: Some(End::OutOfTime),
    };
    let expected = [
        order(Order::Drain),
        order(Order::Drain),
        order(Order::ShutDown),
        order(Order::ShutDown),
        last,
    ];
    assert_eq!(steps(TIMES, &looks), expected);
}

#[test]
fn a_bridge_that_was_on_its_way_out_and_is_not_there_any_more_has_left() {
    let looks = [(230, heard(State::ShuttingDown, 2)), (285, Look::Absent)];
    assert_eq!(steps(TIMES, &looks), [NOTHING, end(End::Left)]);
}

#[test]
fn a_bridge_that_died_is_waited_for_as_long_as_it_may_come_back() {
    let looks = [
        (10, heard(State::Draining, 2)),
        (20, Look::Absent),
        (34, Look::Absent),
        (35, Look::Absent),
    ];
    let expected = [NOTHING, NOTHING, NOTHING, end(End::Left)];
    assert_eq!(steps(TIMES, &looks), expected);
}

#[test]
fn a_bridge_that_is_only_silent_in_between_has_not_been_away() {
    let looks = [
        (10, heard(State::Draining, 2)),
        (20, Look::Absent),
        (30, Look::Silent),
        (36, Look::Absent),
    ];
    assert_eq!(steps(TIMES, &looks)[3], NOTHING);
}

#[test]
fn where_no_bridge_was_ever_heard_nobody_is_believed_to_have_left() {
    let looks = [10, 100, 294, 295].map(|second| (second, Look::Absent));
    let expected = [NOTHING, NOTHING, NOTHING, end(End::OutOfTime)];
    assert_eq!(steps(TIMES, &looks), expected);
}

#[test]
fn a_bridge_that_starts_anew_is_drained_anew_and_told_anew_to_shut_down() {
    let anew = |state, people| {
        let Look::Heard(sight) = heard(state, people) else {
            unreachable!()
        };
        Look::Heard(Sight {
            startup: Some(StartupTime(Time::from_millis(2))),
            ..sight
        })
    };
    let looks = [
        (10, heard(State::Draining, 3)),
        (11, Look::Absent),
        (15, anew(State::Accepting, 0)),
        (16, anew(State::Draining, 0)),
        (21, anew(State::Draining, 2)),
        (225, anew(State::Draining, 2)),
        (226, anew(State::ShuttingDown, 2)),
    ];
    let expected = [
        NOTHING,
        NOTHING,
        order(Order::Drain),
        NOTHING,
        NOTHING,
        order(Order::ShutDown),
        NOTHING,
    ];
    assert_eq!(steps(TIMES, &looks), expected);
    let late = [
        (226, heard(State::ShuttingDown, 3)),
        (230, anew(State::Accepting, 1)),
    ];
    assert_eq!(steps(TIMES, &late)[1], order(Order::ShutDown));
}

#[test]
fn with_too_short_a_grace_period_people_are_moved_at_once() {
    let times = Times {
        grace: seconds(30),
        ..TIMES
    };
    let looks = [
        (0, heard(State::Accepting, 3)),
        (1, heard(State::ShuttingDown, 3)),
        (2, heard(State::ShuttingDown, 0)),
        (7, heard(State::ShuttingDown, 0)),
    ];
    let expected = [order(Order::ShutDown), NOTHING, NOTHING, end(End::Empty)];
    assert_eq!(steps(times, &looks), expected);
}

#[test]
fn a_bridge_that_cannot_be_told_to_shut_down_drains_to_the_end() {
    let mut ending = Ending::new(TIMES, at(0), false);
    ending.hear(&heard(State::Accepting, 3), at(225));
    assert_eq!(ending.step(at(225)), order(Order::ShutDown));
    ending.refused(Order::ShutDown);
    assert_eq!(ending.step(at(225)), order(Order::Drain));
    ending.hear(&heard(State::Draining, 3), at(226));
    assert_eq!(ending.step(at(226)), NOTHING);
    assert_eq!(ending.step(at(295)), end(End::OutOfTime));
}

/// What a bridge of the model says to somebody who looks now.
fn look(jitsi: &mut Jitsi, now: Time) -> Look {
    let asked = request::stats(Source::MetricsJson, "127.0.0.1:8080");
    let Some(answer) = jitsi.bridge_request("jvb", &asked, now) else {
        return Look::Absent;
    };
    let (head, body) = answer.into_parts();
    let stats = reply::stats(Source::MetricsJson, head.status, &head.headers, &body, &[]);
    Look::Heard(Sight::from(&stats.expect("statistics of a bridge")))
}

/// A pod with a busy bridge ends, in a deployment with or without another bridge. Looks each second; tells when and why nobody
/// waited any longer, when SIGTERM came or the bridge had left, and how many people were cut and moved.
fn play(
    times: Times,
    with_another: bool,
    people: u32,
    restart_after: Option<u64>,
) -> (u64, End, Jitsi) {
    let mut jitsi = Jitsi::new(JicofoConfig::default(), at(0));
    let config = BridgeConfig {
        colibri_rest: true,
        shutdown_rest: true,
        ..BridgeConfig::default()
    };
    jitsi.start_bridge("jvb", config.clone(), at(0));
    for person in 0..people {
        jitsi.join("room", &format!("p{person}"), at(20));
    }
    if with_another {
        jitsi.start_bridge("other", config.clone(), at(20));
    }
    let began = 60;
    let mut ending = Ending::new(times, at(began), true);
    for second in 0.. {
        let now = at(began + second);
        if restart_after == Some(second) {
            jitsi.stop_bridge("jvb", Stop::Kill, now);
            jitsi.start_bridge("jvb", config.clone(), now);
        }
        ending.hear(&look(&mut jitsi, now), now);
        let step = ending.step(now);
        let told = step.order.map(|order| match order {
            Order::Drain => request::drain("127.0.0.1:8080"),
            Order::ShutDown => request::shutdown("127.0.0.1:8080", false),
        });
        if let Some(told) = told {
            jitsi.bridge_request("jvb", &told, now);
        }
        if let Some(end) = step.end {
            jitsi.stop_bridge("jvb", Stop::Terminate, now);
            jitsi.advance(now + seconds(10));
            return (second, end, jitsi);
        }
    }
    unreachable!("it ends when the grace period does")
}

#[test]
fn everybody_on_a_bridge_of_the_model_is_moved_and_nobody_cut() {
    let (second, why, jitsi) = play(TIMES, true, 5, None);
    assert_eq!(why, End::Empty);
    assert!((225..240).contains(&second), "{second}");
    let ledger = jitsi.ledger();
    assert_eq!(ledger.cut, 0, "{ledger:?}");
    assert_eq!(ledger.moved, 5, "{ledger:?}");
}

#[test]
fn a_grace_period_of_kubernetes_default_is_enough_to_move_everybody() {
    let times = Times {
        grace: seconds(30),
        ..TIMES
    };
    let (second, why, jitsi) = play(times, true, 5, None);
    assert_eq!(why, End::Empty);
    assert!(second < 15, "{second}");
    assert_eq!(jitsi.ledger().cut, 0);
}

#[test]
fn without_another_bridge_it_leaves_by_itself_before_the_grace_period_ends() {
    let (second, why, _) = play(TIMES, false, 5, None);
    assert_ne!(why, End::OutOfTime, "after {second} s");
    assert!(second < 295, "{second}");
}

#[test]
fn an_empty_bridge_of_the_model_is_let_go_as_soon_as_jicofo_knows() {
    let (second, why, _) = play(TIMES, true, 0, None);
    assert_eq!(why, End::Empty);
    assert!(second <= 8, "{second}");
}

#[test]
fn a_bridge_of_the_model_that_is_restarted_is_drained_anew_and_let_go_when_nobody_is_on_it() {
    let (second, why, _) = play(TIMES, true, 5, Some(100));
    assert_eq!(why, End::Empty);
    assert!((106..130).contains(&second), "{second}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_long_the_grace_period_is_the_wait_ends_within_it_and_cuts_nobody_who_can_be_moved(
        grace in 15_u64..400,
        people in 0_u32..6,
    ) {
        let times = Times { grace: seconds(grace), ..TIMES };
        let (second, _, jitsi) = play(times, true, people, None);
        prop_assert!(second <= times.to_wait().as_secs(), "{second}");
        prop_assert_eq!(jitsi.ledger().cut, 0);
    }

    #[test]
    fn whatever_is_seen_a_bridge_is_told_nothing_after_it_left_and_the_wait_ends(
        looks in proptest::collection::vec((0_u8..6, 0_u64..3, 1_i64..3), 1..80),
        grace in 0_u64..120,
    ) {
        let times = Times { grace: seconds(grace), ..TIMES };
        let mut ending = Ending::new(times, at(0), false);
        for (second, (kind, people, run)) in (0..).zip(looks) {
            let state = match kind {
                0 => State::Accepting,
                1 => State::Draining,
                2 => State::Graceful,
                _ => State::ShuttingDown,
            };
            let startup = Some(StartupTime(Time::from_millis(run)));
            let sight = Sight { startup, state, people: Some(people), conferences: Some(people), ..BUSY };
            let look = match kind {
                4 => Look::Absent,
                5 => Look::Silent,
                _ => Look::Heard(sight),
            };
            ending.hear(&look, at(second));
            let step = ending.step(at(second));
            prop_assert_eq!(step, ending.step(at(second)), "the same without a new look");
            match look {
                Look::Absent => prop_assert_eq!(step.order, None),
                Look::Heard(sight) if sight.state == State::ShuttingDown => prop_assert_eq!(step.order, None),
                Look::Heard(sight) if sight.state == State::Accepting => {
                    prop_assert!(step.order.is_some());
                    prop_assert_ne!(step.end, Some(End::Empty));
                }
                Look::Heard(sight) => prop_assert!(step.end != Some(End::Empty) || sight.is_empty()),
                Look::Silent => prop_assert_ne!(step.end, Some(End::Empty)),
            }
            if seconds(second) >= times.to_wait() {
                prop_assert!(step.end.is_some());
            }
        }
    }
}
