//! The corpus of the fuzz targets, replayed without the toolchain that fuzzing needs.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use http::Method;
use proptest::prelude::*;
use proptest::sample::Index;
use scaler_sidecar::fuzzing::{self, NOW, POD, signing_key};
use scaler_token::Claims;

/// Runs a target on every input of its corpus, of which so many at least are understood.
fn replay(target: &str, run: fn(&[u8]) -> bool, understood: usize) {
    let count = inputs(target).iter().filter(|input| run(input)).count();
    assert!(
        count >= understood,
        "{target}: only {count} are understood; fuzzing starts from what is, not from noise"
    );
}

#[test]
fn no_token_of_the_corpus_is_believed_that_was_not_signed_for_this() {
    replay("token", fuzzing::token, 3);
}

#[test]
fn every_request_of_the_corpus_is_answered_letter_by_letter_or_not_at_all() {
    replay("request", fuzzing::request, 13);
}

#[test]
fn no_annotations_of_the_corpus_say_what_they_do_not_name() {
    replay("annotations", fuzzing::annotations, 5);
}

/// The tokens that the corpus holds: each is good at the moment at which the targets show it.
#[test]
fn the_corpus_has_a_token_for_each_command() {
    for path in [
        "/colibri/drain/enable",
        "/colibri/drain/disable",
        "/colibri/shutdown",
    ] {
        let claims = Claims {
            pod: POD.to_owned(),
            method: Method::POST,
            path: path.to_owned(),
            issued: NOW,
            expires: NOW + Duration::from_secs(30),
        };
        let token = signing_key().sign(&claims);
        if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
            let name = path.rsplit('/').next().expect("a path");
            std::fs::write(folder("token").join(name), token.as_bytes()).expect("a file");
        }
        let is_there = inputs("token")
            .iter()
            .any(|input| input == token.as_bytes());
        assert!(
            is_there,
            "{path}: INSTA_UPDATE=always cargo test -p scaler-sidecar --test corpus"
        );
    }
}

fn folder(target: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target)
}

/// All inputs of a target's corpus.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder(target)).expect("a corpus");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        std::fs::read(entry.expect("an entry").path()).expect("an input")
    };
    entries.map(read).collect()
}

/// The start of one input and the end of another, with one byte between them changed.
fn spliced(
    inputs: &[Vec<u8>],
    (one, other): (Index, Index),
    (cut, at): (Index, Index),
    byte: u8,
) -> Vec<u8> {
    let (one, other) = (one.get(inputs), other.get(inputs));
    let mut spliced = one[..cut.index(one.len() + 1)].to_vec();
    spliced.extend(&other[cut.index(other.len() + 1)..]);
    if !spliced.is_empty() {
        let at = at.index(spliced.len());
        spliced[at] = byte;
    }
    spliced
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_holds_of_the_corpus_holds_of_what_is_spliced_from_it(
        pair: (Index, Index), places: (Index, Index), byte: u8,
    ) {
        type Target = (&'static str, fn(&[u8]) -> bool);
        const TARGETS: [Target; 3] = [
            ("token", fuzzing::token),
            ("request", fuzzing::request),
            ("annotations", fuzzing::annotations),
        ];
        static CORPORA: LazyLock<[Vec<Vec<u8>>; 3]> =
            LazyLock::new(|| TARGETS.map(|(target, _)| inputs(target)));
        for ((_, run), inputs) in TARGETS.iter().zip(CORPORA.iter()) {
            run(&spliced(inputs, pair, places, byte));
        }
    }
}
