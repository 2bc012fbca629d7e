//! Any bytes as the file of a pod's annotations.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scaler_sidecar::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::annotations(bytes);
});
