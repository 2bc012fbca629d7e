//! Every order of events of the small model. What is searched is searched to its end; of what is not here, only the seeds tell
//! something.

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
fn no_order_of_events_hurts_anybody_when_a_drain_is_just_confirmed() {
    holds(Model {
        begun: 5,
        ..Model::default()
    });
}

#[test]
fn no_order_of_events_hurts_anybody_when_a_bridge_is_being_deleted() {
    holds(Model {
        begun: 22,
        ..Model::default()
    });
}

#[test]
#[ignore = "takes minutes: make test-long runs it"]
fn no_order_of_events_hurts_anybody_when_a_bridge_is_removed() {
    for begun in [12, 17] {
        holds(Model {
            begun,
            ..Model::default()
        });
    }
}

/// With the crash and the conference it takes longer than these tests may; with either of them, then.
#[test]
#[ignore = "takes minutes: make test-long runs it"]
fn no_order_of_events_hurts_anybody_in_twice_the_time() {
    for crash in [false, true] {
        holds(Model {
            pauses: 2,
            crash,
            conference: !crash,
            ..Model::default()
        });
    }
}

/// All searches rest on it that two states of the same number have the same future: here it is looked at, state by state.
fn tells_apart(model: Model) {
    let reduced = holds(model);
    let exact = holds(Model {
        exact: true,
        ..model
    });
    assert!(reduced.states < exact.states, "{model:?}");
    assert_eq!(exact.unlike, None, "{model:?}");
    assert_eq!(exact.numbers, reduced.numbers, "{model:?}");
}

/// One replica.
fn one() -> Model {
    Model {
        leaders: 1,
        ..Model::default()
    }
}

/// Two replicas, and nothing else that happens.
fn two() -> Model {
    Model {
        crash: false,
        conference: false,
        ..Model::default()
    }
}

#[test]
fn a_search_that_tells_all_states_apart_comes_to_the_same_end() {
    for begun in [0].into_iter().chain(STAGES) {
        tells_apart(Model { begun, ..one() });
    }
    for pauses in [2, 3] {
        tells_apart(Model { pauses, ..one() });
    }
    for size in [1, 2] {
        tells_apart(Model { size, ..two() });
    }
}

#[test]
#[ignore = "takes minutes: make test-long runs it"]
fn a_longer_search_that_tells_all_states_apart_comes_to_the_same_end() {
    for begun in STAGES {
        tells_apart(Model {
            begun,
            pauses: 2,
            ..one()
        });
    }
    for begun in [5, 22] {
        tells_apart(Model { begun, ..two() });
    }
    tells_apart(Model {
        crash: true,
        ..two()
    });
    tells_apart(Model {
        conference: true,
        ..two()
    });
    tells_apart(Model::default());
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
