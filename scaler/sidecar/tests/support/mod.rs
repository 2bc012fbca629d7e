//! A pod on this machine: a bridge of the model behind a socket, and the real sidecar before it.

#![allow(dead_code, reason = "each file of tests uses its own part")]
#![allow(clippy::allow_attributes, reason = "which part that is differs")]

pub(crate) mod client;
pub(crate) mod mock;
pub(crate) mod pod;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// An address of the loopback device that no other test has, of this run or of another.
pub(crate) fn address() -> IpAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Ipv4Addr::new(127, 64 + high % 64, low, number).into()
}

/// Waits until something holds, but not for ever.
pub(crate) fn soon(what: &str, holds: impl FnMut() -> bool) {
    within(Duration::from_secs(20), what, holds);
}

/// Waits until something holds, but not for longer than this.
pub(crate) fn within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
