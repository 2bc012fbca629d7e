//! The table that people watch.

use std::fmt::Write as _;
use std::time::Duration;

/// One line of the table: what is there at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// Since the load began.
    pub(crate) time: Duration,
    pub(crate) conferences: usize,
    pub(crate) people: usize,
    /// The average that the HPA last computed, in thousandths; `None` while it has none.
    pub(crate) stress_milli: Option<i64>,
    pub(crate) desired: Option<i32>,
    /// Bridges that are Running, and those that exist besides, booting or ending.
    pub(crate) running: usize,
    pub(crate) others: usize,
    /// What the HPA said last.
    pub(crate) said: String,
}

/// The lines above the table.
pub(crate) const HEADINGS: [&str; 2] = [
    " time  conferences  people  stress  desired  running                 what the HPA said",
    " ────  ───────────  ──────  ──────  ───────  ──────────────────────  ─────────────────",
];

/// Room for the row of bridges.
const BRIDGES: usize = 16;

impl Row {
    /// The line, at most `width` columns wide.
    pub(crate) fn render(&self, width: usize) -> String {
        let seconds = self.time.as_secs();
        let stress = self.stress_milli.map_or("–".to_owned(), |milli| {
            format!("{}.{:02}", milli / 1000, milli % 1000 / 10)
        });
        let desired = self
            .desired
            .map_or("–".to_owned(), |desired| desired.to_string());
        let mut line = String::new();
        let _ = write!(
            line,
            "{:>2}:{:02}  {:>11}  {:>6}  {stress:>6}  {desired:>7}  {:>5} {}  {}",
            seconds / 60,
            seconds % 60,
            self.conferences,
            self.people,
            self.running,
            bridges(self.running, self.others),
            self.said,
        );
        if line.chars().count() > width {
            line = line
                .chars()
                .take(width.saturating_sub(1))
                .chain(['…'])
                .collect();
        }
        line
    }
}

/// A square for each running bridge, a dot for each that boots or ends.
fn bridges(running: usize, others: usize) -> String {
    let squares = running.min(BRIDGES);
    let dots = others.min(BRIDGES - squares);
    let space = BRIDGES - squares - dots;
    ["■".repeat(squares), "·".repeat(dots), " ".repeat(space)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            time: Duration::from_secs(83),
            conferences: 17,
            people: 131,
            stress_milli: Some(437),
            desired: Some(4),
            running: 3,
            others: 1,
            said: "New size: 4; reason: pods metric stress_level above target".into(),
        }
    }

    #[test]
    fn a_row_stands_under_its_headings() {
        let table = format!("\n{}\n{}\n", HEADINGS.join("\n"), row().render(200));
        let expected = "
 time  conferences  people  stress  desired  running                 what the HPA said
 ────  ───────────  ──────  ──────  ───────  ──────────────────────  ─────────────────
 1:23           17     131    0.43        4      3 ■■■·              New size: 4; reason: pods metric stress_level above target
";
        assert_eq!(table, expected);
    }

    #[test]
    fn what_is_unknown_is_a_dash_and_not_a_zero() {
        let unknown = Row {
            stress_milli: None,
            desired: None,
            ..row()
        };
        assert!(
            unknown.render(200).contains("131       –        –"),
            "{}",
            unknown.render(200)
        );
    }

    #[test]
    fn a_line_never_wraps() {
        for width in 1..140 {
            assert!(row().render(width).chars().count() <= width, "{width}");
        }
    }
}
