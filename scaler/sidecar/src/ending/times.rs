//! The times of a pod's end.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The times of a pod's end. They are written down, so that whoever else waits in the pod knows them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Times {
    /// The pod's `terminationGracePeriodSeconds`: after it the bridge is killed.
    pub grace: Duration,
    /// The bridge's `shutting-down-delay`: from SHUTTING_DOWN until it leaves.
    pub shutting_down_delay: Duration,
    /// What the rest takes: until the bridge hears of it, until jicofo has moved everybody (within 0.8 s) and until the bridge's
    /// process has ended (2 s after the delay; both seen on a running bridge).
    pub margin: Duration,
    /// From the moment on at which a bridge is hidden until nobody is on the way to it: jicofo learns of a drain with the
    /// bridge's next presence, within 5 s.
    pub settle: Duration,
}

impl Times {
    /// What the bridge needs from SHUTTING_DOWN until it has left.
    pub fn to_leave(&self) -> Duration {
        self.shutting_down_delay.saturating_add(self.margin)
    }

    /// How long people may finish before they are moved; nothing where the grace period leaves no time for it.
    pub fn to_finish(&self) -> Duration {
        self.grace.saturating_sub(self.to_leave())
    }

    /// After how long whoever waits for the bridge gives up: a bridge that was told to shut down has left by itself by then, and
    /// another one takes up to 2.5 s to end on SIGTERM (seen on a running bridge).
    pub fn to_wait(&self) -> Duration {
        self.grace.saturating_sub(self.margin / 3)
    }

    /// By how much the grace period is too short for a bridge to leave by itself, if it is.
    pub fn short_by(&self) -> Option<Duration> {
        let short = self.to_leave().saturating_sub(self.grace);
        (!short.is_zero()).then_some(short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn times(grace: Duration) -> Times {
        Times {
            grace,
            shutting_down_delay: seconds(60),
            margin: seconds(15),
            settle: seconds(6),
        }
    }

    #[test]
    fn the_grace_period_is_divided() {
        for (grace, to_finish, to_wait, short_by) in [
            (0, 0, 0, Some(75)),
            (3, 0, 0, Some(72)),
            (30, 0, 25, Some(45)),
            (74, 0, 69, Some(1)),
            (75, 0, 70, None),
            (76, 1, 71, None),
            (3_600, 3_525, 3_595, None),
        ] {
            let times = times(seconds(grace));
            assert_eq!(times.to_finish(), seconds(to_finish), "{grace}");
            assert_eq!(times.to_wait(), seconds(to_wait), "{grace}");
            assert_eq!(times.short_by(), short_by.map(seconds), "{grace}");
        }
    }

    #[test]
    fn times_beyond_all_bounds_are_no_error() {
        let times = Times {
            grace: seconds(30),
            shutting_down_delay: Duration::MAX,
            margin: Duration::MAX,
            settle: Duration::MAX,
        };
        assert_eq!(times.to_finish(), Duration::ZERO);
        assert_eq!(times.to_wait(), Duration::ZERO);
        assert_eq!(times.short_by(), Duration::MAX.checked_sub(seconds(30)));
    }
}
