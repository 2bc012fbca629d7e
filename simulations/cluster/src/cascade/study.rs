//! The cases side by side, each with several seeds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::course::{Case, Course, Metric, course};

/// What a calculation with far fewer details came to, on average over five seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calculated {
    /// Drains that were begun.
    pub drains: f64,
    /// Draining bridges that were taken back.
    pub rescues: f64,
    /// Bridges that were started.
    pub starts: f64,
    /// The fewest bridges that took conferences at once.
    pub lowest: f64,
    /// Hours of bridges.
    pub hours: f64,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// What it is called.
    pub name: &'static str,
    /// What is run.
    pub case: Case,
    /// What was calculated before, where it was.
    pub calculated: Option<Calculated>,
}

const fn row(
    name: &'static str,
    beginning: u32,
    (metric, rescue, dip, shipped): (Metric, bool, bool, bool),
    calculated: Option<[f64; 5]>,
) -> Row {
    let calculated = match calculated {
        Some([drains, rescues, starts, lowest, hours]) => Some(Calculated {
            drains,
            rescues,
            starts,
            lowest,
            hours,
        }),
        None => None,
    };
    Row {
        name,
        case: Case {
            beginning,
            metric,
            rescue,
            dip,
            shipped,
        },
        calculated,
    }
}

/// The rows.
pub const ROWS: [Row; 10] = [
    row(
        "average of the Pods, no rescue",
        32,
        (Metric::AverageOfPods, false, false, false),
        Some([42.4, 0.0, 34.8, 16.2, 222.0]),
    ),
    row(
        "average of the Pods, rescue",
        32,
        (Metric::AverageOfPods, true, false, false),
        Some([15.8, 8.6, 1.0, 16.2, 168.0]),
    ),
    row(
        "committed stress, no rescue",
        32,
        (Metric::Committed, false, false, false),
        Some([8.0, 0.0, 0.6, 24.0, 167.0]),
    ),
    row(
        "committed stress, rescue",
        32,
        (Metric::Committed, true, false, false),
        Some([8.0, 0.4, 0.2, 24.0, 166.0]),
    ),
    row(
        "load halves for an hour: average of the Pods, no rescue",
        27,
        (Metric::AverageOfPods, false, true, false),
        Some([51.2, 0.0, 47.0, 9.2, 223.0]),
    ),
    row(
        "load halves for an hour: committed stress, rescue",
        27,
        (Metric::Committed, true, true, false),
        Some([10.6, 7.4, 1.0, 16.4, 155.0]),
    ),
    row(
        "average of the Pods, no rescue, starting bridges mistaken for average ones",
        32,
        (Metric::AverageMistaken, false, false, false),
        Some([42.4, 0.0, 34.8, 16.2, 222.0]),
    ),
    row(
        "load halves for an hour: average of the Pods, no rescue, the same mistake",
        27,
        (Metric::AverageMistaken, false, true, false),
        Some([51.2, 0.0, 47.0, 9.2, 223.0]),
    ),
    row(
        "average of the Pods, rescue, HPA as shipped",
        32,
        (Metric::AverageOfPods, true, false, true),
        None,
    ),
    row(
        "committed stress, rescue, HPA as shipped",
        32,
        (Metric::Committed, true, false, true),
        None,
    ),
];

/// What came of all rows: the courses of each, in the order of the seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// How long each run lasted.
    pub lasted: Duration,
    /// Of each row, the courses.
    pub courses: Vec<Vec<Course>>,
}

/// Runs all rows, each with seeds from 0 on. It does not depend on the number of threads.
pub fn study(seeds: u64, lasts: Duration, threads: usize) -> Study {
    let jobs: Vec<(Case, u64)> = ROWS
        .iter()
        .flat_map(|row| (0..seeds).map(|seed| (row.case, seed)))
        .collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(vec![Course::default(); jobs.len()]);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((case, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let place = |job: &(Case, u64)| job == &(*case, *seed);
                    let course = course(*case, *seed, lasts);
                    // A poisoned lock means that another thread has panicked, which fails all.
                    let Ok(mut done) = done.lock() else { return };
                    if let Some(place) = jobs.iter().position(place) {
                        done[place] = course;
                    }
                }
            });
        }
    });
    let courses = done.into_inner().unwrap_or_default();
    Study {
        lasted: lasts,
        courses: courses
            .chunks(seeds.max(1) as usize)
            .map(<[Course]>::to_vec)
            .collect(),
    }
}
