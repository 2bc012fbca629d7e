use scaler_api::spec::OnDeadline;
use scaler_api::state::IntentReason;

use super::stage::{Stage, secs, spec, uid};
use crate::people::{Cut, Parted, People};
use crate::plan::Transition as T;

/// Two bridges, one of which has three people and is past its deadline.
fn overdue(on_deadline: OnDeadline) -> (Stage, People) {
    let mut spec = spec(2);
    spec.drain.deadline = scaler_api::Duration::from_mins(1);
    spec.drain.on_deadline = on_deadline;
    let (mut stage, mut people) = (Stage::one_too_many_of(spec, [50, 3]), People::default());
    for _ in 0..58 {
        stage.second();
        assert_eq!(people.note(&stage.world), Parted::default());
    }
    (stage, people)
}

fn cut(why: Option<IntentReason>, people: u64) -> Vec<Cut> {
    vec![Cut { why, people }]
}

#[test]
fn whoever_leaves_by_themselves_was_not_moved() {
    let (mut stage, mut people) = overdue(OnDeadline::Move);
    stage.people("b1", 1);
    stage.people("b0", 10);
    stage.second();
    assert_eq!(people.note(&stage.world), Parted::default());
}

#[test]
fn moved_are_those_by_whom_the_bridge_s_own_count_falls_however_often_that_was_asked_for() {
    let (mut stage, mut people) = overdue(OnDeadline::Move);
    // jicofo says yes each time, and nobody moves.
    for _ in 0..20 {
        stage.second();
        assert_eq!(people.note(&stage.world), Parted::default());
    }
    assert!(stage.times(T::Move) > 0);
    stage.people("b1", 1);
    stage.second();
    assert_eq!(people.note(&stage.world).moved, 2);
    stage.people("b1", 0);
    stage.second();
    assert_eq!(people.note(&stage.world).moved, 1);
    stage.seconds(60);
    assert_eq!(people.note(&stage.world), Parted::default());
}

#[test]
fn people_whom_a_shutdown_moves_are_moved() {
    let (mut stage, mut people) = overdue(OnDeadline::Kill);
    stage.until_decided(T::ShutDown);
    people.note(&stage.world);
    stage.people("b1", 0);
    stage.second();
    let parted = people.note(&stage.world);
    assert_eq!((parted.moved, parted.cut), (3, Vec::new()));
}

#[test]
fn people_on_a_bridge_that_the_pool_deletes_are_cut_once_with_the_reason() {
    let (mut stage, mut people) = overdue(OnDeadline::Kill);
    let mut all = Vec::new();
    for _ in 0..60 {
        stage.second();
        let parted = people.note(&stage.world);
        assert_eq!(parted.moved, 0);
        all.extend(parted.cut);
    }
    assert_eq!(all, cut(Some(IntentReason::DeadlinePassed), 3));
}

#[test]
fn people_on_a_bridge_that_somebody_else_deletes_are_cut_by_somebody_else() {
    for at_once in [true, false] {
        let (mut stage, mut people) = overdue(OnDeadline::Wait);
        let now = stage.now;
        if at_once {
            stage.objects.remove(&uid("b0"));
            stage.actors.remove(&uid("b0"));
            stage.world.observe_gone(&uid("b0"), now);
        } else {
            stage.change("b0", |object| object.pod.deletion = Some(now + secs(60)));
        }
        assert_eq!(people.note(&stage.world).cut, cut(None, 50));
        assert_eq!(people.note(&stage.world), Parted::default(), "once");
    }
}

#[test]
fn a_bridge_that_is_started_anew_moved_nobody() {
    let (mut stage, mut people) = overdue(OnDeadline::Move);
    stage.until_decided(T::Expel);
    people.note(&stage.world);
    stage.restart("b1");
    stage.people("b1", 0);
    stage.second();
    assert_eq!(people.note(&stage.world), Parted::default());
}
