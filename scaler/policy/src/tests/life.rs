use std::collections::BTreeSet;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use scaler_api::State;

use super::properties::{set, wild_stage};
use super::stage::{Object, START, Stage, secs, spec};
use crate::life::{Way, happenings, ways};
use crate::plan::Transition;
use crate::step::step;
use crate::world::{Container, Node, Phase, Running};

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
    let mut left = Stage::one_too_many_of(short, [100, 3]);
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

/// What may happen to a pod without the pool's doing, in an order in which each may follow the one before.
const EVENTS: [fn(&mut Object); 8] = [
    |object| run(object, Running::Waiting),
    crash,
    |object| run(object, Running::Since(START)),
    crash,
    |object| object.pod.node = Some("lost".to_owned()),
    |object| run(object, Running::Terminated),
    |object| object.pod.phase = Phase::Failed,
    |object| object.pod.deletion = Some(START + secs(300)),
];

/// It does not stay up.
fn crash(object: &mut Object) {
    run(object, Running::Waiting);
    if let Some(container) = &mut object.pod.container {
        container.restarts = 99;
    }
}

/// Its container becomes so, and is another one. One that has ended for good does not.
fn run(object: &mut Object, running: Running) {
    let pod = &mut object.pod;
    let before = pod.container.as_ref();
    let ended = before.is_some_and(|container| container.running == Running::Terminated);
    if ended || pod.phase.is_over() {
        return;
    }
    let restarts = before.map_or(0, |container| container.restarts + 1);
    pod.phase = Phase::Running;
    pod.container = Some(Container {
        id: format!("c-anew-{restarts}"),
        running,
        restarts,
    });
}

#[test]
fn what_happens_to_bridges_is_what_is_drawn_and_all_of_it_happens() {
    const WORLDS: u32 = 3_000;
    let mut happened = BTreeSet::new();
    let mut runner = TestRunner::deterministic();
    let worlds = wild_stage();
    for _ in 0..WORLDS {
        let mut stage = set(&worlds.new_tree(&mut runner).unwrap().current());
        let lost = Node {
            name: "lost".to_owned(),
            zone: String::new(),
            ready: false,
            signals: BTreeSet::new(),
        };
        stage.world.observe_node(lost, stage.now);
        for shift in 0..EVENTS.len() {
            let before = stage.states();
            for (number, name) in before.keys().enumerate() {
                stage.change(name, EVENTS[(number + shift) % EVENTS.len()]);
            }
            let after = stage.states();
            happened.extend(before.iter().map(|(name, state)| (*state, after[name])));
        }
    }
    happened.retain(|(from, to)| from != to);
    let mut drawn = happenings();
    drawn.retain(|(_, to)| *to != State::Gone);
    assert_eq!(happened, drawn);
}
