//! The one place where a clock is read.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bridge::Time;
use rustix::time::{ClockId, clock_gettime};

/// A wall clock that never jumps: it is read once, then the monotonic clock carries it on, so that a corrected system clock
/// makes no sample look old and no dead bridge look fresh. What others are told is in the system's time: see
/// [`correction`](Self::correction).
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: Time,
    origin: Instant,
    follows: bool,
}

/// How far the system's clock has moved away from a [`Clock`], in milliseconds; nothing where neither was corrected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Correction(i64);

impl Correction {
    /// A moment of the clock, as the system's clock says it now.
    #[must_use]
    pub const fn of(self, at: Time) -> Time {
        Time::from_millis(at.as_millis().saturating_add(self.0))
    }
}

impl Clock {
    /// A clock that agrees with the system's now.
    pub fn system() -> Self {
        Self::following(system())
    }

    /// A system's clock that said `wall` now, and may have been corrected since.
    pub fn following(wall: Time) -> Self {
        Self {
            follows: true,
            ..Self::at(wall)
        }
    }

    /// A clock that says `wall` now, whatever the system's says.
    pub fn at(wall: Time) -> Self {
        Self {
            wall,
            origin: Instant::now(),
            follows: false,
        }
    }

    /// The moment, in milliseconds since 1970.
    pub fn now(&self) -> Time {
        self.wall + self.origin.elapsed()
    }

    /// What turns moments of this clock into the system's, for those who are told of them.
    pub fn correction(&self) -> Correction {
        let ahead = if self.follows {
            system().as_millis() - self.now().as_millis()
        } else {
            0
        };
        Correction(ahead)
    }
}

/// How long this machine has been up, as every process on it sees it: what one of them wrote down of it means the same to
/// another, whatever is done to the system's clock meanwhile. It goes on while the machine sleeps.
pub fn uptime() -> Time {
    let up = clock_gettime(ClockId::Boottime);
    Time::from_millis(up.tv_sec.saturating_mul(1_000) + up.tv_nsec / 1_000_000)
}

fn system() -> Time {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(Time::default(), |since| Time::default() + since)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// More than two readings of a clock are apart, and less than any correction that matters.
    const BESIDE: Duration = Duration::from_mins(1);

    #[test]
    fn the_time_since_the_start_of_the_machine_goes_on_with_the_monotonic_clock() {
        let (before, origin) = (uptime(), Instant::now());
        std::thread::sleep(Duration::from_millis(20));
        let passed = uptime().since(before);
        assert!(passed >= Duration::from_millis(19), "{passed:?}");
        assert!(
            passed <= origin.elapsed() + Duration::from_millis(1),
            "{passed:?}"
        );
    }

    #[test]
    fn what_is_told_follows_a_system_clock_that_was_corrected() {
        let hour = Duration::from_hours(1);
        for wrong in [system() - hour, system() + hour, system()] {
            let clock = Clock::following(wrong);
            let told = clock.correction().of(clock.now());
            let apart = told.since(system()).max(system().since(told));
            assert!(apart < BESIDE, "{told} for {wrong}");
            assert!(clock.now().since(wrong) < BESIDE, "the clock itself jumped");
        }
        let set = Clock::at(Time::from_millis(1_000));
        assert_eq!(
            set.correction().of(Time::from_millis(7)),
            Time::from_millis(7)
        );
    }
}
