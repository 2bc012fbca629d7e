//! The day that is played: a morning, lunch, an afternoon and an evening.

use std::ops::Range;
use std::time::Duration;

use laboratory::load::{Profile, Schedule};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// From the first early person to the last late one.
pub(crate) const LENGTH: Duration = seconds(124);
/// After it the HPA still has its scale-down window, and bridges drain.
pub(crate) const EVENING: Duration = seconds(26);
/// How long a conference lasts.
pub(crate) const CONFERENCE: Range<Duration> = seconds(8)..seconds(24);
/// From when on people come back from lunch, until when most of them are there.
pub(crate) const RETURN: Range<Duration> = seconds(68)..seconds(92);

/// What the day is about from when on.
pub(crate) const PHASES: [(Duration, &str); 6] = [
    (seconds(0), "early in the day: few people are there"),
    (seconds(8), "morning: people come"),
    (seconds(48), "lunch: three in five people leave"),
    (seconds(68), "they come back"),
    (seconds(92), "evening: people leave"),
    (
        LENGTH,
        "nobody is left; what the HPAs still do follows their windows",
    ),
];

/// Who comes when, with so many people at the peak: the same for the same seed. Two in five stay at noon.
pub(crate) fn schedule(people: u32, seed: u64) -> Schedule {
    let peak = f64::from(people);
    let (few, noon) = (peak / 20.0, peak * 0.4);
    let curve = [
        (0, few),
        (8, few),
        (38, peak),
        (48, peak),
        (56, noon),
        (68, noon),
        (74, peak),
        (92, peak),
        (124, few),
    ];
    let points = curve.map(|(second, people)| (seconds(second), people));
    Profile::through(points).lasting(CONFERENCE).schedule(seed)
}

/// How many people there are at each moment for whoever looks around afterwards.
pub(crate) const AFTERWARDS: u32 = 120;

/// An hour of them. Their conferences last longer: a bridge that somebody drains is to be seen for a while.
pub(crate) fn afterwards(seed: u64) -> Schedule {
    let people = f64::from(AFTERWARDS);
    let points = [(0, 0.0), (15, people), (3600, people)];
    let points = points.map(|(second, people)| (seconds(second), people));
    let lengths = seconds(15)..seconds(60);
    Profile::through(points).lasting(lengths).schedule(seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use laboratory::load::What;

    #[test]
    fn each_phase_begins_where_the_curve_turns() {
        assert!(PHASES.is_sorted_by_key(|(from, _)| *from));
        assert_eq!(PHASES[3].0, RETURN.start);
        assert_eq!(PHASES[4].0, RETURN.end);
    }

    #[test]
    fn people_come_in_the_morning_leave_at_noon_and_come_back() {
        for seed in 1..=20 {
            let schedule = schedule(240, seed);
            let there = |second| {
                let events = schedule.events.iter();
                let until = events.take_while(|event| event.at <= seconds(second));
                until
                    .map(|event| if event.what == What::Join { 1 } else { -1 })
                    .sum::<i32>()
            };
            assert!(there(5) < 40 && there(46) > 200, "seed {seed}");
            assert!(there(66) < 130 && there(88) > 200, "seed {seed}");
            assert!(there(123) < 60 && there(129) == 0, "seed {seed}");
        }
    }
}
