//! Any status and any bytes as the reply to each request to a jicofo.

#![no_main]

use bridge::fuzzing::replies;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (status, body) = replies::split(input);
    replies::jicofo(status, body);
});
