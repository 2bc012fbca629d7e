//! Figures in the page's sentences: `{table: row: column}` is the mean and from where to where it goes, and with `: seeds` behind it in
//! how many seeds it is above 0.

use super::figures::{COLUMNS, Figure, Spread, TOLD, rows};
use super::study::{Study, Table};

const NAMES: [(&str, Table); 4] = [
    ("calculated", Table::Calculated),
    ("granted", Table::Granted),
    ("seldom", Table::Seldom),
    ("shipped", Table::Shipped),
];

/// A text with its figures. What is in braces and means nothing stays as it is.
pub(super) fn with_figures(text: &str, study: &Study) -> String {
    let mut parts = text.split('{');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let told = part
            .split_once('}')
            .and_then(|(name, rest)| Some((figure(name, study)?, rest)));
        match told {
            Some((told, rest)) => whole.extend([told.as_str(), rest]),
            None => whole.extend(["{", part]),
        }
    }
    whole
}

fn figure(name: &str, study: &Study) -> Option<String> {
    let (table, rest) = name.split_once(": ")?;
    let (_, table) = NAMES.iter().find(|(name, _)| *name == table)?;
    // Rows have colons in their names.
    let (rest, seeds) = match rest.strip_suffix(": seeds") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (row, column) = rest.rsplit_once(": ")?;
    let (_, courses) = rows(study, *table).find(|(other, _)| other.name == row)?;
    let (figure, decimals) = column_of(column)?;
    Some(if seeds {
        let some = courses.iter().filter(|course| figure(course) > 0.0).count();
        format!("{some} of {}", courses.len())
    } else {
        Spread::of_figure(figure, courses).told(decimals)
    })
}

fn column_of(name: &str) -> Option<(Figure, usize)> {
    let columns = COLUMNS
        .iter()
        .map(|column| (column.name, column.of, column.decimals));
    let mut columns = columns.chain(TOLD);
    let (_, figure, decimals) = columns.find(|(other, ..)| *other == name)?;
    Some((figure, decimals))
}
