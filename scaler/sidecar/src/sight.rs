//! What was seen of the bridge when it was last looked at.

use bridge::stats::StartupTime;
use bridge::{State, Stats};
use reach::Failure;

/// What a look at the bridge came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Look {
    /// It told how it is.
    Heard(Sight),
    /// Nobody listens where it should: it has not started yet, or it is gone.
    Absent,
    /// Nothing that can be used, for whatever reason. It may have people on it.
    Silent,
}

/// What a bridge told of itself, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sight {
    /// Which run of it.
    pub startup: Option<StartupTime>,
    /// The worst of its flags.
    pub state: State,
    /// Its drain flag, which another flag may outrank.
    pub is_drained: bool,
    /// People on it; `None` where it did not tell, or told what cannot be true.
    pub people: Option<u64>,
    /// Conferences on it, also those that it only relays.
    pub conferences: Option<u64>,
    /// Whether it is in a brewery now.
    pub has_joined: bool,
}

impl Sight {
    /// Whether nobody and nothing is on it. What is unknown is busy, and so is a bridge that only relays.
    pub fn is_empty(&self) -> bool {
        self.people == Some(0) && self.conferences == Some(0)
    }
}

impl From<&Stats> for Sight {
    fn from(stats: &Stats) -> Self {
        Self {
            startup: stats.startup_time,
            state: State::from(stats.flags),
            is_drained: stats.flags.drain,
            people: stats.local_endpoints,
            conferences: stats.conferences,
            has_joined: stats.mucs_joined.is_some_and(|joined| joined > 0),
        }
    }
}

impl From<&Failure> for Look {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Connect(std::io::ErrorKind::ConnectionRefused) => Self::Absent,
            _ => Self::Silent,
        }
    }
}

impl Look {
    /// What was told, if anything was.
    pub const fn heard(&self) -> Option<&Sight> {
        match self {
            Self::Heard(sight) => Some(sight),
            Self::Absent | Self::Silent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bridge::stats::Flags;

    use super::*;

    #[test]
    fn what_is_not_told_is_busy() {
        let told = |people, conferences| {
            Sight::from(&Stats {
                local_endpoints: people,
                conferences,
                ..Stats::default()
            })
        };
        assert!(told(Some(0), Some(0)).is_empty());
        for (people, conferences) in [
            (None, Some(0)),
            (Some(0), None),
            (None, None),
            (Some(1), Some(1)),
            (Some(0), Some(1)),
        ] {
            let sight = told(people, conferences);
            assert!(!sight.is_empty(), "{people:?} {conferences:?}");
        }
    }

    #[test]
    fn only_a_refused_connection_says_that_nobody_is_there() {
        use std::io::ErrorKind;
        let absent = Failure::Connect(ErrorKind::ConnectionRefused);
        assert_eq!(Look::from(&absent), Look::Absent);
        for failure in [
            Failure::Connect(ErrorKind::PermissionDenied),
            Failure::Closed,
            Failure::Timeout,
            Failure::Truncated,
            Failure::Status(http::StatusCode::NOT_FOUND),
        ] {
            assert_eq!(Look::from(&failure), Look::Silent, "{failure}");
        }
    }

    #[test]
    fn the_drain_flag_is_told_beside_the_state_that_outranks_it() {
        let stats = Stats {
            flags: Flags {
                drain: false,
                graceful_shutdown: false,
                shutting_down: true,
            },
            mucs_joined: Some(1),
            ..Stats::default()
        };
        let sight = Sight::from(&stats);
        assert_eq!(sight.state, State::ShuttingDown);
        assert!(!sight.is_drained && sight.has_joined);
    }
}
