//! What came of a day: numbers of one set-up, worked out from what was seen. Pure.

use std::ops::Range;
use std::time::Duration;

use bridge::Time;
use bridge::model::Ledger;
use serde::{Deserialize, Serialize};

use crate::rescale::Rescale;
use crate::story::{Counts, Tally};

/// A bridge that people share with more than this stress on average is one that misses help: a quarter above what the HPA aims
/// at, and so beyond its tolerance.
const SHORT: f64 = 0.5;

/// What there was at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Since the load began.
    pub(crate) time: Duration,
    /// People in conferences.
    pub(crate) people: u64,
    /// Bridges.
    pub(crate) tally: Tally,
}

/// The numbers of one set-up.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Outcome {
    /// People who came.
    pub(crate) came: u64,
    /// Of them, those whose bridge vanished under them, once or more often.
    pub(crate) cut: u64,
    /// How often anybody's did.
    pub(crate) cuts: u64,
    /// Of the others, those who were sent from one bridge to another, once or more often.
    pub(crate) moved: u64,
    /// How often anybody was taken off a bridge with none to go on to, and how many people wait for one at the end.
    pub(crate) stranded: u64,
    /// Seconds without media, of all people together.
    pub(crate) lost_media_seconds: f64,
    /// Bridges that were started, with those of the beginning.
    pub(crate) started: usize,
    /// Bridges that were ended as they were.
    pub(crate) ended: usize,
    /// Bridges that were drained until their people had left, and removed.
    pub(crate) drained_empty: usize,
    /// Bridges whose last people were moved, and that were removed.
    pub(crate) evacuated: usize,
    /// Draining bridges that were taken back.
    pub(crate) taken_back: usize,
    /// The most bridges that were there at once.
    pub(crate) most: usize,
    /// Minutes that all bridges were there, added up.
    pub(crate) bridge_minutes: f64,
    /// How often jicofo says that it lost a bridge.
    pub(crate) lost_bridges: u64,
    /// For how long there were too few bridges when people came back from lunch.
    pub(crate) short_seconds: f64,
    /// The longest time between two looks: where it is long, the machine stood still, and numbers mean little.
    pub(crate) longest_gap_seconds: f64,
    /// What the HPA announced, in the order in which it did so last: Kubernetes keeps one event for words that come again.
    pub(crate) rescales: Vec<Rescale>,
}

/// What is known at the end of a day.
pub(crate) struct Seen<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) now: Time,
    pub(crate) lost_bridges: u64,
    pub(crate) counts: Counts,
    pub(crate) samples: &'a [Sample],
    pub(crate) rescales: Vec<Rescale>,
    /// What each person adds to a bridge's stress.
    pub(crate) person: f64,
    /// When people come back from lunch, until the afternoon is at its height.
    pub(crate) back: Range<Duration>,
}

impl Outcome {
    /// Works the numbers out.
    pub(crate) fn of(seen: Seen<'_>) -> Self {
        let Seen {
            ledger,
            counts,
            samples,
            ..
        } = seen;
        let lost_media = Duration::from_millis(ledger.lost_media_millis(seen.now));
        Self {
            came: ledger.came,
            cut: ledger.disturbed_by_cut,
            cuts: ledger.cut,
            moved: ledger.disturbed - ledger.disturbed_by_cut,
            stranded: ledger.stranded + ledger.waiting,
            lost_media_seconds: lost_media.as_secs_f64(),
            started: counts.started,
            ended: counts.ended,
            drained_empty: counts.drained_empty,
            evacuated: counts.evacuated,
            taken_back: counts.taken_back,
            most: samples
                .iter()
                .map(|sample| sample.tally.all())
                .max()
                .unwrap_or(0),
            bridge_minutes: bridge_time(samples).as_secs_f64() / 60.0,
            lost_bridges: seen.lost_bridges,
            short_seconds: short(samples, &seen.back, SHORT / seen.person).as_secs_f64(),
            longest_gap_seconds: longest_gap(samples).as_secs_f64(),
            rescales: seen.rescales,
        }
    }

    /// People to whom nothing happened.
    pub(crate) fn undisturbed(&self) -> u64 {
        self.came - self.cut - self.moved
    }
}

fn longest_gap(samples: &[Sample]) -> Duration {
    let gaps = samples
        .windows(2)
        .map(|pair| pair[1].time.saturating_sub(pair[0].time));
    gaps.max().unwrap_or_default()
}

/// How long bridges were there, all together.
fn bridge_time(samples: &[Sample]) -> Duration {
    let steps = samples.windows(2).map(|pair| {
        let bridges = u32::try_from(pair[0].tally.all()).unwrap_or(u32::MAX);
        pair[1].time.saturating_sub(pair[0].time) * bridges
    });
    steps.sum()
}

/// From the first moment within this time at which more than so many people come on each bridge that takes people, until the
/// last such moment is over: from when the returning load exceeds what there is, until enough bridges take people.
fn short(samples: &[Sample], within: &Range<Duration>, each: f64) -> Duration {
    let too_few = |sample: &Sample| sample.people as f64 > each * sample.tally.running as f64;
    let mut times = samples
        .windows(2)
        .filter(|pair| within.contains(&pair[0].time) && too_few(&pair[0]))
        .map(|pair| (pair[0].time, pair[1].time));
    let Some((first, end)) = times.next() else {
        return Duration::ZERO;
    };
    let end = times.next_back().map_or(end, |(_, end)| end);
    end.saturating_sub(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: u64, people: u64, running: usize) -> Sample {
        let tally = Tally {
            running,
            booting: 1,
            ..Tally::default()
        };
        Sample {
            time: Duration::from_secs(second),
            people,
            tally,
        }
    }

    #[test]
    fn bridges_cost_while_they_are_there_whatever_they_do() {
        let samples = [sample(0, 0, 1), sample(10, 0, 2), sample(30, 0, 9)];
        assert_eq!(bridge_time(&samples), Duration::from_secs(10 * 2 + 20 * 3));
        assert_eq!(bridge_time(&[]), Duration::ZERO);
        assert_eq!(longest_gap(&samples), Duration::from_secs(20));
    }

    #[test]
    fn a_shortage_lasts_from_its_first_moment_to_the_end_of_its_last() {
        let back = Duration::from_secs(70)..Duration::from_secs(90);
        let least = |samples: &[Sample]| short(samples, &back, 50.0).as_secs();
        let rising = [
            sample(60, 500, 1), // before
            sample(71, 100, 2),
            sample(72, 101, 2),
            sample(73, 150, 3),
            sample(74, 240, 3),
            sample(76, 240, 5),
            sample(91, 400, 5), // after
            sample(92, 400, 5),
        ];
        assert_eq!(least(&rising), 4);
        assert_eq!(least(&rising[4..]), 2);
        assert_eq!(least(&rising[5..]), 0);
    }

    #[test]
    fn whoever_was_cut_and_moved_is_one_person() {
        let mut ledger = Ledger::default();
        (ledger.came, ledger.disturbed, ledger.disturbed_by_cut) = (100, 12, 9);
        (ledger.cut, ledger.moved) = (11, 7);
        let outcome = Outcome::of(Seen {
            ledger: &ledger,
            now: Time::from_millis(0),
            lost_bridges: 3,
            counts: Counts::default(),
            samples: &[],
            rescales: Vec::new(),
            person: 0.01,
            back: Duration::ZERO..Duration::ZERO,
        });
        assert_eq!(
            (outcome.cut, outcome.moved, outcome.undisturbed()),
            (9, 3, 88)
        );
    }
}
