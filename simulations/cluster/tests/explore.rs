//! Every order of events of the small model.

use cluster::explore::{Bounds, explore};
use scaler_policy::Guard;

/// As many as CI has time for; the long test goes on to the end.
const STATES: usize = 10_000;

fn bounds(states: usize) -> Bounds {
    Bounds {
        moments: 8,
        states,
        without: None,
    }
}

#[test]
fn no_order_of_events_hurts_anybody_in_the_small_model() {
    let explored = explore(bounds(STATES));
    println!("{explored}");
    assert!(explored.wrong.is_none(), "{explored}");
    assert!(explored.states >= STATES || explored.complete, "{explored}");
}

#[test]
fn the_search_finds_a_deletion_without_its_fence() {
    let explored = explore(Bounds {
        without: Some(Guard::DeleteFenced),
        ..bounds(STATES)
    });
    println!("{explored}");
    assert!(explored.wrong.is_some(), "{explored}");
}

#[test]
#[ignore = "takes minutes: make test-long runs it"]
fn no_order_of_events_hurts_anybody_to_the_end_of_the_small_model() {
    let explored = explore(bounds(400_000));
    println!("{explored}");
    assert!(explored.wrong.is_none(), "{explored}");
}
