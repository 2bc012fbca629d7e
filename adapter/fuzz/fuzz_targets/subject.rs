//! Any bytes as the subject of a client's certificate.

#![no_main]

use adapter::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::subject(bytes);
});
