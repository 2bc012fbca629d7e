//! The table that people watch: a line for a moment, with the same columns for each set-up.

use std::fmt::Write as _;
use std::time::Duration;

use crate::setup::SetUp;
use crate::story::Tally;

/// What there is at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// Since the load began.
    pub(crate) time: Duration,
    /// People in conferences.
    pub(crate) people: u64,
    /// Each set-up.
    pub(crate) cells: Vec<Cell>,
}

/// One set-up at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cell {
    /// The size that the HPA wants, once it has looked.
    pub(crate) wanted: Option<i32>,
    pub(crate) tally: Tally,
    /// People so far who were cut off, who were moved, and to whom nothing happened.
    pub(crate) cut: u64,
    pub(crate) moved: u64,
    pub(crate) undisturbed: u64,
    /// Draining bridges that were taken back so far.
    pub(crate) taken_back: usize,
}

/// The table on a screen of some width.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Table {
    width: usize,
    /// Room for the row of bridges.
    bridges: usize,
    /// Room for, and the name of, people to whom nothing happened.
    undisturbed: &'static str,
}

/// From this width on there is room for whole words.
const WIDE: usize = 100;
const BRIDGES: [usize; 2] = [8, 12];
/// The numbers of a set-up but the last, with the gaps before them: `HPA`, `cut`, `moved`.
const NUMBERS: usize = 3 + 1 + 1 + 4 + 1 + 5;

/// What the picture of bridges means.
pub(crate) const LEGEND: &str =
    "■ takes people   □ drains: its people stay, nobody new comes   · boots or ends";

impl Table {
    /// The table on a screen of so many columns.
    pub(crate) fn new(width: usize) -> Self {
        let wide = width >= WIDE;
        Self {
            width,
            bridges: BRIDGES[usize::from(wide)],
            undisturbed: if wide { "undisturbed" } else { "unharmed" },
        }
    }

    /// Whether the columns stand where they stand in `other`.
    pub(crate) fn has_columns_of(self, other: &Self) -> bool {
        self.bridges == other.bridges
    }

    /// The lines above it.
    pub(crate) fn headings(self, set_ups: &[SetUp]) -> String {
        let cell = NUMBERS + self.bridges + 1 + self.undisturbed.len();
        let mut lines = [String::from("            "), String::from(" time people")];
        for set_up in set_ups {
            let title = format!(" {} ", set_up.title());
            let _ = write!(lines[0], "  {title:─^cell$}");
            let names = self.numbers("HPA", "bridges", ["cut", "moved", self.undisturbed]);
            let _ = write!(lines[1], "  {names}");
        }
        lines.map(|line| self.cut(&line)).join("\n")
    }

    /// A line between lines, which says what the day is about from here on.
    pub(crate) fn phase(self, phase: &str) -> String {
        self.cut(&format!("────── {phase} ──────"))
    }

    /// One line of it.
    pub(crate) fn row(self, row: &Row) -> String {
        let seconds = row.time.as_secs();
        let mut line = format!("{:>2}:{:02} {:>6}", seconds / 60, seconds % 60, row.people);
        for cell in &row.cells {
            let unknown = || "–".to_owned();
            let wanted = cell
                .wanted
                .map_or_else(unknown, |wanted| wanted.to_string());
            let people = [cell.cut, cell.moved, cell.undisturbed].map(|people| people.to_string());
            let people = people.each_ref().map(String::as_str);
            let bridges = bridges(cell.tally, self.bridges);
            let _ = write!(line, "  {}", self.numbers(&wanted, &bridges, people));
        }
        self.cut(&line)
    }

    fn numbers(self, wanted: &str, bridges: &str, people: [&str; 3]) -> String {
        let [cut, moved, undisturbed] = people;
        let (room, last) = (self.bridges, self.undisturbed.len());
        format!("{wanted:>3} {bridges:<room$} {cut:>4} {moved:>5} {undisturbed:>last$}")
    }

    /// A line that is no wider than the screen.
    pub(crate) fn cut(self, line: &str) -> String {
        let line = line.trim_end();
        if line.chars().count() <= self.width {
            return line.to_owned();
        }
        let kept = line.chars().take(self.width.saturating_sub(1));
        kept.chain(['…']).collect()
    }
}

/// A sign for each bridge, as far as there is room.
fn bridges(tally: Tally, room: usize) -> String {
    let others = tally.booting + tally.ending;
    let signs = [
        "■".repeat(tally.running),
        "□".repeat(tally.draining),
        "·".repeat(others),
    ];
    signs.concat().chars().take(room).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET_UPS: [SetUp; 2] = [SetUp::Plain, SetUp::Pool];

    fn row() -> Row {
        let plain = Cell {
            wanted: Some(4),
            tally: Tally {
                running: 4,
                booting: 1,
                ending: 1,
                ..Tally::default()
            },
            cut: 157,
            moved: 0,
            undisturbed: 1203,
            taken_back: 0,
        };
        let pool = Cell {
            wanted: None,
            tally: Tally {
                running: 4,
                draining: 2,
                ..Tally::default()
            },
            cut: 0,
            moved: 14,
            undisturbed: 1346,
            taken_back: 1,
        };
        Row {
            time: Duration::from_secs(83),
            people: 131,
            cells: vec![plain, pool],
        }
    }

    #[test]
    fn a_row_stands_under_its_headings() {
        let drawn = [120, 100, 80, 60].map(|width| {
            let table = Table::new(width);
            format!(
                "{width} columns\n{}\n{}",
                table.headings(&SET_UPS),
                table.row(&row())
            )
        });
        insta::assert_snapshot!(drawn.join("\n\n"));
    }

    #[test]
    fn nothing_is_missing_on_eighty_columns() {
        let table = Table::new(80);
        let drawn = format!(
            "{}\n{}\n{LEGEND}",
            table.headings(&SET_UPS),
            table.row(&row())
        );
        assert!(!drawn.contains('…'), "{drawn}");
        assert!(
            drawn.lines().all(|line| line.chars().count() <= 80),
            "{drawn}"
        );
    }

    #[test]
    fn a_line_never_wraps() {
        for width in 1..140 {
            let table = Table::new(width);
            let drawn = format!("{}\n{}", table.headings(&SET_UPS), table.row(&row()));
            for line in drawn.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}
