//! The corpus of the fuzz targets, replayed without the toolchain that fuzzing needs.

use std::path::Path;

use bridge::Source;
use bridge::fuzzing::{self, replies};
use http::StatusCode;

/// The inputs of a target's corpus.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{target}: {error}"));
    entries
        .map(|entry| std::fs::read(entry.expect("an entry").path()).expect("an input"))
        .collect()
}

#[test]
fn every_reply_of_the_corpus_is_understood_or_refused_for_a_reason() {
    type Check = fn(StatusCode, &[u8]) -> usize;
    for (target, check, wanted) in [
        ("bridge_replies", replies::bridge as Check, 3),
        ("jicofo_replies", replies::jicofo, 12),
    ] {
        let mut understood = 0;
        for input in corpus(target) {
            let (status, body) = replies::split(&input);
            understood += check(status, body);
        }
        assert!(understood >= wanted, "{target}: {understood} readings");
    }
}

#[test]
fn every_fuzz_target_has_a_corpus_and_is_built() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("a manifest");
    let mut targets = 0;
    for entry in std::fs::read_dir(root.join("fuzz_targets")).expect("targets") {
        let path = entry.expect("an entry").path();
        let target = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name");
        assert!(!corpus(target).is_empty(), "{target} has no corpus");
        assert!(
            manifest.contains(&format!("name = \"{target}\"")),
            "{target} is not built"
        );
        targets += 1;
    }
    assert_eq!(
        targets,
        std::fs::read_dir(root.join("corpus"))
            .expect("corpora")
            .count()
    );
}

#[test]
fn every_body_of_the_corpus_is_read_without_panic_and_absurd_numbers() {
    for (target, source) in [
        ("metrics_json", Source::MetricsJson),
        ("colibri_stats", Source::ColibriStats),
        ("metrics_text", Source::MetricsText),
    ] {
        let mut readable = 0;
        for body in corpus(target) {
            fuzzing::check(source, &body);
            readable += usize::from(source.read(&body, &[]).is_ok());
        }
        assert!(
            readable >= 3,
            "{target}: fuzzing starts from bodies that are read, not from noise"
        );
    }
}
