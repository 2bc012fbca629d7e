//! `jvb-sim conformance`: recorded decisions of a real HPA against [`hpa`].
//!
//! `lines` is the only part that reads, packed ones by `gzip`; a `problem` is what keeps a file from being replayed; the `report` counts.

mod gzip;
mod lines;
mod problem;
mod report;

use std::path::Path;

use hpa::Class;
use hpa::replay::{Episode, replay};

use crate::args::Conformance;
use lines::Lines;
pub use problem::Problem;
pub use report::Report;
use report::{Replayed, Title};

/// Replays all files.
pub fn run(arguments: &Conformance) -> Report {
    let Conformance { files, class, show } = arguments;
    let mut report = Report::new(*show);
    for file in files {
        let replayed = replay_file(file, *class, &mut report);
        report.end(replayed);
    }
    report
}

/// Replays a file as far as it goes.
fn replay_file(file: &Path, class: Option<Class>, report: &mut Report) -> Replayed {
    let mut replayed = Replayed::of(file);
    let mut lines = match Lines::open(file) {
        Ok(lines) => lines,
        Err(problem) => {
            replayed.problem = Some(problem);
            return replayed;
        }
    };
    replayed.problem = loop {
        let line = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) if replayed.episodes == 0 => break Some(Problem::nothing(file)),
            Ok(None) => break None,
            Err(problem) => break Some(problem),
        };
        let episode = match serde_json::from_slice::<Episode>(line) {
            Ok(episode) => episode,
            Err(error) => {
                let begins = line.trim_ascii_start().first().copied();
                let number = lines.number();
                let more = matches!(lines.next(), Ok(Some(_)));
                break Some(Problem::json(file, number, &error, begins, more));
            }
        };
        let title = Title::of(file, lines.number(), &episode);
        match replay(episode, class) {
            Ok((syncs, differences)) => {
                replayed.episodes += 1;
                replayed.syncs += syncs;
                replayed.differences += differences.len();
                report.differ(&title, &differences);
            }
            Err(error) => break Some(Problem::episode(file, lines.number(), &error)),
        }
    };
    replayed
}
