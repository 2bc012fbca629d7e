//! Any bytes as what a client accepts.

#![no_main]

use adapter::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::accept(bytes);
});
