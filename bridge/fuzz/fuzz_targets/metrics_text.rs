//! Any bytes as `/metrics` as text.

#![no_main]

use bridge::{Source, fuzzing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| fuzzing::check(Source::MetricsText, body));
