//! What a bridge's sampler measures, and when a measurement becomes the stress that the bridge tells.

use std::time::Duration;

use crate::time::Time;

/// What the sampler of a bridge finds each time it looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// Stress of an idle bridge, and what each local endpoint adds.
    PerEndpoint {
        /// With nobody there.
        idle: f64,
        /// Added by each local endpoint.
        each: f64,
    },
    /// This stress, whoever is there. Not checked: a broken bridge can be made to say anything.
    Measured(f64),
    /// The measurement `packet-rate`: packets of all local endpoints by the threshold, which may come to more than 1.
    PacketRate {
        /// Packets per second of each local endpoint, received and sent.
        each: f64,
        /// `load-threshold`, packets per second: [`Load::PACKET_RATE_THRESHOLD`] unless set.
        threshold: f64,
    },
    /// The measurement `cpu-usage`, whoever is there.
    CpuUsage {
        /// What the JVM gives as the load of the CPU, a share of whatever it takes for the whole; negative: not available.
        cpu: f64,
        /// Share of the CPU that the hypervisor took, on the whole host.
        steal: f64,
    },
}

impl Default for Load {
    /// 0.03 idle as seen on a running bridge, 0.01 for each endpoint as jicofo assumes.
    fn default() -> Self {
        Self::PerEndpoint {
            idle: 0.03,
            each: 0.01,
        }
    }
}

impl Load {
    /// `load-threshold` of `packet-rate` in production, packets per second.
    pub const PACKET_RATE_THRESHOLD: f64 = 50_000.0;
    /// `load-threshold` of `cpu-usage` in production, a share of the CPU.
    pub const CPU_USAGE_THRESHOLD: f64 = 0.9;

    /// What the sampler finds with so many local endpoints.
    pub fn stress(self, local_endpoints: u32) -> f64 {
        match self {
            Self::PerEndpoint { idle, each } => each.mul_add(f64::from(local_endpoints), idle),
            Self::Measured(stress) => stress,
            Self::PacketRate { each, threshold } => each * f64::from(local_endpoints) / threshold,
            // Jitsi's source: the JVM's mark for a load that is not available is divided like any other.
            Self::CpuUsage { cpu, .. } if cpu < 0.0 => cpu / Self::CPU_USAGE_THRESHOLD,
            Self::CpuUsage { cpu, steal } => (cpu.min(1.0) + steal) / Self::CPU_USAGE_THRESHOLD,
        }
    }
}

/// What each local endpoint sends and receives; nothing by default, like the silent people of the recordings.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Media {
    /// Bits per second from an endpoint to the bridge.
    pub up_bits: u64,
    /// Bits per second from the bridge to an endpoint.
    pub down_bits: u64,
    /// Packets per second from an endpoint to the bridge.
    pub up_packets: u64,
    /// Packets per second from the bridge to an endpoint.
    pub down_packets: u64,
}

impl Media {
    /// Nobody sends anything.
    pub const SILENT: Self = Self {
        up_bits: 0,
        down_bits: 0,
        up_packets: 0,
        down_packets: 0,
    };

    /// Whether endpoints send nothing, which the bridge calls inactive.
    pub fn silent(self) -> bool {
        self.up_bits == 0
    }
}

/// A timer of a bridge: ticks at `first`, `first + interval` and so on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Timer {
    first: Time,
    interval: Duration,
}

impl Timer {
    pub(super) fn new(first: Time, interval: Duration) -> Self {
        Self {
            first,
            interval: interval.max(Duration::from_millis(1)),
        }
    }

    /// How many ticks there were up to and at this moment.
    pub(super) fn ticks(self, now: Time) -> i64 {
        let since = now
            .as_millis()
            .saturating_sub(self.first.as_millis())
            .saturating_add(self.millis());
        since.div_euclid(self.millis()).max(0)
    }

    /// When the tick with this number was; the first is number 1.
    pub(super) fn at(self, tick: i64) -> Time {
        let after = (tick - 1).saturating_mul(self.millis());
        Time::from_millis(self.first.as_millis().saturating_add(after))
    }

    /// The last tick up to and at this moment.
    pub(super) fn last(self, now: Time) -> Option<Time> {
        let ticks = self.ticks(now);
        (ticks > 0).then(|| self.at(ticks))
    }

    /// The first tick after this moment.
    pub(super) fn next(self, now: Time) -> Time {
        self.at(self.ticks(now) + 1)
    }

    fn millis(self) -> i64 {
        i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Stress as a bridge tells it: sampled now and then, worked out only when somebody looks or something changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sampler {
    timer: Timer,
    presence: Timer,
    of_start: f64,
    settled: Settled,
    /// What the last presence that is settled carried.
    told: f64,
    told_ticks: i64,
}

/// The sample that is worked out, and its number; number 0 is the placeholder.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Settled {
    ticks: i64,
    stress: f64,
}

impl Sampler {
    pub(super) fn new(timer: Timer, presence: Timer, placeholder: f64, of_start: f64) -> Self {
        Self {
            timer,
            presence,
            of_start,
            settled: Settled {
                ticks: 0,
                stress: placeholder,
            },
            told: placeholder,
            told_ticks: 0,
        }
    }

    /// The stress of this moment, if `measured` has been the measurement since it was last settled.
    pub(super) fn stress(&self, now: Time, measured: f64) -> f64 {
        match self.timer.ticks(now) {
            ticks if ticks <= self.settled.ticks => self.settled.stress,
            1 => measured + self.of_start,
            _ => measured,
        }
    }

    /// Whether a first real sample was taken.
    pub(super) fn sampled(&self, now: Time) -> bool {
        self.timer.ticks(now) > 0
    }

    /// The stress that the last presence carried, as jicofo knows it.
    pub(super) fn told(&self, now: Time, measured: f64) -> f64 {
        let ticks = self.presence.ticks(now);
        if ticks <= self.told_ticks {
            self.told
        } else {
            self.stress(self.presence.at(ticks), measured)
        }
    }

    /// Something else than `measured` will be measured from now on: work out what has been sampled until now.
    pub(super) fn settle(&mut self, now: Time, measured: f64) {
        self.told = self.told(now, measured);
        self.told_ticks = self.presence.ticks(now);
        self.settled = Settled {
            stress: self.stress(now, measured),
            ticks: self.timer.ticks(now),
        };
    }

    /// A presence out of turn, at the joining of the brewery.
    pub(super) fn tell(&mut self, now: Time, measured: f64) {
        self.settle(now, measured);
        self.told = self.settled.stress;
    }
}

#[cfg(test)]
#[expect(
    clippy::float_cmp,
    reason = "what is measured is handed on as it is, without arithmetic that rounds"
)]
mod tests {
    use super::*;

    const SECOND: i64 = 1000;

    fn sampler() -> Sampler {
        let timer = |interval: i64| {
            Timer::new(
                Time::from_millis(interval * SECOND),
                Duration::from_secs(interval.unsigned_abs()),
            )
        };
        Sampler::new(timer(10), timer(5), 0.0, 0.1)
    }

    #[test]
    fn the_first_value_is_a_placeholder_and_the_first_sample_carries_the_start() {
        let sampler = sampler();
        let stress = |second| sampler.stress(Time::from_millis(second * SECOND), 0.5);
        assert_eq!(stress(0), 0.0);
        assert_eq!(stress(9), 0.0);
        assert_eq!(stress(10), 0.6);
        assert_eq!(stress(19), 0.6);
        assert_eq!(stress(20), 0.5);
    }

    #[test]
    fn a_change_between_two_samples_shows_at_the_next() {
        let mut sampler = sampler();
        sampler.settle(Time::from_millis(23 * SECOND), 0.2);
        assert_eq!(sampler.stress(Time::from_millis(29 * SECOND), 0.9), 0.2);
        assert_eq!(sampler.stress(Time::from_millis(30 * SECOND), 0.9), 0.9);
    }

    #[test]
    fn jicofo_knows_the_stress_of_the_last_presence() {
        let mut sampler = Sampler::new(
            Timer::new(Time::from_millis(10 * SECOND), Duration::from_secs(10)),
            Timer::new(Time::from_millis(3 * SECOND), Duration::from_secs(5)),
            0.0,
            0.0,
        );
        let told = |sampler: &Sampler, second, measured| {
            sampler.told(Time::from_millis(second * SECOND), measured)
        };
        assert_eq!(
            told(&sampler, 12, 0.4),
            0.0,
            "the sample of 10 s is told at 13 s"
        );
        assert_eq!(told(&sampler, 13, 0.4), 0.4);
        sampler.settle(Time::from_millis(21 * SECOND), 0.4);
        sampler.settle(Time::from_millis(31 * SECOND), 0.7);
        assert_eq!(
            told(&sampler, 32, 0.9),
            0.4,
            "0.7 was sampled at 30 s and is told at 33 s"
        );
        assert_eq!(told(&sampler, 33, 0.9), 0.7);
    }
}
