//! Any bytes as the token of a command.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scaler_sidecar::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::token(bytes);
});
