//! Whether the adapter lives, and whether it has something to say.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use bridge::Time;

/// The loop that asks bridges wakes at least once a second; silent for so long it hangs.
const HANGS_AFTER: Duration = Duration::from_secs(30);

/// After the pods are known, the first round of questions is waited for this long: one bridge that hangs must not keep the
/// adapter from answering for all others.
const FIRST_ROUND: Duration = Duration::from_secs(10);

/// What /livez and /readyz are answered from. No bridge can make the adapter die, and none can keep it from getting ready.
#[derive(Debug)]
pub(crate) struct Health {
    beat: AtomicI64,
    synced: AtomicI64,
    round_over: AtomicBool,
    leaving: AtomicBool,
    doubted: AtomicBool,
}

/// No moment.
const NEVER: i64 = i64::MIN;

impl Health {
    /// Just started, alive and not ready.
    pub(crate) const fn new(now: Time) -> Self {
        Self {
            beat: AtomicI64::new(now.as_millis()),
            synced: AtomicI64::new(NEVER),
            round_over: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            doubted: AtomicBool::new(false),
        }
    }

    /// The loop is alive.
    pub(crate) fn beat(&self, now: Time) {
        self.beat.store(now.as_millis(), Ordering::Relaxed);
    }

    /// All pods that were there at the start are known.
    pub(crate) fn pods_synced(&self, now: Time) {
        let _ = self.synced.compare_exchange(
            NEVER,
            now.as_millis(),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
    }

    /// Each of them has been asked once.
    pub(crate) fn first_round_over(&self) {
        self.round_over.store(true, Ordering::Relaxed);
    }

    /// Whether the API server believes the serving certificate; where nothing is known of it, it does.
    pub(crate) fn believed(&self, believed: bool) {
        self.doubted.store(!believed, Ordering::Relaxed);
    }

    /// The adapter is about to end: no longer ready, still alive.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Whether the loop turns.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(crate) fn live(&self, now: Time) -> Result<(), &'static str> {
        let beat = Time::from_millis(self.beat.load(Ordering::Relaxed));
        if now.since(beat) > HANGS_AFTER {
            return Err("the loop that asks the bridges hangs");
        }
        Ok(())
    }

    /// Whether there is something to say.
    ///
    /// # Errors
    /// What is waited for, for people.
    pub(crate) fn ready(&self, now: Time) -> Result<(), &'static str> {
        if self.leaving.load(Ordering::Relaxed) {
            return Err("shutting down");
        }
        if self.doubted.load(Ordering::Relaxed) {
            return Err(
                "no APIService that leads here vouches for the serving certificate; hint: the log says why",
            );
        }
        self.informed(now)
    }

    /// Whether what is known is all that there is to know. Before that a total would be one of the few bridges that were listed
    /// or asked first.
    ///
    /// # Errors
    /// What is waited for, for people.
    pub(crate) fn informed(&self, now: Time) -> Result<(), &'static str> {
        let synced = self.synced.load(Ordering::Relaxed);
        if synced == NEVER {
            return Err(
                "the pods are not known yet; hint: may the service account list and watch pods?",
            );
        }
        let waited = now.since(Time::from_millis(synced));
        if !self.round_over.load(Ordering::Relaxed) && waited < FIRST_ROUND {
            return Err("the bridges are being asked for the first time");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_millis(1_000);

    #[test]
    fn ready_when_the_pods_are_known_and_asked() {
        let health = Health::new(START);
        assert!(health.ready(START).is_err());
        health.pods_synced(START);
        assert!(health.ready(START).is_err());
        health.first_round_over();
        assert_eq!(health.ready(START), Ok(()));
    }

    #[test]
    fn a_bridge_that_hangs_keeps_nobody_from_getting_ready() {
        let health = Health::new(START);
        health.pods_synced(START);
        health.pods_synced(START + Duration::from_secs(10));
        assert_eq!(health.ready(START + Duration::from_secs(10)), Ok(()));
    }

    #[test]
    fn unsynced_pods_are_not_waited_away() {
        let health = Health::new(START);
        assert!(health.ready(START + Duration::from_hours(1)).is_err());
    }

    #[test]
    fn alive_while_the_loop_turns() {
        let health = Health::new(START);
        let later = START + Duration::from_millis(30_001);
        assert!(health.live(later).is_err());
        health.beat(later);
        assert_eq!(health.live(later), Ok(()));
    }

    #[test]
    fn whoever_is_not_believed_is_alive_and_not_ready() {
        let health = Health::new(START);
        health.pods_synced(START);
        health.first_round_over();
        for believed in [false, true] {
            health.believed(believed);
            assert_eq!(health.ready(START).is_ok(), believed);
            assert_eq!(health.live(START), Ok(()));
        }
    }

    #[test]
    fn whoever_leaves_is_alive_and_not_ready() {
        let health = Health::new(START);
        health.pods_synced(START);
        health.first_round_over();
        health.leave();
        assert!(health.ready(START).is_err());
        assert_eq!(health.live(START), Ok(()));
    }
}
