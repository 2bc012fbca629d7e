//! At constant load an HPA that follows the average of the Pods shrinks a pool below what is needed, and one that follows the
//! committed stress does not.

use std::time::Duration;

use cluster::cascade::{Case, Course, Metric, course, page, study};

/// What 12 of stress need at a target of a half.
const NEEDED: u32 = 24;

/// What the pool begins with.
const BEGINNING: u32 = 32;

/// Long enough for every step downwards, one in five minutes until the average is near the target, and for the first upwards.
const LASTS: Duration = Duration::from_mins(70);

fn run(metric: Metric, rescue: bool) -> Course {
    let case = Case {
        beginning: BEGINNING,
        metric,
        rescue,
        dip: false,
        shipped: false,
    };
    let course = course(case, 0, LASTS);
    assert_eq!(course.wrong, Vec::<String>::new());
    for load in &course.load {
        assert!(
            (10.0..14.0).contains(load),
            "the load is not constant: {load}"
        );
    }
    course
}

#[test]
fn the_average_of_the_pods_cascades_below_what_is_needed_at_constant_load() {
    let shrunk = run(Metric::AverageOfPods, false);
    assert!(shrunk.lowest < NEEDED - 4, "{} active", shrunk.lowest);
    assert!(shrunk.drains > 12, "{} drains", shrunk.drains);
}

#[test]
fn the_committed_stress_does_not_cascade() {
    let held = run(Metric::Committed, false);
    assert!(held.lowest >= NEEDED - 1, "{} active", held.lowest);
    assert!(
        held.drains <= BEGINNING - NEEDED + 1,
        "{} drains",
        held.drains
    );
}

#[test]
fn rescue_makes_up_for_a_cascade_without_cold_starts() {
    let rescued = run(Metric::AverageOfPods, true);
    let started = run(Metric::AverageOfPods, false);
    assert!(rescued.rescues > 0, "nothing was taken back");
    assert_eq!(started.rescues, 0);
    assert!(
        rescued.starts < started.starts,
        "{} started with rescue, {} without",
        rescued.starts,
        started.starts
    );
}

#[test]
#[ignore = "takes a quarter of an hour: make test-long runs it"]
fn the_committed_page_is_the_one_that_the_command_writes() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let written = page(&study(5, Duration::from_hours(6), threads));
    assert!(
        written == include_str!("../../../docs/cascade.md"),
        "docs/cascade.md tells something else: write it anew by its own command, and look at the difference"
    );
}
