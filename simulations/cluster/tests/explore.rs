//! Every order of events of the small model.

use cluster::explore::{Explored, Model, explore};
use scaler_policy::Guard;

/// Seconds after which a drain is just confirmed, a bridge is removed and shuts down, is about to be deleted, and is deleted.
const STAGES: [u32; 4] = [5, 12, 17, 22];

fn holds(model: Model) -> Explored {
    let explored = explore(model);
    println!("{model:?}: {explored}");
    assert!(explored.wrong.is_none(), "{explored}");
    assert!(explored.complete, "{explored}");
    assert!(explored.ends > 0, "{explored}");
    explored
}

#[test]
fn no_order_of_events_hurts_anybody_when_a_bridge_too_many_is_chosen() {
    holds(Model::default());
}

#[test]
fn no_order_of_events_hurts_anybody_when_one_of_two_bridges_too_many_has_to_wait() {
    holds(Model {
        size: 1,
        ..Model::default()
    });
}

#[test]
#[ignore = "takes minutes: make test-long runs it"]
fn no_order_of_events_hurts_anybody_in_the_whole_small_model() {
    for begun in STAGES {
        holds(Model {
            begun,
            ..Model::default()
        });
    }
    holds(Model {
        pauses: 2,
        ..Model::default()
    });
}

#[test]
fn a_search_that_tells_all_states_apart_comes_to_the_same_end() {
    let one = Model {
        leaders: 1,
        ..Model::default()
    };
    let two = Model {
        crash: false,
        conference: false,
        ..Model::default()
    };
    for model in [one, two] {
        let reduced = holds(model);
        let exact = holds(Model {
            exact: true,
            ..model
        });
        assert!(reduced.states < exact.states, "{model:?}");
        for number in exact.numbers.difference(&reduced.numbers) {
            let way = exact.ways.get(number);
            println!("the exact search alone sees a state after {way:?}");
        }
    }
}

#[test]
fn the_search_misses_a_guard_that_is_off() {
    let bugs = [
        (Guard::ActiveFloor, 0, 2),
        (Guard::ConcurrentDrains, 0, 1),
        (Guard::ShutdownBeforeDelete, 5, 2),
        (Guard::PresencesBeforeDelete, 5, 2),
        (Guard::DeleteFenced, 17, 2),
    ];
    for (guard, begun, size) in bugs {
        let explored = explore(Model {
            begun,
            size,
            without: Some(guard),
            ..Model::default()
        });
        println!("{guard:?}: {explored}");
        assert!(explored.wrong.is_some(), "{guard:?}: {explored}");
    }
}
