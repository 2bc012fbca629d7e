//! The cases side by side, each with several seeds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::course::{Case, Course, Metric, Starts, course};

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

/// Which table a row stands in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Table {
    /// What was calculated before.
    Calculated,
    /// What the calculation took for granted, made true one by one.
    Granted,
    /// What happens in few seeds only, with more of them.
    Seldom,
    /// The HPA as it is shipped.
    Shipped,
}

/// A row of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Its table.
    pub table: Table,
    /// What it is called.
    pub name: &'static str,
    /// What is run.
    pub case: Case,
    /// What was calculated before, where it was.
    pub calculated: Option<Calculated>,
}

/// 32 bridges, an HPA as Kubernetes has it by default on the average of the Pods, and constant load.
const CONSTANT: Case = Case {
    beginning: 32,
    metric: Metric::AverageOfPods,
    starts: Starts::Vary,
    rescue: false,
    dip: false,
    shipped: false,
};

/// 27 bridges, the most that an HPA leaves alone at this load, which halves for an hour.
const DIP: Case = Case {
    beginning: 27,
    dip: true,
    ..CONSTANT
};

const fn calculated([drains, rescues, starts, lowest, hours]: [f64; 5]) -> Calculated {
    Calculated {
        drains,
        rescues,
        starts,
        lowest,
        hours,
    }
}

const AVERAGE: Option<Calculated> = Some(calculated([42.4, 0.0, 34.8, 16.2, 222.0]));
const AVERAGE_RESCUE: Option<Calculated> = Some(calculated([15.8, 8.6, 1.0, 16.2, 168.0]));
const COMMITTED: Option<Calculated> = Some(calculated([8.0, 0.0, 0.6, 24.0, 167.0]));
const COMMITTED_RESCUE: Option<Calculated> = Some(calculated([8.0, 0.4, 0.2, 24.0, 166.0]));
const DIP_AVERAGE: Option<Calculated> = Some(calculated([51.2, 0.0, 47.0, 9.2, 223.0]));
const DIP_COMMITTED: Option<Calculated> = Some(calculated([10.6, 7.4, 1.0, 16.4, 155.0]));

const fn row(table: Table, name: &'static str, case: Case, calculated: Option<Calculated>) -> Row {
    Row {
        table,
        name,
        case,
        calculated,
    }
}

/// The rows, the two of the drawing among them.
pub const ROWS: [Row; 17] = [
    AVERAGE_ROW,
    row(
        Table::Calculated,
        "average of the Pods, rescue",
        AVERAGE_WITH_RESCUE,
        AVERAGE_RESCUE,
    ),
    COMMITTED_ROW,
    row(
        Table::Calculated,
        "committed stress, rescue",
        COMMITTED_WITH_RESCUE,
        COMMITTED_RESCUE,
    ),
    row(
        Table::Calculated,
        "load halves for an hour: average of the Pods, no rescue",
        DIP,
        DIP_AVERAGE,
    ),
    row(
        Table::Calculated,
        "load halves for an hour: committed stress, rescue",
        DIP_COMMITTED_WITH_RESCUE,
        DIP_COMMITTED,
    ),
    row(
        Table::Granted,
        "each start a minute long",
        Case {
            starts: Starts::Minute,
            ..CONSTANT
        },
        AVERAGE,
    ),
    row(
        Table::Granted,
        "starting bridges mistaken for average ones",
        Case {
            metric: Metric::AverageMistaken,
            ..CONSTANT
        },
        AVERAGE,
    ),
    row(
        Table::Granted,
        "both",
        Case {
            metric: Metric::AverageMistaken,
            starts: Starts::Minute,
            ..CONSTANT
        },
        AVERAGE,
    ),
    row(
        Table::Granted,
        "load halves for an hour: both",
        Case {
            metric: Metric::AverageMistaken,
            starts: Starts::Minute,
            ..DIP
        },
        DIP_AVERAGE,
    ),
    row(
        Table::Granted,
        "load halves for an hour: both, 32 bridges at the beginning",
        Case {
            beginning: 32,
            metric: Metric::AverageMistaken,
            starts: Starts::Minute,
            ..DIP
        },
        DIP_AVERAGE,
    ),
    row(
        Table::Seldom,
        "average of the Pods, rescue",
        AVERAGE_WITH_RESCUE,
        AVERAGE_RESCUE,
    ),
    row(
        Table::Seldom,
        "committed stress, no rescue",
        COMMITTED_ROW.case,
        COMMITTED,
    ),
    row(
        Table::Seldom,
        "committed stress, rescue",
        COMMITTED_WITH_RESCUE,
        COMMITTED_RESCUE,
    ),
    row(
        Table::Seldom,
        "load halves for an hour: committed stress, rescue",
        DIP_COMMITTED_WITH_RESCUE,
        DIP_COMMITTED,
    ),
    row(
        Table::Shipped,
        "average of the Pods, rescue",
        Case {
            shipped: true,
            ..AVERAGE_WITH_RESCUE
        },
        None,
    ),
    row(
        Table::Shipped,
        "committed stress, rescue",
        Case {
            shipped: true,
            ..COMMITTED_WITH_RESCUE
        },
        None,
    ),
];

const AVERAGE_ROW: Row = row(
    Table::Calculated,
    "average of the Pods, no rescue",
    CONSTANT,
    AVERAGE,
);

const COMMITTED_ROW: Row = row(
    Table::Calculated,
    "committed stress, no rescue",
    Case {
        metric: Metric::Committed,
        ..CONSTANT
    },
    COMMITTED,
);

const AVERAGE_WITH_RESCUE: Case = Case {
    rescue: true,
    ..CONSTANT
};

const COMMITTED_WITH_RESCUE: Case = Case {
    metric: Metric::Committed,
    rescue: true,
    ..CONSTANT
};

const DIP_COMMITTED_WITH_RESCUE: Case = Case {
    metric: Metric::Committed,
    rescue: true,
    ..DIP
};

/// The rows whose courses are drawn: the committed stress, and the average of the Pods.
pub(super) const DRAWN: [Row; 2] = [COMMITTED_ROW, AVERAGE_ROW];

impl Row {
    /// How many times as many seeds it has as others.
    const fn times(&self) -> u64 {
        match self.table {
            Table::Seldom => 4,
            Table::Calculated | Table::Granted | Table::Shipped => 1,
        }
    }
}

/// What came of all rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// How long each run lasted.
    pub lasted: Duration,
    /// Of each row, the courses in the order of the seeds.
    pub courses: Vec<Vec<Course>>,
}

/// Runs all rows, each with seeds from 0 on. It does not depend on the number of threads.
pub fn study(seeds: u64, lasts: Duration, threads: usize) -> Study {
    let jobs: Vec<(usize, u64)> = ROWS
        .iter()
        .enumerate()
        .flat_map(|(row, of)| (0..seeds * of.times()).map(move |seed| (row, seed)))
        .collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(vec![Course::default(); jobs.len()]);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((row, seed)) = jobs.get(number) else {
                        return;
                    };
                    let course = course(ROWS[*row].case, *seed, lasts);
                    // A poisoned lock means that another thread has panicked, which fails all.
                    let Ok(mut done) = done.lock() else { return };
                    done[number] = course;
                }
            });
        }
    });
    let mut courses = vec![Vec::new(); ROWS.len()];
    let done = done.into_inner().unwrap_or_default();
    for ((row, _), course) in jobs.iter().zip(done) {
        courses[*row].push(course);
    }
    Study {
        lasted: lasts,
        courses,
    }
}
