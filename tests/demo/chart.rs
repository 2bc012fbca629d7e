//! The day as a picture of letters: people above, bridges below.

use std::fmt::Write as _;

use crate::table::Row;

/// Rows of the picture for people and for bridges.
const HEIGHT: usize = 6;
/// Eighths of a cell, from empty to full.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Columns before the first bar.
const MARGIN: usize = 16;

/// Two bar charts over time, a column for each row of the table, or for every second one and so on where `width` is short.
pub(crate) fn chart(rows: &[Row], width: usize) -> String {
    let step = rows
        .len()
        .div_ceil(width.saturating_sub(MARGIN).max(1))
        .max(1);
    let every = |value: fn(&Row) -> usize| rows.iter().step_by(step).map(value).collect::<Vec<_>>();
    let (people, bridges) = (every(|row| row.people), every(|row| row.running));
    format!("{}\n{}", bars("people", &people), bars("bridges", &bridges))
}

fn bars(title: &str, values: &[usize]) -> String {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let mut text = String::new();
    for line in (0..HEIGHT).rev() {
        let label = match line {
            0 => "0".to_owned(),
            line if line == HEIGHT - 1 => most.to_string(),
            _ => String::new(),
        };
        let name = if line == HEIGHT - 1 { title } else { "" };
        let _ = write!(text, "{name:>8} {label:>4} │");
        for value in values {
            let eighths = (value * HEIGHT * 8).div_ceil(most);
            text.push(EIGHTHS[eighths.saturating_sub(line * 8).min(8)]);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_no_wider_than_the_screen() {
        let rows = vec![
            Row {
                people: 3,
                ..Row::default()
            };
            60
        ];
        for width in 20..100 {
            assert!(
                chart(&rows, width)
                    .lines()
                    .all(|line| line.chars().count() <= width),
                "{width}"
            );
        }
    }

    #[test]
    fn the_largest_value_fills_its_column_and_zero_leaves_it_empty() {
        let expected = "
  people   12 │ ▄█
              │ ██
              │ ██
              │▄██
              │███
            0 │███
";
        let drawn = bars("people", &[5, 11, 12]);
        assert_eq!(format!("\n{drawn}"), expected);
        let none = bars("people", &[0, 3]);
        assert!(
            none.lines().all(|line| line.chars().nth(15) == Some(' ')),
            "{none}"
        );
    }
}
