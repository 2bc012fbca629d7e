use scaler_api::spec::OnDeadline;
use scaler_api::state::IntentReason;

use super::stage::{Stage, one_warm, spec, uid};
use crate::drains::{Drained, Drains, End};

/// So many seconds pass: the drains that are over.
fn pass(stage: &mut Stage, drains: &mut Drains, seconds: u32) -> Vec<Drained> {
    let mut over = Vec::new();
    for _ in 0..seconds {
        stage.second();
        over.extend(drains.note(&stage.world, stage.now));
    }
    over
}

/// The one drain that is over after so many seconds: its end, and for how many seconds it lasted.
fn only(stage: &mut Stage, drains: &mut Drains, seconds: u32) -> (End, u64) {
    let over = pass(stage, drains, seconds);
    assert_eq!(over.len(), 1, "{over:?}");
    assert_eq!(over[0].why, IntentReason::ScaleDown);
    (over[0].end, over[0].lasted.as_secs())
}

#[test]
fn a_drain_lasts_until_its_pod_is_deleted() {
    let (mut stage, mut drains) = (Stage::one_too_many([8, 3]), Drains::default());
    assert_eq!(pass(&mut stage, &mut drains, 100), []);
    stage.people("b1", 0);
    let (end, lasted) = only(&mut stage, &mut drains, 60);
    assert_eq!(end, End::Empty);
    // The settle time and two presences.
    assert!((125..=135).contains(&lasted), "{lasted}");
}

#[test]
fn one_that_is_taken_back_or_kept_warm_is_over_then() {
    let (mut stage, mut drains) = (Stage::one_too_many([8, 3]), Drains::default());
    pass(&mut stage, &mut drains, 30);
    stage.scale(2);
    assert_eq!(only(&mut stage, &mut drains, 9), (End::Rescued, 30));

    let mut stage = Stage::one_too_many_of(one_warm(2), [8, 0]);
    let (end, lasted) = only(&mut stage, &mut Drains::default(), 60);
    assert_eq!(end, End::Warm);
    assert!((15..=25).contains(&lasted), "{lasted}");
}

#[test]
fn at_the_deadline_it_matters_whether_people_were_moved() {
    for (on_deadline, expected) in [
        (OnDeadline::Move, End::Expelled),
        (OnDeadline::Kill, End::Removed),
    ] {
        let mut spec = spec(2);
        spec.drain.deadline = scaler_api::Duration::from_mins(1);
        spec.drain.on_deadline = on_deadline;
        let mut stage = Stage::one_too_many_of(spec, [50, 3]);
        let mut drains = Drains::default();
        assert_eq!(pass(&mut stage, &mut drains, 62), []);
        stage.people("b1", 0);
        let (end, lasted) = only(&mut stage, &mut drains, 60);
        assert_eq!(end, expected);
        assert!(lasted > 60, "from its beginning, not from its deadline");
    }
}

#[test]
fn a_bridge_that_somebody_else_deletes_is_drained_no_more() {
    let (mut stage, mut drains) = (Stage::one_too_many([8, 3]), Drains::default());
    pass(&mut stage, &mut drains, 10);
    stage.objects.remove(&uid("b1"));
    stage.actors.remove(&uid("b1"));
    stage.world.observe_gone(&uid("b1"), stage.now);
    assert_eq!(only(&mut stage, &mut drains, 1), (End::Deleted, 10));
}

#[test]
fn the_next_leader_goes_on_counting() {
    let mut stage = Stage::one_too_many([8, 3]);
    pass(&mut stage, &mut Drains::default(), 100);
    stage.lead_anew();
    let mut drains = Drains::default();
    assert_eq!(pass(&mut stage, &mut drains, 10), []);
    stage.scale(2);
    let (end, lasted) = only(&mut stage, &mut drains, 9);
    assert_eq!(end, End::Rescued);
    assert!((110..=112).contains(&lasted), "{lasted}");
}
