//! What must be reached, and whether it was.
//!
//! Nothing is reached by a run that did not measure it: one that was quick, or built without optimisation, or with too few
//! measurements, or in which a read failed.

use std::fmt;

use crate::results::{Measure, OURS, Results, SCALER, Statistic, What};

/// A figure that must be reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// Whose.
    pub(crate) subject: &'static str,
    /// What.
    pub(crate) what: What,
    /// With so many bridges.
    pub(crate) bridges: usize,
    /// Which statistic of it.
    pub(crate) statistic: Statistic,
    /// On which side of the limit.
    pub(crate) side: Side,
    /// The limit, in the unit of what is measured.
    pub(crate) limit: f64,
    /// From how many measurements on it means anything.
    pub(crate) least: u64,
}

/// On which side of its limit a figure must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    /// Smaller.
    Below,
    /// Larger.
    Above,
}

const fn below(what: What, bridges: usize, statistic: Statistic, limit: f64, least: u64) -> Target {
    Target {
        subject: OURS,
        what,
        bridges,
        statistic,
        side: Side::Below,
        limit,
        least,
    }
}

const fn above(what: What, bridges: usize, limit: f64) -> Target {
    Target {
        subject: OURS,
        what,
        bridges,
        statistic: Statistic::Only,
        side: Side::Above,
        limit,
        least: 1,
    }
}

/// All of them, in the order in which they are told.
pub(crate) const TARGETS: [Target; 18] = [
    below(What::Age, 1_000, Statistic::P50, 0.5, 10_000),
    below(What::Age, 1_000, Statistic::P99, 1.5, 10_000),
    below(What::ReadDirect, 1_000, Statistic::P50, 2.0, 100),
    below(What::ReadDirectPacked, 1_000, Statistic::P50, 2.0, 100),
    below(What::ReadThrough, 1_000, Statistic::P50, 8.0, 100),
    below(What::ReadThroughPacked, 1_000, Statistic::P50, 8.0, 100),
    below(What::ReadDirect, 10_000, Statistic::P50, 20.0, 50),
    below(What::ReadDirectPacked, 10_000, Statistic::P50, 20.0, 50),
    above(What::Saturated, 1_000, 400.0),
    below(What::CpuAlone, 1_000, Statistic::Only, 6.0, 1),
    below(What::PeakMemory, 100, Statistic::Only, 15.0, 1),
    below(What::PeakMemory, 1_000, Statistic::Only, 35.0, 1),
    below(What::PeakMemory, 10_000, Statistic::Only, 200.0, 1),
    below(What::ReadWithRound, 1_000, Statistic::P99, 400.0, 90),
    below(What::FirstServed, 1_000, Statistic::Max, 1_000.0, 10),
    below(What::GoneAbsent, 1_000, Statistic::Max, 100.0, 10),
    below(What::StartAvailable, 1_000, Statistic::Max, 3.0, 5),
    below(What::AgeHpa, 1_000, Statistic::P50, 0.5, 6),
];

/// What the controller must reach.
pub(crate) const OF_SCALER: [Target; 6] = [
    below(What::PeakMemory, 1_000, Statistic::Only, 60.0, 1).of(SCALER),
    below(What::CpuAlone, 1_000, Statistic::Only, 10.0, 1).of(SCALER),
    below(What::Drain(1), 1_000, Statistic::Max, 1_000.0, 5).of(SCALER),
    below(What::Drain(100), 1_000, Statistic::Max, 1_000.0, 5).of(SCALER),
    below(What::TakeBack(100), 1_000, Statistic::Max, 1_000.0, 5).of(SCALER),
    below(What::Create(100), 1_000, Statistic::Max, 1_000.0, 2).of(SCALER),
];

/// Whether a figure was reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// It was.
    Reached,
    /// It was measured, and was not.
    Missed,
    /// It was not measured, for this reason.
    Unknown(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reached => f.write_str("yes"),
            Self::Missed => f.write_str("**no**"),
            Self::Unknown(why) => write!(f, "not measured: {why}"),
        }
    }
}

impl Target {
    /// The same of somebody else.
    const fn of(mut self, subject: &'static str) -> Self {
        self.subject = subject;
        self
    }

    /// What must be reached, for people.
    pub(crate) fn demand(&self) -> String {
        let side = match self.side {
            Side::Below => "below",
            Side::Above => "above",
        };
        let unit = self.what.unit();
        let demand = format!("{} {side} {} {unit}", self.statistic.name(), self.limit);
        demand.trim_start().to_owned()
    }

    /// What was measured for it, if anything.
    pub(crate) fn measure<'a>(&self, results: &'a Results) -> Option<&'a Measure> {
        results.of(self.subject, self.what, self.bridges)
    }

    /// Whether it was reached.
    pub(crate) fn judge(&self, results: &Results) -> Verdict {
        let unknown = |why: String| Verdict::Unknown(why);
        if results.quick {
            return unknown("a quick run measures nothing".to_owned());
        }
        if !results.release {
            return unknown("the build was not optimised".to_owned());
        }
        let Some(measure) = self.measure(results) else {
            return unknown("the run has no such figure".to_owned());
        };
        if measure.failures > 0 {
            return unknown(format!("{} attempts failed", measure.failures));
        }
        if measure.count() < self.least {
            return unknown(format!(
                "only {} measurements instead of {}",
                measure.count(),
                self.least
            ));
        }
        match measure.told(self.statistic) {
            None => unknown("the figure is no number".to_owned()),
            Some(value) if self.holds(value) => Verdict::Reached,
            Some(_) => Verdict::Missed,
        }
    }

    fn holds(&self, value: f64) -> bool {
        match self.side {
            Side::Below => value < self.limit,
            Side::Above => value > self.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fixtures::results;
    use crate::results::Value;
    use crate::statistics::Series;

    fn target(what: What) -> Target {
        let mut targets = TARGETS.into_iter().filter(|target| target.what == what);
        targets.next().unwrap()
    }

    fn with(what: What, value: Value, failures: u64) -> Results {
        let mut results = results();
        results.measures = vec![Measure {
            subject: OURS.to_owned(),
            what,
            bridges: target(what).bridges,
            failures,
            value,
        }];
        results
    }

    fn times(millis: u64, count: usize) -> Value {
        let mut series = Series::default();
        series.extend(std::iter::repeat_n(Duration::from_millis(millis), count));
        Value::Series(series)
    }

    #[test]
    fn a_figure_is_reached_on_the_right_side_of_its_limit_alone() {
        let cpu = target(What::CpuAlone);
        for (percent, verdict) in [
            (5.9, Verdict::Reached),
            (6.0, Verdict::Missed),
            (7.0, Verdict::Missed),
        ] {
            let results = with(What::CpuAlone, Value::Number(percent), 0);
            assert_eq!(cpu.judge(&results), verdict, "{percent}");
        }
        let saturated = target(What::Saturated);
        let results = with(What::Saturated, Value::Number(400.0), 0);
        assert_eq!(saturated.judge(&results), Verdict::Missed);
        let results = with(What::Saturated, Value::Number(401.0), 0);
        assert_eq!(saturated.judge(&results), Verdict::Reached);
    }

    #[test]
    fn times_are_compared_in_the_unit_of_the_limit() {
        let round = target(What::ReadWithRound);
        let judge = |millis| round.judge(&with(What::ReadWithRound, times(millis, 100), 0));
        assert_eq!(judge(399), Verdict::Reached);
        assert_eq!(judge(400), Verdict::Missed);
        let start = target(What::StartAvailable);
        let judge = |millis| start.judge(&with(What::StartAvailable, times(millis, 5), 0));
        assert_eq!(judge(2_999), Verdict::Reached);
        assert_eq!(judge(3_001), Verdict::Missed);
    }

    #[test]
    fn nothing_is_reached_by_what_was_not_measured() {
        let round = target(What::ReadWithRound);
        let unknown = |results: &Results| matches!(round.judge(results), Verdict::Unknown(_));
        let good = with(What::ReadWithRound, times(1, 100), 0);
        assert_eq!(round.judge(&good), Verdict::Reached);
        assert!(unknown(&with(What::ReadWithRound, times(1, 100), 1)));
        assert!(unknown(&with(What::ReadWithRound, times(1, 89), 0)));
        assert!(unknown(&with(What::ReadWithRound, times(1, 0), 0)));
        assert!(unknown(&with(What::ReadWithRound, Value::Number(1.0), 0)));
        assert!(unknown(&with(What::ReadDirect, times(1, 100), 0)));
        let mut quick = good.clone();
        quick.quick = true;
        assert!(unknown(&quick));
        let mut slow = good.clone();
        slow.release = false;
        assert!(unknown(&slow));
        let mut others = good.clone();
        others.measures[0].subject = "another".to_owned();
        assert!(unknown(&others));
        let mut fewer = good;
        fewer.measures[0].bridges = 999;
        assert!(unknown(&fewer));
        let none = with(What::CpuAlone, Value::Number(f64::NAN), 0);
        let verdict = target(What::CpuAlone).judge(&none);
        assert!(matches!(verdict, Verdict::Unknown(_)));
    }

    #[test]
    fn a_demand_names_its_side_and_its_unit() {
        assert_eq!(target(What::Age).demand(), "p50 below 0.5 s");
        assert_eq!(target(What::Saturated).demand(), "above 400 reads/s");
        assert_eq!(target(What::CpuAlone).demand(), "below 6 % of a core");
    }
}
