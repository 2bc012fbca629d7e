//! What one run of the benchmark found, as it is kept.

use laboratory::machine::Machine;
use serde::{Deserialize, Serialize};

use crate::statistics::Series;

/// Our adapter's name in the results.
pub(crate) const OURS: &str = "jvb-adapter";
/// The controller's.
pub(crate) const SCALER: &str = "jvb-scaler";
/// The mock bridges and readers themselves.
pub(crate) const HARNESS: &str = "harness";

/// One run.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Results {
    /// When it began, RFC 3339 in UTC.
    pub(crate) began: String,
    /// How long it took.
    pub(crate) seconds: u64,
    /// The command line.
    pub(crate) command: String,
    /// The commit of the sources, and whether they were changed since.
    pub(crate) commit: String,
    /// Whether everything was small and short, to prove that the benchmark works and nothing else.
    pub(crate) quick: bool,
    /// Whether benchmark and adapter were built for speed.
    pub(crate) release: bool,
    /// On what.
    pub(crate) machine: Machine,
    /// Who was measured.
    pub(crate) subjects: Vec<Subject>,
    /// What was left out, and why.
    pub(crate) remarks: Vec<String>,
    /// What was found.
    pub(crate) measures: Vec<Measure>,
}

/// An adapter that was measured.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Subject {
    /// Its name.
    pub(crate) name: String,
    /// How it was started, with what differs from run to run as `{placeholders}`.
    pub(crate) command: String,
    /// How many files it may have open.
    pub(crate) open_files: u64,
    /// Whether its values were given to it instead of being fetched from bridges.
    pub(crate) pushed: bool,
}

/// One thing about one adapter with so many bridges.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Measure {
    /// Whose.
    pub(crate) subject: String,
    /// What.
    pub(crate) what: What,
    /// How many bridges there were.
    pub(crate) bridges: usize,
    /// How many attempts failed, which the value does not hold.
    pub(crate) failures: u64,
    /// The value.
    pub(crate) value: Value,
}

// A number here is finite or it is not written: JSON has no others.
impl Eq for Measure {}

/// A value.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Value {
    /// One number in the unit of what was measured.
    Number(f64),
    /// Many times, in microseconds.
    Series(Series),
}

/// What can be measured.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    /// Age of each value of a read as an HPA makes it, every 15 s.
    Age,
    /// The same with bridges that measure their stress every 10 s.
    AgeSampled,
    /// The same of an adapter that asks no bridge for a reader's sake.
    AgeUnrefreshed,
    /// Mean age of the values that a real HPA averaged, when its status told them: two replicas, three HPAs.
    AgeHpa,
    /// One read of all pods, direct, that asks no bridge.
    ReadDirect,
    /// The same, packed.
    ReadDirectPacked,
    /// One read of all pods through kube-apiserver that asks no bridge.
    ReadThrough,
    /// The same, packed.
    ReadThroughPacked,
    /// Reads in a second by four clients, direct.
    Saturated,
    /// The same of an adapter that asks no bridge for a reader's sake.
    SaturatedUnrefreshed,
    /// Reads in a second by four clients through kube-apiserver.
    SaturatedThrough,
    /// CPU while nobody reads.
    CpuAlone,
    /// CPU while it is read as by three HPAs, every 5 s.
    CpuRead,
    /// The most memory that it ever had.
    PeakMemory,
    /// A read through kube-apiserver that has all old bridges asked first.
    ReadWithRound,
    /// From the first answer of a new bridge until its people are told.
    FirstServed,
    /// From the request to delete a pod until it is told no more.
    GoneAbsent,
    /// From the start of the process and of the APIServices until these are available.
    StartAvailable,
    /// The memory that it has at rest.
    Memory,
    /// From a write of the size until so many bridges are marked to drain.
    Drain(u32),
    /// From a write of the size until so many draining bridges are marked to serve again.
    TakeBack(u32),
    /// From a write of the size until so many new pods are there.
    Create(u32),
    /// CPU that it takes to drain so many bridges and to take them back.
    Work(u32),
}

impl What {
    /// The unit in which people are told; times are kept in microseconds.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Age
            | Self::AgeSampled
            | Self::AgeUnrefreshed
            | Self::AgeHpa
            | Self::StartAvailable => "s",
            Self::ReadDirect
            | Self::ReadDirectPacked
            | Self::ReadThrough
            | Self::ReadThroughPacked
            | Self::ReadWithRound
            | Self::FirstServed
            | Self::GoneAbsent
            | Self::Drain(_)
            | Self::TakeBack(_)
            | Self::Create(_)
            | Self::Work(_) => "ms",
            Self::Saturated | Self::SaturatedUnrefreshed | Self::SaturatedThrough => "reads/s",
            Self::CpuAlone | Self::CpuRead => "% of a core",
            Self::PeakMemory | Self::Memory => "MB",
        }
    }

    /// How many microseconds the unit of a time has.
    fn micros(self) -> f64 {
        if self.unit() == "s" { 1e6 } else { 1e3 }
    }
}

/// What of a measure is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Statistic {
    /// Half are not above.
    P50,
    /// 99 of 100 are not above.
    P99,
    /// The largest.
    Max,
    /// There is but one.
    Only,
}

impl Statistic {
    /// How it is written before a value.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::Max => "max",
            Self::Only => "",
        }
    }
}

impl Measure {
    /// The statistic in the unit that people are told.
    pub(crate) fn told(&self, statistic: Statistic) -> Option<f64> {
        let micros = match (&self.value, statistic) {
            (Value::Number(number), Statistic::Only) => {
                return Some(*number).filter(|number| number.is_finite());
            }
            (Value::Series(series), Statistic::P50) => series.quantile(0.5),
            (Value::Series(series), Statistic::P99) => series.quantile(0.99),
            (Value::Series(series), Statistic::Max) => series.max(),
            (Value::Number(_), _) | (Value::Series(_), Statistic::Only) => None,
        };
        micros.map(|micros| micros as f64 / self.what.micros())
    }

    /// How many times it was measured.
    pub(crate) fn count(&self) -> u64 {
        match &self.value {
            Value::Number(_) => 1,
            Value::Series(series) => series.count(),
        }
    }
}

impl Results {
    /// As JSON, with a line for each measure: what changes from run to run can be seen.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        let mut head = self.clone();
        let lines: Vec<String> = std::mem::take(&mut head.measures)
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<_, _>>()?;
        let head = serde_json::to_string_pretty(&head)?;
        let measures = format!("\"measures\": [\n{}\n]", lines.join(",\n"));
        Ok(head.replace("\"measures\": []", &measures) + "\n")
    }

    /// What was found of this.
    pub(crate) fn of(&self, subject: &str, what: What, bridges: usize) -> Option<&Measure> {
        self.measures.iter().find(|measure| {
            measure.subject == subject && measure.what == what && measure.bridges == bridges
        })
    }

    /// The numbers of bridges that were there, from few to many.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.measures.iter().map(|m| m.bridges).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::results;

    #[test]
    fn what_is_written_is_read_back() {
        let results = results();
        let json = results.to_json().unwrap();
        assert_eq!(serde_json::from_str::<Results>(&json).unwrap(), results);
        assert_eq!(
            json.matches("\n{\"subject\"").count(),
            results.measures.len()
        );
    }
}
