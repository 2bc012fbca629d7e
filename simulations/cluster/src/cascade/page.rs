//! The page that shows it: a table and a drawing, in Markdown.

use std::fmt::Write as _;
use std::time::Duration;

use super::course::{Course, NEEDED, PACE, Starts};
use super::differences::differences;
use super::figures::{COLUMNS, Column, Spread, rows};
use super::study::{DRAWN, ROWS, Row, Study, Table};
use super::words::with_figures;

/// How far apart the points of the drawing are.
const POINTS: Duration = Duration::from_mins(10);

/// What the page says in words, with the names of tables and drawing in braces where those belong.
const TEXT: &str = include_str!("page.md");

/// The tables, each with the name of its place.
const TABLES: [(&str, Table); 4] = [
    ("{calculated}", Table::Calculated),
    ("{granted}", Table::Granted),
    ("{seldom}", Table::Seldom),
    ("{shipped}", Table::Shipped),
];

/// The page.
pub fn page(study: &Study) -> String {
    let text = TEXT
        .replace("{drawing}", drawing(study).trim_end())
        .replace("{vary}", &lead(study, Starts::Vary))
        .replace("{minute}", &lead(study, Starts::Minute));
    let text = TABLES.iter().fold(text, |text, (place, which)| {
        text.replace(place, table(study, *which).trim_end())
    });
    let text = text.replace("{differences}", differences(study).trim_end());
    with_figures(&text, study)
}

fn table(study: &Study, which: Table) -> String {
    let heads: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    let mut text = format!("| what the HPA follows | {} |\n", heads.join(" | "));
    text.push_str("| --- |");
    text.push_str(&" ---: |".repeat(COLUMNS.len()));
    text.push('\n');
    for (row, courses) in rows(study, which) {
        // Writing to a text does not fail.
        let _ = write!(text, "| {} |", row.name);
        for column in COLUMNS {
            let _ = write!(text, " {} |", cell(column, row, courses));
        }
        text.push('\n');
    }
    text
}

/// How many seconds starts of a kind take: the mean, and from where to where.
fn lead(study: &Study, starts: Starts) -> String {
    let rows = ROWS.iter().zip(&study.courses);
    let rows = rows.filter(|(row, _)| row.case.starts == starts);
    let lead: Vec<f64> = rows
        .flat_map(|(_, courses)| courses)
        .flat_map(|course| &course.lead)
        .copied()
        .collect();
    let lead = Spread::of(&lead);
    format!("{} s ({})", lead.mean(0), lead.range())
}

/// A figure: the mean, from where to where the values go, and what was calculated, with a mark where that lies outside.
fn cell(column: Column, row: &Row, courses: &[Course]) -> String {
    let here = Spread::of_figure(column.of, courses);
    let decimals = column.decimals;
    let mut text = format!("**{}** ({})", here.mean(decimals), here.range());
    if let Some(calculated) = row.calculated.as_ref().map(column.before) {
        let mark = if here.outside(calculated) > 0.0 {
            "≠ "
        } else {
            ""
        };
        let _ = write!(text, "<br>{mark}*{calculated:.decimals$}*");
    }
    text
}

/// How the drawing begins. Mermaid's own colours are hardly seen on white.
const DRAWING: &str = r##"---
config:
    themeVariables:
        xyChart:
            plotColorPalette: "#1f6feb, #cf222e, #6e7781"
---
xychart-beta
    title "Bridges that take conferences"
"##;

/// Bridges that take conferences, over time, in the first seed: a line for each row that is drawn, and one for what is needed.
fn drawing(study: &Study) -> String {
    let step = (POINTS.as_secs() / PACE.as_secs()) as usize;
    let active = |row: &Row| {
        let place = ROWS.iter().position(|other| other == row);
        let courses = place.and_then(|place| study.courses.get(place));
        let course = courses.and_then(|courses| courses.first());
        let active = course.map_or(&[][..], |course| &course.active).iter();
        active.copied().step_by(step).collect::<Vec<u32>>()
    };
    let [committed, average] = DRAWN.each_ref().map(active);
    let needed = vec![NEEDED; committed.len()];
    let hours = study.lasted.as_secs() / 3600;
    let mut text = format!("```mermaid\n{DRAWING}");
    // Writing to a text does not fail.
    let _ = writeln!(text, "    x-axis \"hours\" 0 --> {hours}");
    let _ = writeln!(text, "    y-axis \"bridges\" 0 --> 34");
    for line in [committed, average, needed] {
        let points: Vec<String> = line.iter().map(u32::to_string).collect();
        let _ = writeln!(text, "    line [{}]", points.join(", "));
    }
    text + "```\n"
}
