//! The demo's pace: what is shortened, and what it is in production.

use std::fmt::Write as _;
use std::time::Duration;

use humantime::format_duration;

/// Each duration that the demo shortens.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// The HPA looks this often.
    pub(crate) hpa_sync: Duration,
    /// The HPA scales down only to the largest size that it wanted within this time.
    pub(crate) scale_down_window: Duration,
    /// A bridge samples its stress this often.
    pub(crate) sample: Duration,
    /// The adapter does not believe a bridge's stress before the bridge is this old: its first value is a placeholder.
    pub(crate) stress_unknown: Duration,
    /// A bridge tells jicofo how it is this often.
    pub(crate) presence: Duration,
    /// From a bridge's start until jicofo can send people to it.
    pub(crate) boot: Duration,
    /// The adapter reads each bridge this often.
    pub(crate) scrape: Duration,
    /// From the first early person to the last late one.
    pub(crate) day: Duration,
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Pace {
    /// The demo's own.
    pub(crate) const DEMO: Self = Self {
        hpa_sync: seconds(1),
        scale_down_window: seconds(10),
        sample: seconds(1),
        stress_unknown: seconds(2),
        presence: Duration::from_millis(500),
        boot: seconds(5),
        scrape: seconds(1),
        day: seconds(95),
    };

    /// What it is where nobody is in a hurry. The boot is that of a bridge whose image and node are there already.
    pub(crate) const PRODUCTION: Self = Self {
        hpa_sync: seconds(15),
        scale_down_window: seconds(600),
        sample: seconds(10),
        stress_unknown: seconds(20),
        presence: seconds(5),
        boot: seconds(6),
        scrape: seconds(5),
        day: seconds(10 * 60 * 60),
    };

    /// The table that stands above the demo.
    pub(crate) fn header(&self, production: &Self) -> String {
        let rows = [
            ("the HPA looks every", self.hpa_sync, production.hpa_sync),
            (
                "its scale-down window",
                self.scale_down_window,
                production.scale_down_window,
            ),
            (
                "a bridge samples its stress every",
                self.sample,
                production.sample,
            ),
            (
                "its stress is unknown for its first",
                self.stress_unknown,
                production.stress_unknown,
            ),
            (
                "it tells jicofo how it is every",
                self.presence,
                production.presence,
            ),
            (
                "it takes people after a start within",
                self.boot,
                production.boot,
            ),
            (
                "the adapter reads each bridge every",
                self.scrape,
                production.scrape,
            ),
            ("a morning and an evening", self.day, production.day),
        ];
        let mut text = format!("{:<38}{:>10}  {:>13}\n", "", "here", "in production");
        for (what, here, there) in rows {
            let (here, there) = (
                format_duration(here).to_string(),
                format_duration(there).to_string(),
            );
            let _ = writeln!(text, "{what:<38}{here:>10}  {there:>13}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_lists_each_shortened_value_beside_its_production_value() {
        let expected = "
                                            here  in production
the HPA looks every                           1s            15s
its scale-down window                        10s            10m
a bridge samples its stress every             1s            10s
its stress is unknown for its first           2s            20s
it tells jicofo how it is every            500ms             5s
it takes people after a start within          5s             6s
the adapter reads each bridge every           1s             5s
a morning and an evening                  1m 35s            10h
";
        assert_eq!(
            format!("\n{}", Pace::DEMO.header(&Pace::PRODUCTION)),
            expected
        );
    }
}
