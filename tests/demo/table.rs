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

/// The table on a screen of some width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    width: usize,
    /// Room for the row of bridges; none where what the HPA said needs it.
    bridges: usize,
}

/// All columns but the row of bridges and what the HPA said, with the gaps behind them.
const NUMBERS: usize = 49;
/// What the HPA usually says: `→ 12: stress_level above target`.
const SAID: usize = 31;
/// Room for the row of bridges.
const BRIDGES: usize = 12;
const GAP: usize = 2;

impl Table {
    /// The table on a screen of so many columns.
    pub(crate) fn new(width: usize) -> Self {
        let fits = width >= NUMBERS + BRIDGES + GAP + SAID;
        let bridges = if fits { BRIDGES } else { 0 };
        Self { width, bridges }
    }

    /// Whether the columns stand where they stand in `other`.
    pub(crate) fn has_columns_of(self, other: &Self) -> bool {
        self.bridges == other.bridges
    }

    /// The lines above it.
    pub(crate) fn headings(self) -> String {
        let names = ["conferences", "people", "stress", "desired", "running"];
        let headings = self.line(" time", names, "", "what the HPA said");
        let rules = names.map(|name| "─".repeat(name.chars().count()));
        let rules = rules.each_ref().map(String::as_str);
        let bridges = "─".repeat(self.bridges);
        format!(
            "{headings}\n{}",
            self.line(" ────", rules, &bridges, "─────────────────")
        )
    }

    /// One line of it.
    pub(crate) fn row(self, row: &Row) -> String {
        let seconds = row.time.as_secs();
        let unknown = || "–".to_owned();
        let stress = row.stress_milli.map_or_else(unknown, |milli| {
            format!("{}.{:02}", milli / 1000, milli % 1000 / 10)
        });
        let desired = row
            .desired
            .map_or_else(unknown, |desired| desired.to_string());
        let running = match row.others {
            0 => row.running.to_string(),
            others => format!("{}+{others}", row.running),
        };
        self.line(
            &format!("{:>2}:{:02}", seconds / 60, seconds % 60),
            [
                &row.conferences.to_string(),
                &row.people.to_string(),
                &stress,
                &desired,
                &running,
            ],
            &bridges(row.running, row.others, self.bridges),
            &row.said,
        )
    }

    fn line(self, time: &str, numbers: [&str; 5], bridges: &str, said: &str) -> String {
        let [conferences, people, stress, desired, running] = numbers;
        let mut line =
            format!("{time} {conferences:>11} {people:>6} {stress:>6} {desired:>7} {running:>7}  ");
        if self.bridges > 0 {
            let _ = write!(line, "{bridges:<0$}  ", self.bridges);
        }
        line += said;
        let line = line.trim_end();
        if line.chars().count() <= self.width {
            return line.to_owned();
        }
        let kept = line.chars().take(self.width.saturating_sub(1));
        kept.chain(['…']).collect()
    }
}

/// A square for each running bridge, a dot for each that boots or ends, as far as there is room.
fn bridges(running: usize, others: usize, room: usize) -> String {
    let squares = running.min(room);
    let dots = others.min(room - squares);
    ["■".repeat(squares), "·".repeat(dots)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Rescale;

    fn row() -> Row {
        Row {
            time: Duration::from_secs(83),
            conferences: 17,
            people: 131,
            stress_milli: Some(437),
            desired: Some(4),
            running: 3,
            others: 1,
            said: "→ 4: stress_level above target".into(),
        }
    }

    #[test]
    fn a_row_stands_under_its_headings() {
        for (width, expected) in [
            (
                200,
                "
 time conferences people stress desired running                what the HPA said
 ──── ─────────── ────── ────── ─────── ───────  ────────────  ─────────────────
 1:23          17    131   0.43       4     3+1  ■■■·          → 4: stress_level above target
",
            ),
            (
                80,
                "
 time conferences people stress desired running  what the HPA said
 ──── ─────────── ────── ────── ─────── ───────  ─────────────────
 1:23          17    131   0.43       4     3+1  → 4: stress_level above target
",
            ),
            (
                60,
                "
 time conferences people stress desired running  what the H…
 ──── ─────────── ────── ────── ─────── ───────  ──────────…
 1:23          17    131   0.43       4     3+1  → 4: stres…
",
            ),
        ] {
            let table = Table::new(width);
            let drawn = format!("\n{}\n{}\n", table.headings(), table.row(&row()));
            assert_eq!(drawn, expected);
        }
    }

    #[test]
    fn what_the_hpa_usually_says_is_whole_on_eighty_columns() {
        for reason in [
            "pods metric stress_level above target",
            "All metrics below target",
        ] {
            let size = 12;
            let reason = reason.to_owned();
            let said = Rescale { size, reason }.to_string();
            let row = Row {
                said: said.clone(),
                ..row()
            };
            assert!(Table::new(80).row(&row).ends_with(&said), "{said}");
        }
    }

    #[test]
    fn what_is_unknown_is_a_dash_and_not_a_zero() {
        let unknown = Row {
            stress_milli: None,
            desired: None,
            ..row()
        };
        let drawn = Table::new(200).row(&unknown);
        assert!(drawn.contains("131      –       –"), "{drawn}");
    }

    #[test]
    fn a_line_never_wraps() {
        for width in 1..140 {
            let table = Table::new(width);
            let drawn = format!("{}\n{}", table.headings(), table.row(&row()));
            for line in drawn.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}
