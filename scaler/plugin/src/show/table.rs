//! Columns.

use clap::builder::styling::Style;

use super::pen::Pen;

/// Names longer than this do not push all else to the right.
const WIDEST: usize = 40;

/// What stands between two columns.
const GAP: &str = "  ";

/// A table whose last column takes what is left of the width, on as many lines as it needs.
pub(super) struct Table {
    heads: Vec<(&'static str, Side)>,
    rows: Vec<Vec<Cell>>,
}

/// To which side a column is set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A text, and how it looks.
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self {
            text,
            style: Style::new(),
        }
    }
}

impl Cell {
    pub(super) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self {
            text: text.into(),
            style,
        }
    }
}

impl Table {
    pub(super) fn new(heads: &[(&'static str, Side)]) -> Self {
        Self {
            heads: heads.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    pub(super) fn draw(&self, pen: &Pen) -> String {
        let widths = self.widths();
        let mut text = String::new();
        let heads: Vec<Cell> = self
            .heads
            .iter()
            .map(|(head, _)| Cell::styled(*head, Style::new().bold()))
            .collect();
        for cells in std::iter::once(&heads).chain(&self.rows) {
            self.line(&mut text, cells, &widths, pen);
        }
        text
    }

    /// The widths of all columns but the last one.
    fn widths(&self) -> Vec<usize> {
        let fixed = self.heads.len().saturating_sub(1);
        (0..fixed)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                let widths = cells.map(|cell| wide(&cell.text));
                let widest = widths.filter(|width| *width <= WIDEST).max();
                widest.unwrap_or_default().max(wide(self.heads[column].0))
            })
            .collect()
    }

    fn line(&self, text: &mut String, cells: &[Cell], widths: &[usize], pen: &Pen) {
        let mut line = String::new();
        let mut taken = 0;
        for ((cell, width), (_, side)) in cells.iter().zip(widths).zip(&self.heads) {
            let space = " ".repeat(width.saturating_sub(wide(&cell.text)));
            let shown = pen.styled(cell.style, &cell.text);
            let parts = match side {
                Side::Left => [&shown, &space],
                Side::Right => [&space, &shown],
            };
            line.extend(parts.into_iter().map(String::as_str).chain([GAP]));
            taken += wide(&cell.text).max(*width) + GAP.len();
        }
        let indent: usize = widths.iter().map(|width| width + GAP.len()).sum();
        let last = cells.get(widths.len());
        let words = last.map_or("", |cell| cell.text.as_str());
        // A name that is too long takes from its own first line alone.
        let room = |indent: usize| pen.width.saturating_sub(indent).max(20);
        let options = textwrap::Options::new(room(taken.max(indent))).break_words(false);
        let mut parts = textwrap::wrap(words, options).into_iter();
        let style = last.map_or(Style::new(), |cell| cell.style);
        line += &pen.styled(style, &parts.next().unwrap_or_default());
        text.push_str(line.trim_end());
        text.push('\n');
        for part in parts {
            text.push_str(&" ".repeat(indent));
            text.push_str(&pen.styled(style, &part));
            text.push('\n');
        }
    }
}

fn wide(text: &str) -> usize {
    text.chars().count()
}
