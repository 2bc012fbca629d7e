//! Whether the demo showed what it is to show: one finding for each condition.

use std::fmt;

use crate::outcome::Outcome;
use crate::rescale::Course;
use crate::setup::START;

/// How many of our bridges must have been drained empty and removed.
const DRAINED: usize = 2;
/// How many must have been taken back.
const TAKEN_BACK: usize = 1;

/// What was to be seen, whether it was, and what was seen instead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    pub(crate) passed: bool,
    pub(crate) wanted: &'static str,
    pub(crate) seen: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.passed { '✓' } else { '✗' };
        write!(f, "{mark} {}: {}", self.wanted, self.seen)
    }
}

/// What became of the demo.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Verdict(pub(crate) Vec<Finding>);

impl Verdict {
    /// Judges a day by what came of it in both columns.
    pub(crate) fn of(plain: &Outcome, pool: &Outcome) -> Self {
        let find = |wanted, passed, seen| Finding {
            passed,
            wanted,
            seen,
        };
        let course = |outcome: &Outcome| Course::of(START, &outcome.rescales);
        let scaled = |wanted, outcome| {
            let course = course(outcome);
            let passed = matches!(course, Course::UpThenDown { .. });
            find(wanted, passed, course.to_string())
        };
        Self(vec![
            scaled("the HPA of the Deployment went up, then down", plain),
            scaled("the HPA of the BridgePool went up, then down", pool),
            find(
                "the plain Deployment cut people off",
                plain.cut > 0,
                of(plain.cut, "person", "people"),
            ),
            find(
                "the BridgePool cut nobody off",
                pool.cut == 0,
                of(pool.cut, "person", "people"),
            ),
            find(
                "the BridgePool left nobody without a bridge",
                pool.stranded == 0,
                of(pool.stranded, "person", "people"),
            ),
            find(
                "at least two of its bridges were drained empty and removed",
                pool.drained_empty >= DRAINED,
                of(pool.drained_empty as u64, "bridge", "bridges"),
            ),
            find(
                "at least one that drained was taken back",
                pool.taken_back >= TAKEN_BACK,
                of(pool.taken_back as u64, "bridge", "bridges"),
            ),
            find(
                "its jicofo lost no bridge",
                pool.lost_bridges == 0,
                format!("lost_bridges is {}", pool.lost_bridges),
            ),
        ])
    }

    /// Whether everything was seen that was to be.
    pub(crate) fn succeeded(&self) -> bool {
        self.0.iter().all(|finding| finding.passed)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.0 {
            writeln!(f, "{finding}")?;
        }
        let missing = self.0.iter().filter(|finding| !finding.passed).count();
        match missing {
            0 => write!(f, "done: everything was seen that was to be"),
            1 => write!(f, "failed: one thing was not seen"),
            missing => write!(f, "failed: {missing} things were not seen"),
        }
    }
}

fn of(count: u64, one: &str, many: &str) -> String {
    match count {
        0 => format!("no {one}"),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rescale::Rescale;

    fn rescales(sizes: &[i32]) -> Vec<Rescale> {
        let reason = String::new;
        let one = |size: &i32| Rescale {
            size: *size,
            reason: reason(),
        };
        sizes.iter().map(one).collect()
    }

    fn plain() -> Outcome {
        Outcome {
            cut: 57,
            lost_bridges: 9,
            rescales: rescales(&[4, 6, 3, 6, 2]),
            ..Outcome::default()
        }
    }

    fn pool() -> Outcome {
        Outcome {
            moved: 4,
            drained_empty: 5,
            taken_back: 2,
            rescales: rescales(&[4, 6, 4, 6, 2]),
            ..Outcome::default()
        }
    }

    #[test]
    fn a_good_day_is_told_condition_by_condition() {
        let verdict = Verdict::of(&plain(), &pool());
        assert!(verdict.succeeded());
        let told = verdict.to_string();
        assert!(
            told.lines().all(|line| line.chars().count() <= 80),
            "{told}"
        );
        insta::assert_snapshot!(told);
    }

    #[test]
    fn each_condition_that_is_missed_is_a_failure_that_says_so() {
        type Change = fn(&mut Outcome, &mut Outcome);
        let spoilt: [(&str, Change); 9] = [
            ("plain Deployment cut people off: no person", |plain, _| {
                plain.cut = 0;
            }),
            ("cut nobody off: 1 person", |_, pool| {
                pool.cut = 1;
            }),
            ("without a bridge: 1 person", |_, pool| {
                pool.stranded = 1;
            }),
            ("drained empty and removed: 1 bridge", |_, pool| {
                pool.drained_empty = 1;
            }),
            ("taken back: no bridge", |_, pool| {
                pool.taken_back = 0;
            }),
            ("lost_bridges is 1", |_, pool| {
                pool.lost_bridges = 1;
            }),
            ("never above the size", |plain, _| {
                plain.rescales = rescales(&[2]);
            }),
            ("never above the size", |_, pool| {
                pool.rescales.clear();
            }),
            ("never down again", |_, pool| {
                pool.rescales = rescales(&[5]);
            }),
        ];
        for (told, spoil) in spoilt {
            let (mut plain, mut pool) = (plain(), pool());
            spoil(&mut plain, &mut pool);
            let verdict = Verdict::of(&plain, &pool);
            assert!(!verdict.succeeded(), "{told}");
            let failures: Vec<_> = verdict.0.iter().filter(|found| !found.passed).collect();
            assert_eq!(failures.len(), 1, "{told}");
            let line = failures[0].to_string();
            assert!(line.starts_with('✗') && line.contains(told), "{line}");
            assert!(
                verdict
                    .to_string()
                    .ends_with("failed: one thing was not seen")
            );
        }
    }
}
