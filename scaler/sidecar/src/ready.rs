//! Whether the pod is ready: latched at the bridge's first join of its brewery, for as long as that run of the bridge lasts.
//!
//! It does not fall for a drain, for prosody or for jicofo: media goes on without them, and a pod that is not ready loses its
//! place behind Services.

use bridge::stats::StartupTime;
use serde::{Deserialize, Serialize};

use crate::sight::Sight;

/// The run of the bridge that has been in its brewery, as it is written down.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Joined {
    /// When that run started.
    pub startup_time: StartupTime,
}

/// Which run of the bridge has joined, and which one runs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Latch {
    joined: Option<Joined>,
    running: Option<StartupTime>,
}

impl Latch {
    /// What is known at the start: the run that joined, where it was written down.
    pub const fn kept(joined: Option<Joined>) -> Self {
        Self {
            joined,
            running: None,
        }
    }

    /// The bridge was heard. Tells what is to be written down, if anything is.
    pub fn hear(&mut self, sight: &Sight) -> Option<Joined> {
        // One that does not tell its run could be any.
        let startup_time = sight.startup?;
        self.running = Some(startup_time);
        let joined = Joined { startup_time };
        let is_new = sight.has_joined && self.joined != Some(joined);
        if is_new {
            self.joined = Some(joined);
        }
        is_new.then_some(joined)
    }

    /// Whether the run that was last heard of has been in its brewery. A bridge that does not answer is the one that it was.
    pub fn is_ready(&self) -> bool {
        match (self.joined, self.running) {
            (Some(joined), Some(running)) => joined.startup_time == running,
            (joined, None) => joined.is_some(),
            (None, Some(_)) => false,
        }
    }

    /// Whether any run of the bridge has ever been heard, by us or by the one of us that wrote it down.
    pub const fn has_heard(&self) -> bool {
        self.joined.is_some() || self.running.is_some()
    }
}

#[cfg(test)]
mod tests {
    use bridge::{State, Time};

    use super::*;

    const fn run(millis: i64) -> StartupTime {
        StartupTime(Time::from_millis(millis))
    }

    const fn sight(startup: Option<StartupTime>, has_joined: bool) -> Sight {
        Sight {
            startup,
            state: State::Accepting,
            is_drained: false,
            people: Some(0),
            conferences: Some(0),
            has_joined,
        }
    }

    #[test]
    fn it_is_ready_from_the_first_join_on_and_stays_so_without_xmpp() {
        let mut latch = Latch::default();
        assert!(!latch.is_ready());
        assert_eq!(latch.hear(&sight(Some(run(1)), false)), None);
        assert!(!latch.is_ready());
        let joined = Joined {
            startup_time: run(1),
        };
        assert_eq!(latch.hear(&sight(Some(run(1)), true)), Some(joined));
        assert!(latch.is_ready());
        assert_eq!(latch.hear(&sight(Some(run(1)), true)), None, "once");
        for state in [State::Draining, State::ShuttingDown] {
            let sight = Sight {
                state,
                is_drained: true,
                ..sight(Some(run(1)), false)
            };
            assert_eq!(latch.hear(&sight), None);
            assert!(latch.is_ready(), "{state:?} and out of its brewery");
        }
    }

    #[test]
    fn another_run_of_the_bridge_has_to_join_anew() {
        let mut latch = Latch::default();
        latch.hear(&sight(Some(run(1)), true));
        latch.hear(&sight(Some(run(2)), false));
        assert!(!latch.is_ready());
        latch.hear(&sight(Some(run(2)), true));
        assert!(latch.is_ready());
    }

    #[test]
    fn what_was_written_down_counts_until_another_run_is_heard() {
        let joined = Joined {
            startup_time: run(1),
        };
        let mut latch = Latch::kept(Some(joined));
        assert!(latch.is_ready(), "the bridge may be silent");
        latch.hear(&sight(Some(run(1)), false));
        assert!(latch.is_ready(), "prosody may be away");
        latch.hear(&sight(Some(run(2)), false));
        assert!(!latch.is_ready());
    }

    #[test]
    fn a_latch_that_was_lost_recovers_with_the_next_word_of_a_bridge_that_has_joined() {
        let mut latch = Latch::kept(None);
        assert!(!latch.is_ready());
        assert!(latch.hear(&sight(Some(run(1)), true)).is_some());
        assert!(latch.is_ready());
    }

    #[test]
    fn a_bridge_that_does_not_tell_its_run_changes_nothing() {
        let mut latch = Latch::default();
        assert_eq!(latch.hear(&sight(None, true)), None);
        assert!(!latch.is_ready());
        assert!(!latch.has_heard());
    }
}
