//! From a curve of people over time to conferences with names.

use std::ops::Range;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How many people there are to be when: straight lines between points.
#[derive(Clone, Debug)]
pub struct Profile {
    points: Vec<(Duration, f64)>,
    /// How long conferences last; where nothing is said until there are too many people, the oldest one first.
    lengths: Option<Range<Duration>>,
}

/// A conference that has begun.
struct Running {
    name: String,
    size: u32,
    began: Duration,
    until: Option<Duration>,
}

/// Sizes of conferences and how many of a hundred have them: most are small, a few are lectures.
const SIZES: [(u32, u32); 6] = [(2, 30), (3, 20), (5, 22), (8, 16), (14, 9), (25, 3)];

/// The size of the largest.
const LARGEST: u32 = 25;

/// People of one conference come within this time of its beginning and go within this time of its end.
const SPREAD: Duration = Duration::from_secs(2);

/// How finely the curve is followed.
const STEP: Duration = Duration::from_millis(250);

impl Profile {
    /// A curve through `points` of (time, people), in order of time. Before the first and after the last there is nobody.
    pub fn through(points: impl IntoIterator<Item = (Duration, f64)>) -> Self {
        Self {
            points: points.into_iter().collect(),
            lengths: None,
        }
    }

    /// The same curve with conferences that end by themselves after a time within these bounds, each after its own, so that
    /// people come and go all day. Where there are too many people, conferences end earlier, drawn by lot.
    #[must_use]
    pub fn lasting(mut self, lengths: Range<Duration>) -> Self {
        self.lengths = Some(lengths);
        self
    }

    /// The standard load, morning and evening: a few early people, a rise until half of the time, a peak until two
    /// thirds, a fall until the end. `people` are there at the peak, a twentieth of them at both ends.
    pub fn morning(people: u32, length: Duration) -> Self {
        let (peak, few) = (f64::from(people), f64::from(people) / 20.0);
        let at = |share: f64| length.mul_f64(share);
        Self::through([
            (at(0.0), few),
            (at(0.10), few),
            (at(0.53), peak),
            (at(0.68), peak),
            (at(1.0), few),
        ])
    }

    /// How many people the curve asks for at `time`.
    pub fn people(&self, time: Duration) -> f64 {
        let after = self.points.iter().position(|(at, _)| *at > time);
        match after {
            Some(0) => 0.0,
            None => self
                .points
                .last()
                .filter(|(at, _)| *at == time)
                .map_or(0.0, |(_, people)| *people),
            Some(next) => {
                let ((from, low), (to, high)) = (self.points[next - 1], self.points[next]);
                let share =
                    time.saturating_sub(from).as_secs_f64() / to.saturating_sub(from).as_secs_f64();
                low + (high - low) * share
            }
        }
    }

    fn end(&self) -> Duration {
        self.points.last().map_or(Duration::ZERO, |(at, _)| *at)
    }

    /// Conferences that follow the curve: a new one whenever people are missing, and one ends whenever there are too many or its
    /// time is over. Everybody is gone a moment after the end.
    pub fn schedule(&self, seed: u64) -> Schedule {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut next = draw_size(&mut rng);
        let mut running: Vec<Running> = Vec::new();
        let mut events = Vec::new();
        let (mut people, mut started, mut time) = (0.0_f64, 0_u32, Duration::ZERO);
        loop {
            let over = time >= self.end();
            let wanted = if over { 0.0 } else { self.people(time) };
            let mut ended: Vec<Running> = running
                .extract_if(.., |one| one.until.is_some_and(|until| until <= time))
                .collect();
            people -= ended.iter().map(|one| f64::from(one.size)).sum::<f64>();
            // One more and one fewer when that is nearer to the curve than what there is: half of a conference is the most by
            // which it is missed.
            while people + f64::from(next) / 2.0 < wanted {
                let size = std::mem::replace(&mut next, draw_size(&mut rng));
                started += 1;
                let name = format!("room-{started}@conference.meet.example");
                for endpoint in 0..size {
                    let at = time + SPREAD.mul_f64(rng.random::<f64>());
                    events.push(Event::new(at, What::Join, &name, endpoint));
                }
                people += f64::from(size);
                let lengths = self.lengths.as_ref();
                let until = lengths.map(|lengths| {
                    let range = lengths.end.saturating_sub(lengths.start);
                    time + lengths.start + range.mul_f64(rng.random::<f64>())
                });
                running.push(Running {
                    name,
                    size,
                    began: time,
                    until,
                });
            }
            while !running.is_empty() {
                let (which, missed) = match self.lengths {
                    // What is too much is not what a last conference that was too large left.
                    Some(_) => (rng.random_range(0..running.len()), LARGEST),
                    None => (0, running[0].size),
                };
                if !over && people - f64::from(missed) / 2.0 <= wanted {
                    break;
                }
                people -= f64::from(running[which].size);
                ended.push(running.remove(which));
            }
            for one in ended {
                // Nobody leaves before they came.
                let end = time.max(one.began + SPREAD);
                for endpoint in 0..one.size {
                    let at = end + SPREAD.mul_f64(rng.random::<f64>());
                    events.push(Event::new(at, What::Leave, &one.name, endpoint));
                }
            }
            if over {
                break;
            }
            time += STEP;
        }
        events.sort_by(|a, b| {
            (a.at, &a.conference, &a.endpoint).cmp(&(b.at, &b.conference, &b.endpoint))
        });
        Schedule { events }
    }
}

fn draw_size(rng: &mut ChaCha8Rng) -> u32 {
    let mut draw = rng.random_range(0..SIZES.iter().map(|(_, share)| share).sum());
    for (size, share) in SIZES {
        if draw < share {
            return size;
        }
        draw -= share;
    }
    SIZES[0].0
}

/// Joins and leaves in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// What happens, earliest first.
    pub events: Vec<Event>,
}

/// One person joins or leaves one conference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, counted from the start of the load.
    pub at: Duration,
    /// Joins or leaves.
    pub what: What,
    /// The conference's address.
    pub conference: String,
    /// The person's endpoint id, unique within all conferences.
    pub endpoint: String,
}

/// What a person does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// Comes into the conference.
    Join,
    /// Leaves it.
    Leave,
}

impl Event {
    fn new(at: Duration, what: What, conference: &str, endpoint: u32) -> Self {
        let room = conference.split('@').next().unwrap_or(conference);
        Self {
            at,
            what,
            conference: conference.to_owned(),
            endpoint: format!("{room}-{endpoint}"),
        }
    }
}

impl Schedule {
    /// What happens before this time, and what from then on, counted from it: so that something may be waited for in between.
    #[must_use]
    pub fn split(mut self, at: Duration) -> [Self; 2] {
        let first = self.events.partition_point(|event| event.at < at);
        let mut later = self.events.split_off(first);
        for event in &mut later {
            event.at -= at;
        }
        [self, Self { events: later }]
    }

    /// When the last event happens.
    pub fn end(&self) -> Duration {
        self.events.last().map_or(Duration::ZERO, |event| event.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    const LENGTH: Duration = Duration::from_secs(95);

    /// Number of people present after all that happens until `time`.
    fn present(schedule: &Schedule, time: Duration) -> i64 {
        let until = schedule.events.iter().take_while(|event| event.at <= time);
        until
            .map(|event| if event.what == What::Join { 1 } else { -1 })
            .sum()
    }

    #[test]
    fn the_same_seed_gives_the_same_people() {
        let morning = Profile::morning(200, LENGTH);
        assert_eq!(morning.schedule(7), morning.schedule(7));
        assert_ne!(morning.schedule(7), morning.schedule(8));
    }

    #[test]
    fn people_follow_the_curve_within_one_large_conference() {
        let morning = Profile::morning(300, LENGTH);
        for seed in 0..20 {
            let schedule = morning.schedule(seed);
            for second in 6..91 {
                let time = Duration::from_secs(second);
                // People come within SPREAD of their conference's start and go within it of its end.
                let (low, high) = (0..=16_u32)
                    .map(|step| morning.people(time.saturating_sub(STEP * step)))
                    .fold((f64::MAX, f64::MIN), |(low, high), people| {
                        (low.min(people), high.max(people))
                    });
                let there = present(&schedule, time) as f64;
                assert!(
                    (low - 25.0..=high + 25.0).contains(&there),
                    "seed {seed}, {second} s: {there} of {low}..{high}"
                );
            }
        }
    }

    #[test]
    fn everybody_who_joined_leaves_once_and_afterwards() {
        let schedule = Profile::morning(250, LENGTH).schedule(3);
        let mut inside = BTreeSet::new();
        for event in &schedule.events {
            let person = (&event.conference, &event.endpoint);
            match event.what {
                What::Join => assert!(inside.insert(person), "{person:?} joins twice"),
                What::Leave => assert!(
                    inside.remove(&person),
                    "{person:?} leaves without having been there"
                ),
            }
        }
        assert!(inside.is_empty(), "left behind: {inside:?}");
        assert!(schedule.end() <= LENGTH + 2 * SPREAD);
    }

    #[test]
    fn conferences_that_last_so_long_come_and_go_while_as_many_people_are_there() {
        let to = Duration::from_mins(1);
        let lengths = Duration::from_secs(6)..Duration::from_secs(15);
        let curve = Profile::through([(Duration::ZERO, 100.0), (to, 100.0)]);
        for seed in 0..20 {
            let schedule = curve.clone().lasting(lengths.clone()).schedule(seed);
            let came = schedule.events.len() / 2;
            assert!((400..1000).contains(&came), "seed {seed}: {came} came");
            for second in 10..60 {
                let there = present(&schedule, Duration::from_secs(second));
                assert!(
                    (65..=135).contains(&there),
                    "seed {seed}, {second} s: {there}"
                );
            }
            let mut came = BTreeMap::new();
            for event in &schedule.events {
                match event.what {
                    What::Join => drop(came.insert(&event.endpoint, event.at)),
                    What::Leave if event.at < to => {
                        let stayed = event.at.saturating_sub(came[&event.endpoint]);
                        let (least, most) = (
                            lengths.start.saturating_sub(SPREAD),
                            lengths.end + SPREAD + STEP,
                        );
                        assert!((least..=most).contains(&stayed), "seed {seed}: {stayed:?}");
                    }
                    What::Leave => {}
                }
            }
        }
    }

    #[test]
    fn two_parts_one_after_the_other_are_the_whole() {
        let whole = Profile::morning(200, LENGTH).schedule(5);
        let at = LENGTH.mul_f64(0.6);
        let [first, mut second] = whole.clone().split(at);
        assert!(first.end() < at && !second.events.is_empty());
        for event in &mut second.events {
            event.at += at;
        }
        let events = [first.events, second.events].concat();
        assert_eq!(Schedule { events }, whole);
    }

    #[test]
    fn there_is_nobody_outside_the_curve() {
        let profile = Profile::through([
            (Duration::from_secs(5), 10.0),
            (Duration::from_secs(10), 10.0),
        ]);
        assert!(profile.people(Duration::from_secs(4)).abs() < f64::EPSILON);
        assert!((profile.people(Duration::from_secs(7)) - 10.0).abs() < f64::EPSILON);
        assert!(profile.people(Duration::from_secs(11)).abs() < f64::EPSILON);
    }
}
