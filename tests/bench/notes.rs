//! What has been measured so far.

use std::time::Duration;

use crate::results::{Measure, Statistic, Subject, Value, What};
use crate::statistics::Series;

/// Everything that was measured and said about it.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// What was measured.
    pub(crate) measures: Vec<Measure>,
    /// What was left out, and why.
    pub(crate) remarks: Vec<String>,
    /// Who was measured.
    pub(crate) subjects: Vec<Subject>,
    /// The scenes that failed.
    pub(crate) failed: Vec<String>,
}

/// Attempts at one thing.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    series: Series,
    failures: u64,
    /// The first failure.
    why: Option<String>,
}

impl Tally {
    /// An attempt, with the times that it brought.
    pub(crate) fn take(&mut self, attempt: anyhow::Result<impl IntoIterator<Item = Duration>>) {
        match attempt {
            Ok(times) => self.series.extend(times),
            Err(error) => {
                self.failures += 1;
                self.why.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }

    /// The attempts of somebody else too.
    pub(crate) fn join(&mut self, other: Self) {
        self.series.merge(&other.series);
        self.failures += other.failures;
        self.why = self.why.take().or(other.why);
    }

    /// How many attempts did not fail, where each brings one time.
    pub(crate) fn count(&self) -> u64 {
        self.series.count()
    }
}

impl Notes {
    /// Times.
    pub(crate) fn times(&mut self, subject: &str, what: What, bridges: usize, tally: Tally) {
        let Tally {
            series,
            failures,
            why,
        } = tally;
        self.complain(subject, what, bridges, failures, why);
        self.put(subject, what, bridges, failures, Value::Series(series));
    }

    /// A number that was noted.
    pub(crate) fn of(&self, subject: &str, what: What, bridges: usize) -> Option<f64> {
        let noted = self.measures.iter().find(|measure| {
            measure.subject == subject && measure.what == what && measure.bridges == bridges
        });
        noted?.told(Statistic::Only)
    }

    /// A number, and how many attempts at it failed.
    pub(crate) fn number(&mut self, subject: &str, what: What, bridges: usize, number: f64) {
        self.put(subject, what, bridges, 0, Value::Number(number));
    }

    /// A number that a tally led to.
    pub(crate) fn rate(
        &mut self,
        subject: &str,
        what: What,
        bridges: usize,
        tally: Tally,
        number: f64,
    ) {
        let Tally { failures, why, .. } = tally;
        self.complain(subject, what, bridges, failures, why);
        self.put(subject, what, bridges, failures, Value::Number(number));
    }

    /// Something that whoever reads the results should know.
    pub(crate) fn remark(&mut self, remark: String) {
        self.remarks.push(remark);
    }

    fn complain(
        &mut self,
        subject: &str,
        what: What,
        bridges: usize,
        failures: u64,
        why: Option<String>,
    ) {
        if let Some(why) = why {
            self.remark(format!(
                "{subject}, {what:?}, {bridges} bridges: {failures} attempts failed, the first with: {why}"
            ));
        }
    }

    fn put(&mut self, subject: &str, what: What, bridges: usize, failures: u64, value: Value) {
        self.measures.push(Measure {
            subject: subject.to_owned(),
            what,
            bridges,
            failures,
            value,
        });
    }
}
