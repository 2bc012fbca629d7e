//! The one place where a clock is read.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bridge::Time;

/// A wall clock that never jumps: it is read once, then the monotonic clock carries it on, so that a corrected system clock
/// makes no sample look old and no dead bridge look fresh.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: Time,
    origin: Instant,
}

impl Clock {
    /// A clock that agrees with the system's now.
    pub fn system() -> Self {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(Time::default(), |since| Time::default() + since);
        Self {
            wall,
            origin: Instant::now(),
        }
    }

    /// A clock that says `wall` now.
    pub fn at(wall: Time) -> Self {
        Self {
            wall,
            origin: Instant::now(),
        }
    }

    /// The moment, in milliseconds since 1970.
    pub fn now(&self) -> Time {
        self.wall + self.origin.elapsed()
    }
}
