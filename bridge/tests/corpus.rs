//! The corpus of the fuzz targets, replayed without the toolchain that fuzzing needs.

use std::path::Path;

use bridge::{Source, fuzzing};

#[test]
fn every_body_of_the_corpus_is_read_without_panic_and_absurd_numbers() {
    for (target, source) in [
        ("metrics_json", Source::MetricsJson),
        ("colibri_stats", Source::ColibriStats),
        ("metrics_text", Source::MetricsText),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/corpus")
            .join(target);
        let mut readable = 0;
        for entry in std::fs::read_dir(&folder).expect("a corpus") {
            let path = entry.expect("an entry").path();
            let body = std::fs::read(&path).expect("a body");
            fuzzing::check(source, &body);
            readable += usize::from(source.read(&body, &[]).is_ok());
        }
        assert!(
            readable >= 3,
            "{target}: fuzzing starts from bodies that are read, not from noise"
        );
    }
}
