//! `explain`.

mod reasons;

use std::fmt::Write as _;

use scaler_api::State;
use scaler_api::key::timestamp;
use scaler_api::spec::BridgePoolSpec;
use scaler_policy::report::{BridgeReport, Report, Victim};
use scaler_policy::world::Uid;
use scaler_policy::{RescueRank, Tally};

use self::reasons::{before, behind, doubt, hold, kept, unfit};
use super::pen::{Pen, short, since, some};
use super::status::{people, state, stress};
use super::table::{Side, Table};
use crate::view::{Order, Row, after_the_deadline};

const COLUMNS: [(&str, Side); 5] = [
    ("", Side::Right),
    ("BRIDGE", Side::Left),
    ("PEOPLE", Side::Right),
    ("STRESS", Side::Right),
    ("WHY", Side::Left),
];

/// Who would be drained next, and who taken back.
pub fn order(order: &Order, pen: &Pen) -> String {
    let mut text = String::new();
    let name = format!("{}/{}", order.namespace, order.name);
    let _ = writeln!(
        text,
        "{}: {} wanted, {} counted{}, as jvb-scaler sees it at {}",
        pen.bold(&name),
        some(order.counts.wanted.into(), "bridge", "bridges"),
        order.counts.counted,
        difference(&order.counts),
        pen.second(order.at)
    );
    for held in &order.holds {
        pen.paragraph(&mut text, "held   ", hold(*held));
    }
    text += "\nDrained first, when fewer are wanted:\n";
    text += &drained(order, pen);
    if !order.taken_back.is_empty() {
        text += "\nTaken back first, when more are wanted:\n";
        text += &taken_back(order, pen);
    }
    text
}

fn difference(counts: &Tally) -> String {
    match counts.counted.checked_sub(counts.wanted) {
        Some(0) => String::new(),
        Some(over) => format!(", {over} too many"),
        None => format!(", {} missing", counts.wanted - counts.counted),
    }
}

fn drained(order: &Order, pen: &Pen) -> String {
    if order.drained.is_empty() {
        return "  no bridge: none is counted\n".to_owned();
    }
    let mut table = Table::new(&COLUMNS);
    let reasons = places(&order.drained, |uid| name(order, uid).to_owned());
    for (victim, (place, why)) in order.drained.iter().zip(reasons) {
        add(&mut table, order, &victim.key.uid, place, why);
    }
    table.draw(pen)
}

fn taken_back(order: &Order, pen: &Pen) -> String {
    let mut table = Table::new(&COLUMNS);
    let mut place = 0;
    for rank in &order.taken_back {
        let why = rescue(rank);
        place += usize::from(rank.unfit.is_none());
        let number = rank.unfit.is_none().then_some(place);
        add(&mut table, order, &rank.key.uid, number, why);
    }
    table.draw(pen)
}

fn add(table: &mut Table, order: &Order, uid: &Uid, place: Option<usize>, why: String) {
    let row = order.bridges.iter().find(|row| row.uid == *uid);
    table.row(vec![
        place
            .map_or_else(|| "-".to_owned(), |place| place.to_string())
            .into(),
        name(order, uid).to_owned().into(),
        row.map(people).unwrap_or_default().into(),
        row.map(stress).unwrap_or_default().into(),
        why.into(),
    ]);
}

fn name<'a>(order: &'a Order, uid: &'a Uid) -> &'a str {
    let row = order.bridges.iter().find(|row| row.uid == *uid);
    row.map_or(uid.0.as_str(), |row| row.name.as_str())
}

/// The place of each bridge among those that would be drained now, from 1, and why it stands there.
fn places(victims: &[Victim], name: impl Fn(&Uid) -> String) -> Vec<(Option<usize>, String)> {
    let mut last: Option<&Victim> = None;
    let mut place = 0;
    let next = |after: usize| victims[after..].iter().find(|victim| victim.kept.is_none());
    let one = |(index, victim): (usize, &'_ Victim)| {
        if let Some(why) = victim.kept {
            return (None, format!("not now: {}", kept(why)));
        }
        place += 1;
        let why = match (last, next(index + 1)) {
            (Some(other), _) => format!(
                "after {}: {}",
                name(&other.key.uid),
                behind(&victim.key, &other.key)
            ),
            (None, Some(other)) => format!("next: {}", before(&victim.key, &other.key)),
            (None, None) => "next: no other can be".to_owned(),
        };
        last = Some(&victims[index]);
        (Some(place), why)
    };
    victims.iter().enumerate().map(one).collect()
}

fn rescue(rank: &RescueRank) -> String {
    let kind = if rank.key.warm { "warm" } else { "draining" };
    match rank.unfit {
        Some(why) => format!("{kind}, not now: {}", unfit(why)),
        None => format!(
            "{kind}, {:.2} below the target stress",
            rank.key.free.0 as f64 / 1000.0
        ),
    }
}

/// All about one bridge.
pub fn story(report: &Report, bridge: &BridgeReport, spec: &BridgePoolSpec, pen: &Pen) -> String {
    let now = timestamp(report.at);
    let row = Row::new(bridge);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} of {}/{}: {}, for {}",
        pen.bold(&bridge.name),
        report.namespace,
        report.pool,
        state(&row),
        short(since(timestamp(bridge.since), now))
    );
    let mut say =
        |first: &str, words: &str| pen.paragraph(&mut text, &format!("  {first:8}"), words);
    if !row.remarks.is_empty() {
        say("why", &row.remarks.join(", "));
    }
    say("load", &load(bridge, &row, now));
    if let Some(deadline) = bridge.deadline.map(timestamp) {
        let left = if deadline > now {
            format!("in {}", short(since(now, deadline)))
        } else {
            "past".to_owned()
        };
        say(
            "until",
            &format!(
                "{} ({left}); {}",
                pen.clock(deadline, now),
                after_the_deadline(spec, bridge.why)
            ),
        );
    }
    if let Some(why) = bridge.doubt {
        let empty = bridge.last.is_some_and(|look| bridge.fresh && look.empty());
        say("waits", &doubt(why, empty, spec));
    }
    say("drained", &victim(report, bridge));
    if let Some(words) = rescued(report, bridge) {
        say("back", &words);
    }
    for held in &report.holds {
        say("held", hold(*held));
    }
    text
}

fn load(bridge: &BridgeReport, row: &Row, now: jiff::Timestamp) -> String {
    let Some(look) = bridge.last else {
        return "not known: it has not answered since its start".to_owned();
    };
    let heard = short(since(timestamp(look.at), now));
    let people = look.people.map_or_else(
        || "an unknown number of people".to_owned(),
        |people| some(people, "person", "people"),
    );
    let conferences = look.conferences.map_or_else(
        || "an unknown number of conferences".to_owned(),
        |conferences| some(conferences, "conference", "conferences"),
    );
    let stress = look
        .stress
        .map_or_else(|| "?".to_owned(), |stress| format!("{stress:.2}"));
    let stale = if row.heard.is_some() && !bridge.fresh {
        ": too long, so it counts as busy"
    } else {
        ""
    };
    format!("{people} in {conferences}, stress {stress}; heard {heard} ago{stale}")
}

fn victim(report: &Report, bridge: &BridgeReport) -> String {
    let named = |uid: &Uid| {
        let bridge = report.bridges.iter().find(|bridge| bridge.uid == *uid);
        bridge.map_or_else(|| uid.0.clone(), |bridge| bridge.name.clone())
    };
    let reasons = places(&report.victims, named);
    let number = reasons.iter().filter(|(place, _)| place.is_some()).count();
    let found = report
        .victims
        .iter()
        .zip(reasons)
        .find(|(victim, _)| *victim.key.uid == bridge.uid);
    match found {
        Some((_, (Some(place), why))) => {
            format!("place {place} of {number}, when fewer are wanted; {why}")
        }
        Some((_, (None, why))) => why,
        None if bridge.state.draining() => "is being drained".to_owned(),
        None if bridge.state == State::Warm => "is drained already, and kept as a spare".to_owned(),
        None if bridge.state.countable() => "not by choice: it is not counted".to_owned(),
        None => "is on its way out".to_owned(),
    }
}

fn rescued(report: &Report, bridge: &BridgeReport) -> Option<String> {
    let index = report
        .rescues
        .iter()
        .position(|rank| *rank.key.uid == bridge.uid)?;
    let rank = &report.rescues[index];
    let number = report
        .rescues
        .iter()
        .filter(|rank| rank.unfit.is_none())
        .count();
    Some(match rank.unfit {
        Some(why) => format!("is not taken back: {}", unfit(why)),
        None => format!("place {} of {number}, when more are wanted", index + 1),
    })
}
