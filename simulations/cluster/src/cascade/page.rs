//! The page that shows it: a table and a drawing, in Markdown.

use std::fmt::Write as _;
use std::time::Duration;

use super::course::{Course, PACE};
use super::study::{Calculated, ROWS, Study};

/// A figure of a course.
type Figure = fn(&Course) -> f64;
/// The same as it was calculated.
type Before = fn(&Calculated) -> f64;

/// The columns: name, figure, what was calculated, and how many decimals it has.
const COLUMNS: [(&str, Figure, Before, usize); 5] = [
    (
        "drains begun",
        |run| f64::from(run.drains),
        |old| old.drains,
        1,
    ),
    (
        "rescues",
        |run| f64::from(run.rescues),
        |old| old.rescues,
        1,
    ),
    (
        "cold starts",
        |run| f64::from(run.starts),
        |old| old.starts,
        1,
    ),
    (
        "fewest active",
        |run| f64::from(run.lowest),
        |old| old.lowest,
        1,
    ),
    ("bridge-hours", |run| run.hours, |old| old.hours, 0),
];

/// How far apart the points of the drawing are.
const POINTS: Duration = Duration::from_mins(10);

/// What the page says in words, with `{table}` and `{drawing}` where those belong.
const TEXT: &str = include_str!("page.md");

/// The page.
pub fn page(study: &Study) -> String {
    TEXT.replace("{table}", table(study).trim_end())
        .replace("{drawing}", drawing(study).trim_end())
}

fn table(study: &Study) -> String {
    let heads: Vec<&str> = COLUMNS.iter().map(|(name, ..)| *name).collect();
    let mut text = format!("| what the HPA follows | {} |\n", heads.join(" | "));
    text.push_str("| --- |");
    text.push_str(&" ---: |".repeat(COLUMNS.len()));
    text.push('\n');
    for (row, courses) in ROWS.iter().zip(&study.courses) {
        // Writing to a text does not fail.
        let _ = write!(text, "| {} |", row.name);
        for (_, figure, before, decimals) in COLUMNS {
            let values: Vec<f64> = courses.iter().map(figure).collect();
            let _ = write!(text, " {}", told(&values, decimals));
            if let Some(calculated) = &row.calculated {
                let _ = write!(text, "<br>*{:.decimals$}*", before(calculated));
            }
            text.push_str(" |");
        }
        text.push('\n');
    }
    text
}

/// The mean, and from where to where the values go.
fn told(values: &[f64], decimals: usize) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    format!("**{mean:.decimals$}** ({least:.0}–{most:.0})")
}

/// Bridges that take conferences, over time, of the first seed with rescue: one line for each metric.
fn drawing(study: &Study) -> String {
    let line = |row: usize| {
        let course = study.courses.get(row).and_then(|courses| courses.first());
        let step = (POINTS.as_secs() / PACE.as_secs()) as usize;
        let active = course.map_or(&[][..], |course| &course.active);
        let points: Vec<String> = active.iter().step_by(step).map(u32::to_string).collect();
        format!("    line [{}]\n", points.join(", "))
    };
    let hours = study.lasted.as_secs() / 3600;
    format!(
        "```mermaid\nxychart-beta\n    title \"Bridges that take conferences; 24 are needed\"\n    x-axis \"hours\" 0 --> {hours}\n    \
         y-axis \"bridges\" 0 --> 34\n{}{}```\n",
        line(2),
        line(0)
    )
}
