//! `watch`.

use scaler_api::State;

use super::pen::{Pen, of, some};
use crate::changes::{Change, What};

/// A line for each.
pub fn changes(changes: &[Change], pen: &Pen) -> String {
    let mut text = String::new();
    for change in changes {
        let first = format!("{}  {}/", pen.second(change.at), change.namespace);
        let subject = match &change.bridge {
            Some(bridge) => format!("{} {bridge}", change.pool),
            None => change.pool.clone(),
        };
        let mut line = String::new();
        pen.paragraph(
            &mut line,
            "",
            &format!("{first}{subject}: {}", words(change, pen)),
        );
        // What does not fit stands below the subject.
        let indent = format!("\n{:10}", "");
        text += &line.trim_end().replace('\n', &indent);
        text.push('\n');
    }
    text
}

fn words(change: &Change, pen: &Pen) -> String {
    match &change.what {
        What::State {
            from,
            to,
            remarks,
            deadline,
            people,
            ..
        } => {
            let name = |state: State| pen.styled(of(Some(state)), &format!("{state:?}"));
            let mut parts = vec![match from {
                Some(from) => format!("{} → {}", name(*from), name(*to)),
                None => name(*to),
            }];
            parts.extend(people.map(|people| some(people, "person", "people")));
            parts.extend(deadline.map(|at| format!("until {}", pen.clock(at, change.at))));
            parts.extend(remarks.iter().cloned());
            parts.join(", ")
        }
        What::Remark { remark, holds } => {
            let no = if *holds { "" } else { "no longer: " };
            format!("{no}{remark}")
        }
        What::Wanted { from, to } => {
            let before = from.map_or_else(String::new, |from| format!(", {from} before"));
            format!("{} wanted{before}", some((*to).into(), "bridge", "bridges"))
        }
        What::Began { finding } => {
            let word = if finding.wrong { "wrong" } else { "note" };
            format!("{word}: {}: {}", finding.reason, finding.message)
        }
        What::Ended { finding } => format!("over: {}", finding.reason),
    }
}
