//! The corpus of the fuzz targets, replayed without the toolchain that fuzzing needs.

use std::path::Path;
use std::sync::LazyLock;

use adapter::fuzzing;
use proptest::prelude::*;
use proptest::sample::Index;

/// Runs a target on every input of its corpus, of which so many at least are understood.
fn replay(target: &str, run: fn(&[u8]) -> bool, understood: usize) {
    let count = inputs(target).iter().filter(|input| run(input)).count();
    assert!(
        count >= understood,
        "{target}: only {count} are understood; fuzzing starts from what is, not from noise"
    );
}

#[test]
fn what_is_authorized_is_what_is_read_for_every_path_of_the_corpus() {
    replay("path", fuzzing::path, 15);
}

#[test]
fn every_selector_of_the_corpus_is_read_back_as_it_is_written() {
    replay("selector", fuzzing::selector, 12);
}

#[test]
fn no_answer_has_a_form_that_an_accept_header_of_the_corpus_does_not_name() {
    replay("accept", fuzzing::accept, 5);
}

#[test]
fn no_subject_of_the_corpus_has_a_name_that_it_does_not_carry() {
    replay("subject", fuzzing::subject, 9);
}

/// All inputs of a target's corpus.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(&folder).expect("a corpus");
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
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_holds_of_the_corpus_holds_of_what_is_spliced_from_it(
        pair: (Index, Index), places: (Index, Index), byte: u8,
    ) {
        type Target = (&'static str, fn(&[u8]) -> bool);
        const TARGETS: [Target; 4] = [
            ("path", fuzzing::path),
            ("selector", fuzzing::selector),
            ("accept", fuzzing::accept),
            ("subject", fuzzing::subject),
        ];
        static CORPORA: LazyLock<[Vec<Vec<u8>>; 4]> =
            LazyLock::new(|| TARGETS.map(|(target, _)| inputs(target)));
        for ((_, run), inputs) in TARGETS.iter().zip(CORPORA.iter()) {
            run(&spliced(inputs, pair, places, byte));
        }
    }
}
