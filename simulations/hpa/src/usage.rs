//! The size that a metric of pods asks for (`GetResourceReplicas` and `calcPlainMetricReplicas` in `replica_calculator.go`).

use bridge::Time;

use crate::arithmetic::to_i32;
use crate::class::{Flags, Tolerance};
use crate::grouping::{Group, Grouping};
use crate::inputs::{Pod, Samples};
use crate::proposal::{Current, Failure, Proposal};

/// Pods with their samples and, for utilization, what they request.
pub(crate) struct Usage<'a> {
    pub(crate) pods: &'a [Pod],
    pub(crate) samples: &'a Samples,
    pub(crate) cpu: bool,
    pub(crate) flags: &'a Flags,
    pub(crate) now: Time,
    pub(crate) tolerance: Tolerance,
    pub(crate) current: i32,
}

/// Numbers of pods by group; sums are kept by whoever goes through them.
#[derive(Clone, Copy, Default)]
struct Counts {
    ready: usize,
    unready: usize,
    missing: usize,
}

/// What pods use and request together, in thousandths; sums wrap as in Go.
#[derive(Clone, Copy, Default)]
struct Sums {
    usage: i64,
    requests: i64,
    entries: i64,
}

impl Sums {
    fn add(&mut self, usage: i64, request: i64) {
        self.usage = self.usage.wrapping_add(usage);
        self.requests = self.requests.wrapping_add(request);
        self.entries += 1;
    }

    fn average(&self) -> i64 {
        self.usage.wrapping_div(self.entries)
    }

    /// In percent, truncated; `None` when nothing is requested.
    fn utilization(&self) -> Option<i32> {
        let hundred = self.usage.wrapping_mul(100);
        (self.requests != 0).then(|| hundred.wrapping_div(self.requests) as i32)
    }
}

impl Usage<'_> {
    fn grouped(&self, mut each: impl FnMut(usize, Group)) -> Result<Counts, Failure> {
        if self.pods.is_empty() {
            return Err(Failure);
        }
        let grouping = Grouping::new(self.cpu, self.flags, self.now);
        let mut counts = Counts::default();
        let samples = self.samples.of_pods.iter().map(Option::as_ref);
        let samples = samples.chain(std::iter::repeat(None));
        for (index, (pod, sample)) in self.pods.iter().zip(samples).enumerate() {
            let group = grouping.of(pod, sample);
            match group {
                Group::Ignored => {}
                Group::Unready => counts.unready += 1,
                Group::Missing => counts.missing += 1,
                Group::Ready(_) => counts.ready += 1,
            }
            each(index, group);
        }
        Ok(counts)
    }

    /// For a target in thousandths per pod.
    pub(crate) fn average(&self, target: i64) -> Result<Proposal, Failure> {
        let mut sums = Sums::default();
        let counts = self.grouped(|_, group| {
            if let Group::Ready(milli) = group {
                sums.add(milli, 0);
            }
        })?;
        for milli in &self.samples.foreign {
            sums.add(*milli, 0);
        }
        if sums.entries == 0 {
            return Err(Failure);
        }
        let average = sums.average();
        let ratio = average as f64 / target as f64;
        let replicas = self.replicas(ratio, counts, || {
            let filled = filled(ratio, counts);
            // Towards fewer, who is missing is taken to be on target.
            for _ in 0..filled.missing {
                sums.add(if ratio < 1.0 { target } else { 0 }, 0);
            }
            for _ in 0..filled.unready {
                sums.add(0, 0);
            }
            Ok((sums.average() as f64 / target as f64, sums.entries as f64))
        })?;
        Ok(Proposal {
            replicas,
            current: Current::Average(average),
        })
    }

    /// For a target in percent of what pods request.
    pub(crate) fn utilization(
        &self,
        target: i32,
        requests: &[Option<i64>],
    ) -> Result<Proposal, Failure> {
        let request = |index: usize| requests.get(index).copied().flatten().unwrap_or_default();
        let mut sums = Sums::default();
        let counts = self.grouped(|index, group| {
            if let Group::Ready(milli) = group {
                sums.add(milli, request(index));
            }
        })?;
        // Also of pods that do not count.
        if requests.len() < self.pods.len() || requests.iter().any(Option::is_none) {
            return Err(Failure);
        }
        // Nothing is requested also where no pod counts.
        let percent = sums.utilization().ok_or(Failure)?;
        let average = sums.average();
        let ratio = f64::from(percent) / f64::from(target);
        let replicas = self.replicas(ratio, counts, || {
            let filled = filled(ratio, counts);
            // Towards fewer, who is missing is taken to use all it requests, or the target where that is more.
            let missing = i64::from(target.max(100));
            self.grouped(|index, group| match group {
                Group::Missing if filled.missing > 0 => {
                    let usage = request(index).wrapping_mul(missing).wrapping_div(100);
                    sums.add(if ratio < 1.0 { usage } else { 0 }, request(index));
                }
                Group::Unready if filled.unready > 0 => sums.add(0, request(index)),
                _ => {}
            })?;
            let percent = sums.utilization().ok_or(Failure)?;
            // Samples of unknown pods have no request and are in no sum, but they are counted here.
            let entries = sums.entries as f64 + self.samples.foreign.len() as f64;
            Ok((f64::from(percent) / f64::from(target), entries))
        })?;
        Ok(Proposal {
            replicas,
            current: Current::Utilization { percent, average },
        })
    }

    /// What both have in common. `again`: the ratio and the number of entries when the others are filled in.
    fn replicas(
        &self,
        ratio: f64,
        counts: Counts,
        again: impl FnOnce() -> Result<(f64, f64), Failure>,
    ) -> Result<i32, Failure> {
        if counts.missing == 0 && filled(ratio, counts).unready == 0 {
            return Ok(if self.tolerance.holds(ratio) {
                self.current
            } else {
                to_i32((ratio * counts.ready as f64).ceil())
            });
        }
        let (second, entries) = again()?;
        let turned = (ratio < 1.0 && second > 1.0) || (ratio > 1.0 && second < 1.0);
        if self.tolerance.holds(second) || turned {
            return Ok(self.current);
        }
        let replicas = to_i32((second * entries).ceil());
        let against =
            (second < 1.0 && replicas > self.current) || (second > 1.0 && replicas < self.current);
        Ok(if against { self.current } else { replicas })
    }
}

/// How many of those that have no sample, or none that counts, are filled in with an assumed one.
fn filled(ratio: f64, counts: Counts) -> Counts {
    let up = ratio > 1.0;
    Counts {
        ready: 0,
        unready: if up { counts.unready } else { 0 },
        missing: if up || ratio < 1.0 { counts.missing } else { 0 },
    }
}
