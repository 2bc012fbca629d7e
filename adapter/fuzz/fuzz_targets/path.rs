//! Any bytes as the target of a request.

#![no_main]

use adapter::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::path(bytes);
});
