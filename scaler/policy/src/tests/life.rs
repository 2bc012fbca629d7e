use std::collections::BTreeSet;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::properties::{set, wild_stage};
use super::stage::{Stage, spec};
use crate::life::{Way, ways};
use crate::plan::Transition;
use crate::step::step;
use crate::world::Running;

/// Whether a way is one of a bridge, from one state to another.
fn leads(way: Way) -> bool {
    let of_a_pool = matches!(
        way.by,
        Transition::HoldPool | Transition::ReleasePool | Transition::Inquire
    );
    way.from != way.to && !of_a_pool
}

/// What takes longer than a moment. A bridge is not up in time: it never runs, it runs and does not join, or it ran once and does not
/// any more. The last people leave a bridge just before its deadline.
fn stages() -> [Stage; 4] {
    let mut waits = Stage::new(spec(1));
    waits.boots = false;
    waits.scale(2);
    let mut unknown = Stage::new(spec(1));
    unknown.scale(2);
    unknown.act();
    unknown.actor("n1").joined = false;
    let mut down = Stage::new(spec(2));
    down.change("b1", |object| {
        object.pod.container.as_mut().unwrap().running = Running::Waiting;
    });
    let mut short = spec(2);
    short.drain.deadline = scaler_api::Duration::from_secs(20);
    let mut left = Stage::new(short);
    left.people("b0", 100);
    left.people("b1", 3);
    left.look();
    left.scale(1);
    left.seconds(15);
    left.people("b1", 0);
    [waits, unknown, down, left]
}

#[test]
fn bridges_are_taken_every_way_that_is_drawn_and_no_other() {
    const WORLDS: u32 = 20_000;
    let mut taken = BTreeSet::new();
    for mut stage in stages() {
        stage.seconds(700);
        taken.append(&mut stage.ways);
    }
    let mut runner = TestRunner::deterministic();
    let worlds = wild_stage();
    for _ in 0..WORLDS {
        let stage = set(&worlds.new_tree(&mut runner).unwrap().current());
        let plan = step(&stage.world, stage.now);
        taken.extend(plan.decisions.iter().map(crate::Decision::way));
        if taken.is_superset(&ways()) {
            break;
        }
    }
    taken.retain(|way| leads(*way));
    assert_eq!(taken, ways());
}
