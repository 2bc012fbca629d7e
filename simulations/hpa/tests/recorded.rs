//! The decisions of real controllers, recorded, come out here as they did there: in every field, of every sync.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use hpa::replay::{Episode, replay};

/// How much the recording of each version holds: one that is cut off must not pass for a good one.
const EPISODES: usize = 1_053;
const SYNCS: usize = 32_009;

fn every_field_of_every_sync(version: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recorded")
        .join(format!("hpa-{version}-open.jsonl.gz"));
    let file = File::open(path).expect("it is part of the project");
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    let (mut episodes, mut syncs, mut differences) = (0, 0, Vec::new());
    for line in lines {
        let line = line.expect("gzip of UTF-8");
        let episode: Episode = serde_json::from_str(&line).expect("an episode");
        let title = format!("episode {} ({})", episode.id, episode.name);
        let (steps, found) =
            replay(episode, None).unwrap_or_else(|error| panic!("{title}: {error}"));
        episodes += 1;
        syncs += steps;
        differences.extend(
            found
                .into_iter()
                .map(|difference| format!("{title}: {difference:?}")),
        );
    }
    assert_eq!((episodes, syncs), (EPISODES, SYNCS));
    let few: Vec<_> = differences.iter().take(10).map(String::as_str).collect();
    assert!(
        differences.is_empty(),
        "{} fields differ, of which the first are\n{}",
        differences.len(),
        few.join("\n")
    );
}

#[test]
fn the_controller_of_1_32_13_decided_so() {
    every_field_of_every_sync("1.32.13");
}

#[test]
fn the_controller_of_1_35_4_decided_so() {
    every_field_of_every_sync("1.35.4");
}

#[test]
fn the_controller_of_1_36_3_decided_so() {
    every_field_of_every_sync("1.36");
}
