//! Any bytes as the head of a request.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scaler_sidecar::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::request(bytes);
});
