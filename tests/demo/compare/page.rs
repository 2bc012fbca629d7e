//! docs/compare.md, from the results alone.

use std::fmt::Write as _;

use super::method::METHOD;
use super::results::{Results, Spread};
use crate::outcome::Outcome;
use crate::pace::Pace;
use crate::setup::SetUp;

/// A column of the table: its name, the number, and how many digits it has behind the point.
type Column = (&'static str, fn(&Outcome) -> f64, usize);

const COLUMNS: [Column; 5] = [
    ("people cut", |day| day.cut as f64, 0),
    ("people moved", |day| day.moved as f64, 0),
    ("seconds of lost media", |day| day.lost_media_seconds, 0),
    ("time to serve, s", |day| day.short_seconds, 1),
    ("bridge-minutes", |day| day.bridge_minutes, 1),
];

/// What else is told of each set-up.
const MORE: [Column; 6] = [
    ("people who came", |day| day.came as f64, 0),
    ("bridges started", |day| day.started as f64, 0),
    ("ended as they were", |day| day.ended as f64, 0),
    (
        "drained empty and removed",
        |day| day.drained_empty as f64,
        0,
    ),
    ("taken back", |day| day.taken_back as f64, 0),
    ("jicofo's lost bridges", |day| day.lost_bridges as f64, 0),
];

/// The page.
pub(super) fn page(results: &Results) -> String {
    let mut page = format!(
        "# Side by side\n\n\
         `make compare` wrote this page from [compare/results.json](compare/results.json): the same people with a plain\n\
         Deployment of bridges, with a preStop drain, and with a BridgePool.\n\n{}\n",
        header(results)
    );
    page.push_str(&table(results));
    let _ = write!(page, "\n{}\n", finding(results));
    page.push_str("\n### What bridges did\n");
    page.push_str(&columns(results, &MORE));
    page.push('\n');
    page.push_str(METHOD);
    page.push_str("\n## What is shorter than in production\n```text\n");
    page.push_str(&Pace::PLAYED.header(&Pace::PRODUCTION));
    page.push_str("```\n");
    page
}

/// The table alone.
pub(super) fn table(results: &Results) -> String {
    columns(results, &COLUMNS)
}

/// How it was measured.
fn header(results: &Results) -> String {
    let machine = &results.machine;
    format!(
        "{} days of {} people at the peak, each played in two and a half minutes. Each number is the mean of a day (the least\n\
         and the most of all days). Measured at {} by `{}`, commit {}, in {} s, on {} cores of {},\n\
         Kubernetes {}; the load average was {} before and {} after, and the longest time between two looks {:.1} s.\n",
        results.seeds(),
        results.people,
        results.began,
        results.command,
        results.commit,
        results.seconds,
        machine.cores,
        machine.processor,
        machine.kubernetes,
        machine.load_before,
        results.load_after,
        results.longest_gap_seconds(),
    )
}

/// What the table comes to, in a sentence.
fn finding(results: &Results) -> String {
    let mean = |set_up, number: fn(&Outcome) -> f64| results.over(set_up, number).mean;
    let people = |count: f64| {
        if count < 0.05 {
            "nobody".to_owned()
        } else {
            format!("{count:.1}")
        }
    };
    let cut = |set_up| people(mean(set_up, |day| day.cut as f64));
    let minutes = |set_up| mean(set_up, |day| day.bridge_minutes);
    format!(
        "Of the {:.0} people of a day the plain Deployment cuts off {}, the one with a preStop drain {}, and the BridgePool {};\n\
         it moves {} to another bridge. It takes {:.1} bridge-minutes, where the plain Deployment takes {:.1}.",
        mean(SetUp::Pool, |day| day.came as f64),
        cut(SetUp::Plain),
        cut(SetUp::PreStop),
        cut(SetUp::Pool),
        people(mean(SetUp::Pool, |day| day.moved as f64)),
        minutes(SetUp::Pool),
        minutes(SetUp::Plain),
    )
}

fn columns(results: &Results, columns: &[Column]) -> String {
    let mut text = String::from("| |");
    let mut rule = String::from("| --- |");
    for (name, ..) in columns {
        let _ = write!(text, " {name} |");
        rule.push_str(" ---: |");
    }
    let _ = writeln!(text, "\n{rule}");
    for set_up in results.set_ups() {
        let _ = write!(text, "| {} |", set_up.title());
        for (_, number, digits) in columns {
            let _ = write!(text, " {} |", cell(results.over(set_up, number), *digits));
        }
        text.push('\n');
    }
    text
}

fn cell(spread: Spread, digits: usize) -> String {
    let Spread { mean, least, most } = spread;
    // A mean has one digit more than what it is of.
    let fine = digits.max(1);
    if (least - most).abs() < f64::EPSILON {
        return format!("{mean:.digits$}");
    }
    format!("{mean:.fine$} ({least:.digits$}–{most:.digits$})")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::results::Played;
    use super::*;
    use laboratory::machine::Machine;

    fn results() -> Results {
        let day = |seed, set_up, cut, short_seconds| Played {
            seed,
            set_up,
            outcome: Outcome {
                came: 1400 + seed,
                cut,
                lost_media_seconds: cut as f64 * 0.8,
                short_seconds,
                bridge_minutes: 12.0,
                ..Outcome::default()
            },
        };
        let days = (1..=3).flat_map(|seed| {
            [
                day(seed, SetUp::Plain, 80 + seed, 7.0 + seed as f64 / 2.0),
                day(seed, SetUp::PreStop, seed, 6.5),
                day(seed, SetUp::Pool, 0, 1.0),
            ]
        });
        Results {
            began: "2026-11-25T12:00:00Z".to_owned(),
            seconds: 480,
            command: "demo compare".to_owned(),
            commit: "0123456789ab".to_owned(),
            machine: Machine {
                processor: "Abacus".to_owned(),
                cores: 2,
                kubernetes: "1.36.3".to_owned(),
                load_before: "0.10".to_owned(),
                ..Machine::default()
            },
            load_after: "0.80".to_owned(),
            people: 240,
            days: days.collect(),
        }
    }

    #[test]
    fn the_page_is_made_from_the_results_alone() {
        insta::assert_snapshot!(page(&results()));
    }

    #[test]
    fn the_page_in_docs_is_made_from_the_results_beside_it() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let read = |name: &str| fs::read_to_string(docs.join(name)).ok();
        let results = read("compare/results.json");
        let results: Option<Results> =
            results.map(|text| serde_json::from_str(&text).expect("results of another form"));
        assert!(
            read("compare.md") == results.as_ref().map(page),
            "docs/compare.md is another; `make compare COMPARE_FLAGS=--from-results` writes it anew from docs/compare/results.json"
        );
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let json = serde_json::to_string(&results()).unwrap();
        let read: Results = serde_json::from_str(&json).unwrap();
        assert_eq!(read, results());
        assert_eq!(read.seeds(), 3);
    }
}
