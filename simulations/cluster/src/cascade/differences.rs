//! Where the runs differ from what was calculated, and what each difference comes from: every one is told, those that nothing
//! explains too.

use std::fmt::Write as _;

use super::figures::{COLUMNS, Column, Spread, rows};
use super::study::{Row, Study, Table};

/// A sentence for each figure of the first table that lies outside of what came out.
pub(super) fn differences(study: &Study) -> String {
    let mut text = String::new();
    for (row, courses) in rows(study, Table::Calculated) {
        for column in COLUMNS {
            let here = Spread::of_figure(column.of, courses);
            let Some(calculated) = row.calculated.as_ref().map(column.before) else {
                continue;
            };
            if here.outside(calculated) == 0.0 {
                continue;
            }
            let Column { name, decimals, .. } = column;
            // Writing to a text does not fail.
            let _ = writeln!(
                text,
                "- *{}*, {name}: {calculated:.decimals$} calculated, {} here. {}",
                row.name,
                here.told(decimals),
                explained(study, row, column, calculated)
            );
        }
    }
    text
}

/// What makes the calculated figure come out, of the rows that try it; or that none does.
fn explained(study: &Study, differs: &Row, column: Column, calculated: f64) -> String {
    let tried = [Table::Granted, Table::Seldom].map(|table| rows(study, table));
    let tried = tried.into_iter().flatten();
    let tried = tried.filter(|(row, _)| row.calculated == differs.calculated);
    // Of equals this is the first, which takes the least for granted.
    let nearest = tried
        .map(|(row, courses)| (row, Spread::of_figure(column.of, courses)))
        .min_by(|(_, a), (_, b)| a.outside(calculated).total_cmp(&b.outside(calculated)));
    let Some((row, there)) = nearest else {
        return "**Not explained.**".to_owned();
    };
    let told = there.told(column.decimals);
    match (there.outside(calculated) == 0.0, row.table) {
        (true, Table::Seldom) => format!("In {} seeds: {told}.", count(study, row)),
        (true, _) => format!("With *{}*: {told}.", row.name),
        (false, Table::Seldom) => format!(
            "**Not explained:** {told} in {} seeds too.",
            count(study, row)
        ),
        (false, _) => format!("**Not explained:** nearest is *{}*, {told}.", row.name),
    }
}

/// How many seeds a row has.
fn count(study: &Study, of: &Row) -> usize {
    let mut rows = rows(study, of.table);
    let found = rows.find(|(row, _)| *row == of);
    found.map_or(0, |(_, courses)| courses.len())
}
