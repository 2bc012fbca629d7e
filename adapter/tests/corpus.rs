//! The corpus of the fuzz targets, replayed without the toolchain that fuzzing needs.

use std::path::Path;

use adapter::fuzzing;

/// Runs a target on every input of its corpus, of which so many at least are understood.
fn replay(target: &str, run: fn(&[u8]) -> bool, understood: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("a corpus") {
        let input = std::fs::read(entry.expect("an entry").path()).expect("an input");
        count += usize::from(run(&input));
    }
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
