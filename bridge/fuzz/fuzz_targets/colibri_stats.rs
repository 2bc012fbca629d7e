//! Any bytes as `/colibri/stats`.

#![no_main]

use bridge::{Source, fuzzing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| fuzzing::check(Source::ColibriStats, body));
