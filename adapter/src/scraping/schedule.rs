//! When each bridge is asked next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bridge::Time;

/// A bridge that failed is asked again within this time, so that it is soon known once it is well.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A bridge that has not answered since its start is most likely booting, which takes seconds: it is asked this often ...
const BOOT_WAIT: Duration = Duration::from_secs(1);

/// ... and for so many times.
const BOOT_TRIES: u32 = 30;

/// How a bridge fared so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Fortune {
    /// Whether its process ever answered.
    pub answered: bool,
    /// How many times it has failed since it last answered, or since it was first asked.
    pub failures: u32,
}

impl Fortune {
    /// It has just answered.
    pub(crate) const WELL: Self = Self {
        answered: true,
        failures: 0,
    };

    /// It has just failed.
    pub(crate) fn fail(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }
}

/// When to ask next, `now` being the end of the last time.
///
/// Each bridge has its own phase within the interval, by its UID: that spreads the work evenly, without a barrier, and the same
/// on every replica.
pub(crate) fn next(uid: &str, fortune: Fortune, interval: Duration, now: Time) -> Time {
    let Fortune { answered, failures } = fortune;
    if failures > 0 && !answered && failures <= BOOT_TRIES {
        return now + BOOT_WAIT.min(interval);
    }
    let doubled = interval.saturating_mul(1 << failures.saturating_sub(1).min(16));
    // A tick comes at the latest one interval after the moment from which it is looked for.
    let rest = doubled.min(LONGEST_WAIT).saturating_sub(interval);
    tick_after(now + rest, uid, interval)
}

/// The first moment of this bridge's phase after `now`.
fn tick_after(now: Time, uid: &str, interval: Duration) -> Time {
    let interval = i64::try_from(interval.as_millis())
        .unwrap_or(i64::MAX)
        .max(1);
    let mut hasher = DefaultHasher::new();
    uid.hash(&mut hasher);
    let phase = i64::try_from(hasher.finish() % interval.unsigned_abs()).unwrap_or_default();
    let since_tick = (now.as_millis() - phase).rem_euclid(interval);
    Time::from_millis(now.as_millis().saturating_add(interval - since_tick))
}

/// In which of two queues a bridge waits for its turn, so that those who take long keep nobody else from being asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lane {
    /// Its last question was answered soon, or failed soon, or there was none.
    Prompt,
    /// It was not.
    Dawdling,
}

/// Who is due when, in each lane; an entry whose time or lane is no longer the bridge's own is void.
#[derive(Debug, Default)]
pub(crate) struct Agenda([Queue; 2]);

/// The earliest first, by UID.
type Queue = BinaryHeap<Reverse<(Time, Box<str>)>>;

impl Agenda {
    /// The bridge of this UID is due then.
    pub(crate) fn enter(&mut self, lane: Lane, due: Time, uid: &str) {
        self.0[lane as usize].push(Reverse((due, uid.into())));
    }

    /// The first entry of this lane that is due, out of the agenda.
    pub(crate) fn due(&mut self, lane: Lane, now: Time) -> Option<(Time, Box<str>)> {
        if self.first(lane)? > now {
            return None;
        }
        self.0[lane as usize].pop().map(|Reverse(entry)| entry)
    }

    /// When the first entry of this lane is due.
    pub(crate) fn first(&self, lane: Lane) -> Option<Time> {
        let next = self.0[lane as usize].peek();
        next.map(|Reverse((due, _))| *due)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);

    fn fortune(answered: bool, failures: u32) -> Fortune {
        Fortune { answered, failures }
    }

    #[test]
    fn a_bridge_keeps_its_phase() {
        let first = next(
            "u",
            fortune(true, 0),
            INTERVAL,
            Time::from_millis(1_000_000),
        );
        let second = next(
            "u",
            fortune(true, 0),
            INTERVAL,
            first + Duration::from_millis(40),
        );
        assert_eq!(second.since(first), INTERVAL);
    }

    #[test]
    fn bridges_are_spread_over_the_interval() {
        let now = Time::from_millis(1_000_000);
        let mut slots = [0; 5];
        for bridge in 0..1_000 {
            let due = next(&format!("uid-{bridge}"), fortune(true, 0), INTERVAL, now);
            slots[((due.since(now).as_millis() - 1) / 1_000) as usize] += 1;
        }
        assert!(
            slots.iter().all(|slot| (150..250).contains(slot)),
            "{slots:?}"
        );
    }

    #[test]
    fn a_booting_bridge_is_asked_every_second_but_not_for_ever() {
        let now = Time::from_millis(1_000_000);
        let wait = |failures| next("u", fortune(false, failures), INTERVAL, now).since(now);
        let second = Duration::from_secs(1);
        assert_eq!(wait(1), second);
        assert_eq!(wait(30), second);
        assert!(wait(31) > INTERVAL);
    }

    #[test]
    fn the_agenda_gives_what_is_due_in_order() {
        let at = Time::from_millis;
        let mut agenda = Agenda::default();
        let (prompt, dawdling) = (Lane::Prompt, Lane::Dawdling);
        agenda.enter(prompt, at(30), "c");
        agenda.enter(prompt, at(10), "a");
        agenda.enter(dawdling, at(5), "d");
        agenda.enter(prompt, at(20), "b");
        assert_eq!(agenda.due(prompt, at(20)), Some((at(10), "a".into())));
        assert_eq!(agenda.due(prompt, at(20)), Some((at(20), "b".into())));
        assert_eq!(agenda.due(prompt, at(20)), None);
        assert_eq!(agenda.first(prompt), Some(at(30)));
        assert_eq!(agenda.due(dawdling, at(20)), Some((at(5), "d".into())));
        assert_eq!(agenda.first(dawdling), None);
    }

    proptest! {
        #[test]
        fn a_bridge_that_is_well_again_is_seen_within_10_seconds(uid: String, answered: bool, failures in 0_u32..1_000, seconds in prop_oneof![1_u64..60, Just(u64::MAX)], now in 0_i64..1_000_000_000) {
            let interval = Duration::from_secs(seconds);
            let now = Time::from_millis(now);
            let due = next(&uid, fortune(answered, failures), interval, now);
            prop_assert!(due > now);
            prop_assert!(due.since(now) <= interval.max(Duration::from_secs(10)));
        }
    }
}
