//! When a bridge started, by our clock, from what three clocks say.

use std::time::Duration;

use bridge::Time;
use bridge::stats::StartupTime;

use super::Sample;

/// Up to here the bridge's clock and ours agree: `Date` has whole seconds, and an answer takes its time.
const AGREEMENT: Duration = Duration::from_secs(2);

/// The latest moment at which the bridge of this answer may have started: too late only makes its stress unknown for longer,
/// too early would take a placeholder for a measurement.
///
/// The bridge's `startup_time` and the container's start are told by the clock of the bridge's node. Where the reply carries
/// that clock (`Date`), the difference to ours is taken out. What lies in the future even then is not believed, and without
/// any believable start the first answer is the start. A `startup_time` that is not believed is no reason to believe the
/// container's start: the process may be a later one.
pub(super) fn of(sample: &Sample, container: Option<Time>, first_answer: Time) -> Time {
    let by_our_clock = |told: Time| match sample.bridge_clock {
        Some(clock) if differ(clock, sample.at) => sample.at - clock.since(told),
        _ => told,
    };
    let in_future = |told: Time| match sample.bridge_clock {
        Some(clock) if differ(clock, sample.at) => told > clock + AGREEMENT,
        _ => told > sample.at,
    };
    let container = container
        .filter(|started| !in_future(*started))
        .map(by_our_clock);
    match sample.stats.startup_time {
        Some(StartupTime(told)) if in_future(told) => first_answer,
        Some(StartupTime(told)) => {
            let told = by_our_clock(told);
            container.map_or(told, |container| container.max(told))
        }
        None => container.unwrap_or(first_answer),
    }
}

fn differ(bridge: Time, ours: Time) -> bool {
    bridge.since(ours) > AGREEMENT || ours.since(bridge) > AGREEMENT
}

#[cfg(test)]
mod tests {
    use bridge::Stats;

    use super::*;

    const fn seconds(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    fn sample(startup_time: Option<Time>, bridge_clock: Option<Time>) -> Sample {
        Sample {
            stats: Stats {
                startup_time: startup_time.map(StartupTime),
                ..Stats::default()
            },
            at: seconds(1_000),
            bridge_clock,
        }
    }

    #[test]
    fn the_start_is_told_by_the_bridge() {
        let start = of(&sample(Some(seconds(970)), None), None, seconds(990));
        assert_eq!(start, seconds(970));
    }

    #[test]
    fn a_clock_that_is_a_minute_slow_makes_no_bridge_older() {
        // Started 5 s ago; its clock is 60 s behind ours.
        let told = sample(Some(seconds(935)), Some(seconds(940)));
        assert_eq!(of(&told, Some(seconds(934)), seconds(999)), seconds(995));
    }

    #[test]
    fn a_clock_that_is_a_minute_fast_makes_no_bridge_younger() {
        let told = sample(Some(seconds(760)), Some(seconds(1_060)));
        assert_eq!(of(&told, None, seconds(999)), seconds(700));
    }

    #[test]
    fn a_start_in_the_future_is_not_believed() {
        for clock in [None, Some(seconds(1_000)), Some(seconds(940))] {
            let told = sample(Some(seconds(1_100)), clock);
            assert_eq!(
                of(&told, Some(seconds(500)), seconds(990)),
                seconds(990),
                "{clock:?}"
            );
        }
    }

    #[test]
    fn a_start_before_the_containers_is_the_containers() {
        let told = sample(Some(seconds(1)), None);
        assert_eq!(of(&told, Some(seconds(985)), seconds(990)), seconds(985));
    }

    #[test]
    fn without_a_word_of_the_bridge_the_container_tells_and_without_both_the_first_answer() {
        let silent = sample(None, None);
        assert_eq!(of(&silent, Some(seconds(985)), seconds(990)), seconds(985));
        assert_eq!(
            of(&silent, Some(seconds(1_100)), seconds(990)),
            seconds(990)
        );
        assert_eq!(of(&silent, None, seconds(990)), seconds(990));
    }
}
