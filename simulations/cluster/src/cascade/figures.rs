//! The figures of a course, as the page tells them.

use super::course::{Course, NEEDED, PACE};
use super::study::{Calculated, ROWS, Row, Study, Table};

/// A figure of a course.
pub(super) type Figure = fn(&Course) -> f64;

/// A column of the tables.
#[derive(Clone, Copy)]
pub(super) struct Column {
    /// What it is called.
    pub name: &'static str,
    /// The figure.
    pub of: Figure,
    /// The same as it was calculated.
    pub before: fn(&Calculated) -> f64,
    /// How many decimals its mean has.
    pub decimals: usize,
}

pub(super) const COLUMNS: [Column; 5] = [
    Column {
        name: "drains begun",
        of: |run| f64::from(run.drains),
        before: |old| old.drains,
        decimals: 1,
    },
    Column {
        name: "rescues",
        of: |run| f64::from(run.rescues),
        before: |old| old.rescues,
        decimals: 1,
    },
    Column {
        name: "cold starts",
        of: |run| f64::from(run.starts),
        before: |old| old.starts,
        decimals: 1,
    },
    Column {
        name: "fewest active",
        of: |run| f64::from(run.lowest),
        before: |old| old.lowest,
        decimals: 1,
    },
    Column {
        name: "bridge-hours",
        of: |run| run.hours,
        before: |old| old.hours,
        decimals: 0,
    },
];

/// Figures that only words tell: their name, what they are, and how many decimals their mean has.
pub(super) const TOLD: [(&str, Figure, usize); 2] = [
    ("minutes with too few", too_few, 0),
    ("minutes until the fewest", until_fewest, 0),
];

fn minutes(looks: usize) -> f64 {
    looks as f64 * PACE.as_secs_f64() / 60.0
}

fn too_few(run: &Course) -> f64 {
    minutes(run.active.iter().filter(|active| **active < NEEDED).count())
}

fn until_fewest(run: &Course) -> f64 {
    let fewest = run.active.iter().position(|active| *active == run.lowest);
    minutes(fewest.map_or(0, |looks| looks + 1))
}

/// The rows of a table, each with what came of it.
pub(super) fn rows(study: &Study, table: Table) -> impl Iterator<Item = (&'static Row, &[Course])> {
    let courses = study.courses.iter().map(Vec::as_slice);
    let rows = ROWS.iter().zip(courses);
    rows.filter(move |(row, _)| row.table == table)
}

/// Values in short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    mean: f64,
    least: f64,
    most: f64,
}

impl Spread {
    pub(super) fn of(values: &[f64]) -> Self {
        Self {
            mean: values.iter().sum::<f64>() / values.len().max(1) as f64,
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }

    pub(super) fn of_figure(figure: Figure, courses: &[Course]) -> Self {
        let values: Vec<f64> = courses.iter().map(figure).collect();
        Self::of(&values)
    }

    /// How far a figure lies outside; 0 within. Ends are told as whole numbers, and taken as they are told.
    pub(super) fn outside(self, figure: f64) -> f64 {
        let (below, above) = (self.least.round() - figure, figure - self.most.round());
        below.max(above).max(0.0)
    }

    /// The mean.
    pub(super) fn mean(self, decimals: usize) -> String {
        format!("{:.decimals$}", self.mean)
    }

    /// From where to where the values go.
    pub(super) fn range(self) -> String {
        format!("{:.0}–{:.0}", self.least, self.most)
    }

    /// The mean, and from where to where the values go.
    pub(super) fn told(self, decimals: usize) -> String {
        format!("{} ({})", self.mean(decimals), self.range())
    }
}
