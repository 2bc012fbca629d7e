//! What is due is done when it is due, by a controller that sleeps until then and to which nothing happens meanwhile.

use std::time::Duration;

use bridge::Time;
use scaler_api::State;

use super::stage::{Stage, secs, spec, uid};
use crate::plan::Transition as T;
use crate::world::Tuning;
use crate::{Call, Outcome};

/// Two bridges, of which the second drains with people on it; it may last ten minutes. Answers are good for hours, and nothing is
/// decided without a reason.
fn draining(move_interval: scaler_api::Duration) -> Stage {
    let mut patient = spec(2);
    patient.drain.deadline = scaler_api::Duration::from_mins(10);
    patient.drain.move_interval = move_interval;
    patient.evidence.freshness = scaler_api::Duration::from_hours(2);
    patient.evidence.removal_samples = 1;
    let mut stage = Stage::one_too_many_of(patient, [50, 3]);
    stage.world.tuning.resync = Duration::from_hours(24);
    stage.seconds(3);
    assert_eq!(stage.state("b1"), State::Draining);
    stage
}

/// The same, and conferences are moved an hour apart.
fn unhurried() -> Stage {
    draining(scaler_api::Duration::from_hours(1))
}

/// Sleeps until something is decided that was not before; when.
fn sleeps_until(stage: &mut Stage, what: T) -> Time {
    let before = stage.log.len();
    for _ in 0..200 {
        let mut log = stage.log[before..].iter();
        if let Some((at, ..)) = log.find(|(_, one, _)| *one == what) {
            return *at;
        }
        stage.sleep();
    }
    panic!("it sleeps on and on: {what:?}");
}

/// Since when the second is seen to shut down, once it was told to: the next look sees it.
fn shuts_down(stage: &mut Stage) -> Time {
    sleeps_until(stage, T::ShutDown);
    stage.second();
    let live = &stage.world.pods()[&uid("b1")].live;
    live.shutting_down_since.unwrap()
}

/// How something begins, and when what follows is due.
type Begins = fn() -> (Stage, Time);

#[test]
fn what_is_due_is_done_at_that_moment() {
    let rows: [(&str, T, Begins); 8] = [
        ("the deadline", T::Expel, || {
            let stage = unhurried();
            let deadline = stage.marks("b1").deadline.unwrap();
            (stage, deadline)
        }),
        ("the settle time", T::Remove, || {
            let mut stage = unhurried();
            stage.people("b1", 0);
            stage.second();
            let since = stage.marks("b1").zero_since.unwrap();
            (stage, since + secs(15))
        }),
        ("two presences after a shutdown", T::Delete, || {
            let mut stage = unhurried();
            stage.people("b1", 0);
            stage.second();
            let since = shuts_down(&mut stage);
            (stage, since + secs(10))
        }),
        ("the next move", T::Move, || {
            let mut stage = draining(scaler_api::Duration::from_secs(2));
            let moved = sleeps_until(&mut stage, T::Move);
            (stage, moved + secs(2))
        }),
        ("the end of moving one by one", T::ShutDown, || {
            let mut stage = unhurried();
            sleeps_until(&mut stage, T::Expel);
            let since = stage.marks("b1").since;
            (stage, since + Duration::from_mins(5))
        }),
        ("a shutdown that moves nobody", T::Remove, || {
            let mut stage = unhurried();
            let since = shuts_down(&mut stage);
            (stage, since + secs(75))
        }),
        ("a creation that was refused", T::Create, || {
            let mut stage = Stage::new(spec(1));
            stage.world.tuning.resync = Duration::from_hours(24);
            stage.scale(2);
            let plan = stage.decide();
            stage.carry_out(&plan, |request| {
                let creates = matches!(request.call, Call::CreatePod { .. });
                creates.then(|| Outcome::Refused("exceeded quota".to_owned()))
            });
            stage.act();
            let due = stage.now + secs(10);
            (stage, due)
        }),
        ("a command that is not followed", T::Acknowledge, || {
            let mut stage = Stage::one_too_many([50, 3]);
            stage.world.tuning.resync = Duration::from_hours(24);
            stage.actor("b1").obeys = false;
            stage.second();
            let told = stage.when(T::Acknowledge).unwrap();
            (stage, told + secs(2))
        }),
    ];
    for (what, transition, begins) in rows {
        let (mut stage, due) = begins();
        let done = sleeps_until(&mut stage, transition);
        assert_eq!(done, due, "{what}");
    }
}

#[test]
fn what_has_no_moment_of_its_own_is_done_within_the_time_in_which_all_is_decided_anew() {
    let rows: [(&str, T, Begins); 3] = [
        ("the shortest life of a bridge", T::Drain, || {
            let mut stage = Stage::new(spec(1));
            stage.scale(2);
            let born = stage.now + secs(1);
            stage.seconds(3);
            stage.annotate("b0", "bridgetender.dev/pinned", Some("true"));
            stage.scale(1);
            stage.second();
            (stage, born + Duration::from_mins(2))
        }),
        ("a shutdown that is not followed", T::Delete, || {
            let mut stage = unhurried();
            stage.world.tuning.resync = Tuning::default().resync;
            stage.people("b1", 0);
            stage.actor("b1").obeys = false;
            let told = sleeps_until(&mut stage, T::ShutDown);
            (stage, told + secs(75))
        }),
        ("a start that takes too long", T::StartFailed, || {
            let mut stage = Stage::new(spec(1));
            stage.scale(2);
            stage.boots = false;
            stage.second();
            let born = stage.now;
            (stage, born + Duration::from_mins(10))
        }),
    ];
    for (what, transition, begins) in rows {
        let (mut stage, due) = begins();
        let done = sleeps_until(&mut stage, transition);
        let late = done.since(due);
        assert!(done >= due, "{what}, too soon");
        assert!(late <= stage.world.tuning.resync, "{what}, {late:?} late");
    }
}
