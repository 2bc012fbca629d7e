//! The day as a picture of letters: people above, then the bridges of each set-up, a line for each bridge.

use std::fmt::Write as _;

use crate::setup::SetUp;
use crate::story::Tally;
use crate::table::{Cell, Row};

/// Lines of the picture for people.
const HEIGHT: usize = 6;
/// Eighths of a cell, from empty to full.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Columns before the first bar.
const MARGIN: usize = 16;

/// What the picture means.
const LEGEND: &str =
    "█ takes people  ▒ drains  · boots or ends  × people cut off  ↑ a bridge taken back";

/// Bars over time, a column for each row of the table, or for every second one and so on where `width` is short.
pub(crate) fn chart(rows: &[Row], set_ups: &[SetUp], width: usize) -> String {
    let step = rows
        .len()
        .div_ceil(width.saturating_sub(MARGIN).max(1))
        .max(1);
    let rows: Vec<&Row> = rows.iter().step_by(step).collect();
    let people: Vec<u64> = rows.iter().map(|row| row.people).collect();
    let mut text = bars(&people);
    for (n, set_up) in set_ups.iter().enumerate() {
        let cells: Vec<Cell> = rows
            .iter()
            .filter_map(|row| row.cells.get(n).copied())
            .collect();
        text.push('\n');
        text += &bridges(set_up.namespace(), &cells);
    }
    let legend: String = LEGEND.chars().take(width).collect();
    let _ = write!(text, "\n{legend}");
    text
}

fn bars(people: &[u64]) -> String {
    let most = people.iter().copied().max().unwrap_or(0).max(1);
    let mut text = String::new();
    for line in (0..HEIGHT).rev() {
        let (name, label) = match line {
            0 => ("", "0".to_owned()),
            line if line == HEIGHT - 1 => ("people", most.to_string()),
            _ => ("", String::new()),
        };
        let bar = people.iter().map(|count| {
            let eighths = (count * HEIGHT as u64 * 8).div_ceil(most) as usize;
            EIGHTHS[eighths.saturating_sub(line * 8).min(8)]
        });
        draw(&mut text, name, &label, bar);
    }
    text
}

fn bridges(name: &str, cells: &[Cell]) -> String {
    let most = cells
        .iter()
        .map(|cell| cell.tally.all())
        .max()
        .unwrap_or(0)
        .max(1);
    let mut text = String::new();
    for line in (0..most).rev() {
        let first = line == most - 1;
        let label = if first {
            most.to_string()
        } else {
            String::new()
        };
        let bar = cells.iter().map(|cell| sign(cell.tally, line));
        draw(&mut text, if first { name } else { "" }, &label, bar);
    }
    // Something that happened since the column before.
    let mut before = (0, 0);
    let marks = cells.iter().map(|cell| {
        let now = (cell.cut, cell.taken_back);
        let (cut, back) = (now.0 > before.0, now.1 > before.1);
        before = now;
        match (cut, back) {
            (true, _) => '×',
            (_, true) => '↑',
            _ => ' ',
        }
    });
    draw(&mut text, "", "", marks);
    text
}

/// The sign of the bridge on this line, those that take people at the bottom.
fn sign(tally: Tally, line: usize) -> char {
    let draining = tally.running + tally.draining;
    match line {
        line if line < tally.running => '█',
        line if line < draining => '▒',
        line if line < tally.all() => '·',
        _ => ' ',
    }
}

fn draw(text: &mut String, name: &str, label: &str, bar: impl Iterator<Item = char>) {
    let line = format!("{name:>8} {label:>4} │{}", bar.collect::<String>());
    let _ = writeln!(text, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET_UPS: [SetUp; 2] = [SetUp::Plain, SetUp::Pool];

    fn cell(running: usize, draining: usize, cut: u64, taken_back: usize) -> Cell {
        Cell {
            tally: Tally {
                running,
                draining,
                booting: 1,
                ending: 0,
            },
            cut,
            taken_back,
            ..Cell::default()
        }
    }

    fn rows() -> Vec<Row> {
        let row = |people, plain, pool| Row {
            people,
            cells: vec![plain, pool],
            ..Row::default()
        };
        vec![
            row(5, cell(1, 0, 0, 0), cell(1, 0, 0, 0)),
            row(11, cell(2, 0, 0, 0), cell(2, 0, 0, 0)),
            row(6, cell(1, 0, 7, 0), cell(1, 1, 0, 0)),
            row(12, cell(1, 0, 7, 0), cell(2, 0, 0, 1)),
        ]
    }

    #[test]
    fn people_bridges_and_what_happened_to_them_stand_above_each_other() {
        insta::assert_snapshot!(chart(&rows(), &SET_UPS, 90));
    }

    #[test]
    fn a_chart_is_no_wider_than_the_screen() {
        let rows: Vec<Row> = rows().into_iter().cycle().take(60).collect();
        for width in 20..100 {
            let drawn = chart(&rows, &SET_UPS, width);
            assert!(
                drawn.lines().all(|line| line.chars().count() <= width),
                "{width}"
            );
        }
    }

    #[test]
    fn nobody_and_no_bridge_is_nothing() {
        let drawn = chart(&[Row::default()], &SET_UPS, 80);
        assert!(!drawn.lines().any(|line| line.contains("│█")), "{drawn}");
    }
}
