//! Moments as plain numbers, so that whoever owns the clock passes it in.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z in a running system, since the start in a simulation.
///
/// Arithmetic saturates: a moment is never an error.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// The moment so many milliseconds after zero.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds after zero.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// How long ago `earlier` was, seen from this moment; zero when it lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(if millis > 0 { millis as u64 } else { 0 })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:03} s",
            self.0.div_euclid(1000),
            self.0.rem_euclid(1000)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_ahead_is_no_time_ago() {
        let noon = Time::from_millis(1_000);
        assert_eq!(noon.since(Time::from_millis(2_000)), Duration::ZERO);
        assert_eq!(
            noon.since(Time::from_millis(400)),
            Duration::from_millis(600)
        );
    }

    #[test]
    fn arithmetic_saturates_instead_of_failing() {
        let end = Time::from_millis(i64::MAX);
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(
            Time::from_millis(i64::MIN) - Duration::MAX,
            Time::from_millis(i64::MIN)
        );
        assert_eq!(
            end.since(Time::from_millis(i64::MIN)),
            Duration::from_millis(i64::MAX as u64)
        );
    }
}
