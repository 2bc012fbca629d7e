//! Any bytes as a label selector.

#![no_main]

use adapter::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::selector(bytes);
});
