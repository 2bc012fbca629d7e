//! `status`.

use std::fmt::Write as _;

use clap::builder::styling::AnsiColor;
use scaler_api::State;
use scaler_policy::report::Room;

use super::pen::{Pen, of, short, since, some};
use super::table::{Cell, Side, Table};
use crate::view::{Row, View};

/// How pools are.
pub fn status(views: &[View], pen: &Pen) -> String {
    let pools: Vec<String> = views.iter().map(|view| pool(view, pen)).collect();
    pools.join("\n")
}

fn pool(view: &View, pen: &Pen) -> String {
    let mut text = String::new();
    let name = format!("{}/{}", view.namespace, view.name);
    let _ = writeln!(text, "{}: {}", pen.bold(&name), counts(view));
    if let Some(room) = &view.room {
        pen.paragraph(&mut text, "", &room_in_words(room));
    }
    if let Some(silence) = &view.silence {
        // That nobody leads is found and told below.
        let told = view
            .findings
            .iter()
            .any(|finding| finding.condition.is_none() && finding.wrong);
        let why = if told {
            String::new()
        } else {
            format!("{silence}. ")
        };
        let silence = format!(
            "{why}People, stress and room are not known: what is shown is what is written on the pods."
        );
        pen.paragraph(&mut text, "", &silence);
    }
    findings(&mut text, view, pen);
    if !view.bridges.is_empty() {
        text.push('\n');
        text += &bridges(view, pen);
    }
    if let Some(last) = &view.last_decision {
        let ago = short(since(last.time, view.at));
        text.push('\n');
        pen.paragraph(
            &mut text,
            "",
            &format!(
                "Last decision, {ago} ago, {}: {}",
                last.reason, last.message
            ),
        );
    }
    text
}

fn counts(view: &View) -> String {
    let counts = &view.counts;
    let starting = view
        .bridges
        .iter()
        .filter(|row| matches!(row.state, Some(State::Pending | State::Starting)))
        .count() as u32;
    let mut parts = vec![format!(
        "{} wanted, {} counted",
        some(counts.wanted.into(), "bridge", "bridges"),
        counts.counted
    )];
    for (number, what) in [
        (counts.active, "active"),
        (starting, "starting"),
        (counts.draining, "draining"),
        (counts.warm, "warm"),
        (counts.unknown, "unknown"),
    ] {
        if number > 0 || what == "active" {
            parts.push(format!("{number} {what}"));
        }
    }
    parts.join(", ")
}

/// How many more people fit, and how that was counted.
fn room_in_words(room: &Room) -> String {
    let on = some(room.bridges.into(), "active bridge", "active bridges");
    let unknown = match room.unknown {
        0 => String::new(),
        unknown => format!(
            "; {} of which too little is known, counted as full",
            some(unknown.into(), "more", "more")
        ),
    };
    let people = some(room.people, "person", "people");
    let most = room.max_stress;
    match room.more {
        Some(0) if room.bridges == 0 => {
            format!("No room that is known of: no active bridge says how it is{unknown}.")
        }
        Some(0) => format!(
            "No room: {on} with {people}, all at the stress of {most:.2} from which jicofo sends nobody to them{unknown}."
        ),
        Some(more) => format!(
            "Room for about {more} more people: the {people} on {on} make a stress of {:.2}, and {:.2} is left below {most:.2} each{unknown}.",
            room.stress, room.free_stress
        ),
        None => format!(
            "Room: a stress of {:.2} is left on {on} below {most:.2} each; {people} are too few to tell how many more that is{unknown}.",
            room.free_stress
        ),
    }
}

fn findings(text: &mut String, view: &View, pen: &Pen) {
    for finding in &view.findings {
        let (word, colour) = if finding.wrong {
            ("wrong", AnsiColor::Red)
        } else {
            ("note", AnsiColor::Yellow)
        };
        let reason = match &finding.condition {
            Some(condition) => format!("{condition}, {}", finding.reason),
            None => finding.reason.clone(),
        };
        let ago = finding
            .since
            .map(|at| format!(" for {}", short(since(at, view.at))))
            .unwrap_or_default();
        let mut lines = String::new();
        let first = format!("{word:5}  ");
        pen.paragraph(
            &mut lines,
            &first,
            &format!("{reason}{ago}: {}", finding.message),
        );
        // Broken first and coloured then: colours have no width.
        let rest = lines.strip_prefix(word).unwrap_or(&lines);
        text.push_str(&pen.styled(colour.on_default().bold(), word));
        text.push_str(rest);
    }
}

fn bridges(view: &View, pen: &Pen) -> String {
    let drains = view.bridges.iter().any(|row| row.deadline.is_some());
    let mut heads = vec![
        ("BRIDGE", Side::Left),
        ("STATE", Side::Left),
        ("PEOPLE", Side::Right),
        ("STRESS", Side::Right),
        ("SINCE", Side::Right),
    ];
    if drains {
        heads.push(("UNTIL", Side::Left));
    }
    heads.push(("WHY", Side::Left));
    let mut table = Table::new(&heads);
    let mut rows: Vec<&Row> = view.bridges.iter().collect();
    // In the order of a life, and what cannot be understood last.
    rows.sort_by_key(|row| (row.state.is_none(), row.state, &row.name));
    for row in rows {
        let since = row
            .since
            .map_or_else(unknown, |at| short(since(at, view.at)));
        let mut cells: Vec<Cell> = vec![
            row.name.clone().into(),
            Cell::styled(state(row), of(row.state)),
            people(row).into(),
            stress(row).into(),
            since.into(),
        ];
        if drains {
            cells.push(until(row, view, pen).into());
        }
        cells.push(row.remarks.join(", ").into());
        table.row(cells);
    }
    table.draw(pen)
}

fn until(row: &Row, view: &View, pen: &Pen) -> String {
    let Some(deadline) = row.deadline else {
        return String::new();
    };
    let clock = pen.clock(deadline, view.at);
    if deadline > view.at {
        format!("{clock} ({})", short(since(view.at, deadline)))
    } else {
        format!("{clock} (past)")
    }
}

pub(super) fn state(row: &Row) -> String {
    row.state
        .map_or_else(|| "Unreadable".to_owned(), |state| format!("{state:?}"))
}

pub(super) fn people(row: &Row) -> String {
    row.people.map_or_else(unknown, |people| people.to_string())
}

pub(super) fn stress(row: &Row) -> String {
    row.stress
        .map_or_else(unknown, |stress| format!("{stress:.2}"))
}

fn unknown() -> String {
    "?".to_owned()
}
