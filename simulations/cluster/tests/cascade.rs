//! At constant load an HPA that follows the average of the Pods shrinks a pool below what is needed, and one that follows the
//! committed stress does not.

use std::time::Duration;

use cluster::cascade::{Case, Course, Metric, Starts, course, page, study};

/// What 12 of stress need at a target of a half.
const NEEDED: u32 = 24;

/// What the pool begins with.
const BEGINNING: u32 = 32;

/// Long enough for every step downwards, one in five minutes until the average is near the target, and for the first upwards.
const LASTS: Duration = Duration::from_mins(70);

/// Long enough for the pool to grow back as well.
const GROWS_BACK: Duration = Duration::from_mins(150);

const CONSTANT: Case = Case {
    beginning: BEGINNING,
    metric: Metric::AverageOfPods,
    starts: Starts::Vary,
    rescue: false,
    dip: false,
    shipped: false,
};

fn run(case: Case, lasts: Duration) -> Course {
    let course = course(case, 0, lasts);
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
    let shrunk = run(CONSTANT, LASTS);
    assert!(shrunk.lowest < NEEDED - 4, "{} active", shrunk.lowest);
    assert!(shrunk.drains > 12, "{} drains", shrunk.drains);
}

#[test]
fn the_committed_stress_does_not_cascade() {
    let committed = Case {
        metric: Metric::Committed,
        ..CONSTANT
    };
    let held = run(committed, LASTS);
    assert!(held.lowest >= NEEDED - 1, "{} active", held.lowest);
    assert!(
        held.drains <= BEGINNING - NEEDED + 1,
        "{} drains",
        held.drains
    );
}

#[test]
fn rescue_makes_up_for_a_cascade_without_cold_starts() {
    let rescued = Case {
        rescue: true,
        ..CONSTANT
    };
    let rescued = run(rescued, LASTS);
    let started = run(CONSTANT, LASTS);
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
fn bridges_that_start_are_mistaken_for_average_ones_at_the_cost_of_starting_far_too_many() {
    let mistaken = Case {
        metric: Metric::AverageMistaken,
        starts: Starts::Minute,
        ..CONSTANT
    };
    let (mistaken, real) = (run(mistaken, GROWS_BACK), run(CONSTANT, GROWS_BACK));
    assert!(
        mistaken.starts >= 2 * real.starts,
        "{} started by mistake, {} without it",
        mistaken.starts,
        real.starts
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
