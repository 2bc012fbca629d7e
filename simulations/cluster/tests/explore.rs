//! Every order of events of the small model.

use cluster::explore::{Bounds, explore};
use scaler_policy::Guard;

/// A pause between two moments in which everything may happen in any order.
const SHORT: Bounds = Bounds {
    begun: 0,
    pauses: 1,
    decisions: 2,
    states: usize::MAX,
    without: None,
};

/// Seconds after which a drain is just confirmed, a bridge is removed and shuts down, is about to be deleted, and is deleted.
const STAGES: [u32; 4] = [5, 12, 17, 22];

fn holds(bounds: Bounds) {
    let explored = explore(bounds);
    println!("{bounds:?}: {explored}");
    assert!(explored.wrong.is_none(), "{explored}");
    assert!(explored.complete, "{explored}");
    assert!(explored.ends > 0, "{explored}");
}

#[test]
fn no_order_of_events_hurts_anybody_when_a_bridge_too_many_is_chosen() {
    holds(SHORT);
}

#[test]
#[ignore = "takes minutes: make test-long runs it"]
fn no_order_of_events_hurts_anybody_in_the_whole_small_model() {
    for begun in STAGES {
        holds(Bounds { begun, ..SHORT });
    }
    holds(Bounds { pauses: 2, ..SHORT });
}

#[test]
fn the_search_misses_a_guard_that_is_off() {
    let bugs = [
        (Guard::ActiveFloor, 0),
        (Guard::ShutdownBeforeDelete, 5),
        (Guard::PresencesBeforeDelete, 5),
        (Guard::DeleteFenced, 17),
    ];
    for (guard, begun) in bugs {
        let explored = explore(Bounds {
            begun,
            without: Some(guard),
            ..SHORT
        });
        println!("{guard:?}: {explored}");
        assert!(explored.wrong.is_some(), "{guard:?}: {explored}");
    }
}
