//! Any bytes as `/metrics` as JSON.

#![no_main]

use bridge::{Source, fuzzing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| fuzzing::check(Source::MetricsJson, body));
