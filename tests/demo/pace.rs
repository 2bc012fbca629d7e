//! The pace at which the day is played: what is shortened, and what it is in production.

use std::fmt::Write as _;
use std::time::Duration;

use humantime::format_duration;

use crate::day;

/// Each duration that is shortened.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// The HPA looks this often.
    pub(crate) hpa_sync: Duration,
    /// The HPA scales down only to the largest size that it wanted within this time.
    pub(crate) scale_down_window: Duration,
    /// And by one bridge within this time.
    pub(crate) scale_down_every: Duration,
    /// A bridge samples its stress this often.
    pub(crate) sample: Duration,
    /// The adapter does not believe a bridge's stress before the bridge is this old: its first value is a placeholder.
    pub(crate) stress_unknown: Duration,
    /// A bridge tells jicofo how it is this often. The controller waits for two of these until it takes jicofo to know.
    pub(crate) presence: Duration,
    /// From a bridge's start until jicofo can send people to it.
    pub(crate) boot: Duration,
    /// The adapter reads each bridge this often.
    pub(crate) scrape: Duration,
    /// The controller looks at a bridge this often that serves, and that drains.
    pub(crate) looks: [Duration; 2],
    /// A bridge is not drained before it is this old.
    pub(crate) min_lifetime: Duration,
    /// A bridge may drain for so long until its last people are moved; the same for a preStop hook, whose people are then cut off.
    pub(crate) deadline: Duration,
    /// Between two conferences that are moved off a bridge.
    pub(crate) move_interval: Duration,
    /// A drained bridge must be seen empty for so long.
    pub(crate) settle: Duration,
    /// From a bridge's shutdown until it leaves, unless it is removed before.
    pub(crate) shutdown_delay: Duration,
    /// Bridges that lose their last people within this time of each other look like an outage of jicofo.
    pub(crate) mass_window: Duration,
    /// A conference lasts at least and at most so long.
    pub(crate) conference: [Duration; 2],
    /// From the first early person to the last late one.
    pub(crate) day: Duration,
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Pace {
    /// That of the demo.
    pub(crate) const PLAYED: Self = Self {
        hpa_sync: seconds(1),
        scale_down_window: seconds(10),
        scale_down_every: seconds(4),
        sample: seconds(1),
        stress_unknown: seconds(2),
        presence: millis(500),
        boot: seconds(5),
        scrape: seconds(1),
        looks: [millis(500), millis(200)],
        min_lifetime: seconds(2),
        deadline: seconds(20),
        move_interval: millis(200),
        settle: seconds(1),
        shutdown_delay: seconds(4),
        mass_window: seconds(8),
        conference: [day::CONFERENCE.start, day::CONFERENCE.end],
        day: day::LENGTH,
    };

    /// What it is where nobody is in a hurry. The boot is that of a bridge whose image and node are there already.
    pub(crate) const PRODUCTION: Self = Self {
        hpa_sync: seconds(15),
        scale_down_window: seconds(600),
        scale_down_every: seconds(60),
        sample: seconds(10),
        stress_unknown: seconds(20),
        presence: seconds(5),
        boot: seconds(6),
        scrape: seconds(5),
        looks: [seconds(5), seconds(1)],
        min_lifetime: seconds(120),
        deadline: seconds(60 * 60),
        move_interval: seconds(2),
        settle: seconds(15),
        shutdown_delay: seconds(60),
        mass_window: seconds(120),
        conference: [seconds(40 * 60), seconds(120 * 60)],
        day: seconds(10 * 60 * 60),
    };

    /// The table that stands above what is played.
    pub(crate) fn header(&self, production: &Self) -> String {
        let one = |what, of: fn(&Self) -> Duration| {
            let text = |pace| format_duration(of(pace)).to_string();
            (what, text(self), text(production))
        };
        let two = |what, of: fn(&Self) -> [Duration; 2]| {
            let text = |pace| {
                of(pace)
                    .map(|one| format_duration(one).to_string())
                    .join(", ")
            };
            (what, text(self), text(production))
        };
        let rows = [
            one("the HPA looks every", |pace| pace.hpa_sync),
            one("its scale-down window", |pace| pace.scale_down_window),
            one("it takes one bridge away in", |pace| pace.scale_down_every),
            one("a bridge samples its stress every", |pace| pace.sample),
            one("its stress is unknown for its first", |pace| {
                pace.stress_unknown
            }),
            one("it tells jicofo how it is every", |pace| pace.presence),
            one("it takes people after a start within", |pace| pace.boot),
            one("the adapter reads each bridge every", |pace| pace.scrape),
            two("the controller does, a draining one every", |pace| {
                pace.looks
            }),
            one("a bridge is not drained before it is", |pace| {
                pace.min_lifetime
            }),
            one("it may drain, or stay in preStop, for", |pace| {
                pace.deadline
            }),
            one("then one conference is moved every", |pace| {
                pace.move_interval
            }),
            one("it must be seen empty for", |pace| pace.settle),
            one("after its shutdown it leaves within", |pace| {
                pace.shutdown_delay
            }),
            one("many empty within this are an outage", |pace| {
                pace.mass_window
            }),
            two("a conference lasts at least, at most", |pace| {
                pace.conference
            }),
            one("a morning and an evening", |pace| pace.day),
        ];
        let mut text = format!("{:<42}{:>12}  {:>14}\n", "", "here", "in production");
        for (what, here, there) in rows {
            let _ = writeln!(text, "{what:<42}{here:>12}  {there:>14}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_lists_each_shortened_value_beside_its_production_value() {
        insta::assert_snapshot!(Pace::PLAYED.header(&Pace::PRODUCTION));
    }

    #[test]
    fn production_is_what_the_pool_and_its_controller_have_by_themselves() {
        let (pool, pace) = (scaler_api::BridgePoolSpec::default(), Pace::PRODUCTION);
        assert_eq!(pool.drain.deadline.get(), pace.deadline);
        assert_eq!(pool.drain.settle.get(), pace.settle);
        assert_eq!(pool.drain.move_interval.get(), pace.move_interval);
        assert_eq!(pool.min_lifetime.get(), pace.min_lifetime);
        let bridge = bridge::model::BridgeConfig::default();
        assert_eq!(bridge.presence_interval, pace.presence);
        assert_eq!(bridge.sample_interval, pace.sample);
        assert_eq!(bridge.brewery_join, pace.boot);
        assert_eq!(bridge.shutting_down_delay, pace.shutdown_delay);
    }
}
