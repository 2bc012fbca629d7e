//! What is other in a pool than it was a moment ago. Without I/O.

use std::collections::BTreeMap;

use jiff::Timestamp;
use scaler_api::State;
use scaler_api::state::IntentReason;
use scaler_policy::world::Uid;
use serde::Serialize;

use crate::view::{Finding, Row, View};

/// Something that became other. As JSON it is a line of `watch -o json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// When it was seen.
    pub at: Timestamp,
    /// Namespace of the pool.
    pub namespace: String,
    /// Its name.
    pub pool: String,
    /// The bridge; `None` where it is the pool.
    pub bridge: Option<String>,
    /// What became other.
    #[serde(flatten)]
    pub what: What,
}

/// What became other.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(
    tag = "change",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum What {
    /// A bridge is in another state.
    State {
        /// In which it was; `None` where it is new.
        from: Option<State>,
        /// In which it is.
        to: State,
        /// Why.
        why: Option<IntentReason>,
        /// What should be known of it, and was not so before.
        remarks: Vec<String>,
        /// Until when it may drain, where that was not so before.
        deadline: Option<Timestamp>,
        /// People on it, as far as that is known.
        people: Option<u64>,
    },
    /// Something else should be known of a bridge, or no longer.
    Remark {
        /// What.
        remark: String,
        /// Whether it holds now.
        holds: bool,
    },
    /// Another number of bridges is wanted.
    Wanted {
        /// How many were; `None` where nothing was known.
        from: Option<u32>,
        /// How many are.
        to: u32,
    },
    /// Something is wrong with the pool, or should be known of it.
    Began {
        /// What.
        finding: Finding,
    },
    /// Something that was is no more.
    Ended {
        /// What.
        finding: Finding,
    },
}

/// What is other; of a pool that was not there before, everything.
pub fn changes(before: Option<&View>, after: &View) -> Vec<Change> {
    let nothing: &[Row] = &[];
    let mut old: BTreeMap<&Uid, &Row> = before
        .map_or(nothing, |view| &view.bridges)
        .iter()
        .map(|row| (&row.uid, row))
        .collect();
    let mut changes = Vec::new();
    let mut say = |bridge: Option<&Row>, what: What| {
        changes.push(Change {
            at: after.at,
            namespace: after.namespace.clone(),
            pool: after.name.clone(),
            bridge: bridge.map(|row| row.name.clone()),
            what,
        });
    };
    let (from, to) = (before.map(|view| view.counts.wanted), after.counts.wanted);
    if from != Some(to) {
        say(None, What::Wanted { from, to });
    }
    for row in &after.bridges {
        for what in of_a_bridge(old.remove(&row.uid), row) {
            say(Some(row), what);
        }
    }
    for row in old.into_values() {
        let what = What::State {
            from: row.state,
            to: State::Gone,
            why: None,
            remarks: Vec::new(),
            deadline: None,
            people: None,
        };
        say(Some(row), what);
    }
    let none: &[Finding] = &[];
    let were = before.map_or(none, |view| &view.findings);
    for finding in missing(&after.findings, were) {
        say(None, What::Began { finding });
    }
    for finding in missing(were, &after.findings) {
        say(None, What::Ended { finding });
    }
    changes
}

/// Those that are not among the others.
fn missing(these: &[Finding], others: &[Finding]) -> Vec<Finding> {
    let same = |one: &Finding, other: &Finding| {
        one.condition == other.condition && one.reason == other.reason
    };
    these
        .iter()
        .filter(|one| !others.iter().any(|other| same(one, other)))
        .cloned()
        .collect()
}

fn of_a_bridge(before: Option<&Row>, after: &Row) -> Vec<What> {
    let from = before.and_then(|row| row.state);
    let none: &[String] = &[];
    let were = before.map_or(none, |row| &row.remarks);
    let new = after.remarks.iter().filter(|one| !were.contains(one));
    match after.state {
        Some(to) if from != Some(to) => vec![What::State {
            from,
            to,
            why: after.why,
            remarks: new.cloned().collect(),
            deadline: after
                .deadline
                .filter(|_| before.and_then(|row| row.deadline) != after.deadline),
            people: after.people,
        }],
        _ => {
            let remark = |remark: &String, holds| What::Remark {
                remark: remark.clone(),
                holds,
            };
            let gone = were.iter().filter(|one| !after.remarks.contains(one));
            new.map(|one| remark(one, true))
                .chain(gone.map(|one| remark(one, false)))
                .collect()
        }
    }
}
