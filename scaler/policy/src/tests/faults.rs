//! Faults of `docs/faults.md` that are one input, and need no cluster around them.

use scaler_api::Limit;
use scaler_api::state::Intent;

use super::stage::{Stage, secs, spec, uid};
use crate::guards::Guard;
use crate::plan::Transition as T;

/// A pod takes the name and the address of one that was about to be deleted, and all that was written down about that one; what
/// becomes of it within two minutes.
fn life_of_a_namesake(mut stage: Stage) -> Vec<T> {
    stage.people("b0", 9);
    stage.scale(1);
    stage.until_decided(T::ShutDown);
    let marks = stage.marks("b1").clone();
    let authority = stage.objects[&uid("b1")].pod.authority.clone();
    stage.objects.remove(&uid("b1"));
    stage.actors.remove(&uid("b1"));
    let now = stage.now;
    stage.world.observe_gone(&uid("b1"), now);
    stage.put("other", &marks, now - secs(1));
    stage.change("other", |object| {
        object.pod.name = "b1".to_owned();
        object.pod.authority = authority;
    });
    // It starts hidden, by configuration: only its run tells it from the one that was proven empty.
    stage.actor("other").flags.drain = true;
    stage.seconds(120);
    assert!(
        !stage.objects.contains_key(&uid("other")),
        "it is empty, and goes"
    );
    stage.life("other")
}

/// F52
#[test]
fn f52_what_was_proven_of_a_bridge_proves_nothing_of_another_at_its_address() {
    let life = life_of_a_namesake(Stage::new(spec(2)));
    let proven = [T::Redrain, T::Settle, T::ShutDown, T::Delete];
    assert_eq!(life, proven);
    let life = life_of_a_namesake(Stage::new(spec(2)).without(Guard::AckOfThisRun));
    assert!(!life.contains(&T::Redrain), "{life:?}");
}

/// Five of so many bridges with people on them may drain, one of all is to stay, and each leader has three seconds; how many drain.
fn drained_by_one_leader_after_the_other(bridges: u32, off: Option<Guard>) -> usize {
    let mut spec = spec(bridges);
    spec.drain.max_concurrent = Limit::Count(5);
    let mut stage = Stage::new(spec);
    if let Some(guard) = off {
        stage = stage.without(guard);
    }
    stage.people_everywhere(2);
    stage.scale(1);
    for _ in 0..12 {
        stage.lead_anew();
        stage.seconds(3);
    }
    let marks = stage.world.pods().values().map(|known| &known.pod.marks);
    let drain = |intent| intent != Intent::Active;
    marks
        .filter(|marks| marks.as_ref().is_ok_and(|marks| drain(marks.intent)))
        .count()
}

/// F16
#[test]
fn f16_leaders_that_follow_each_other_over_five_hundred_bridges_drain_no_more_than_may() {
    assert_eq!(drained_by_one_leader_after_the_other(500, None), 5);
    let without = drained_by_one_leader_after_the_other(500, Some(Guard::ConcurrentDrains));
    assert!(without > 5, "{without}");
}
