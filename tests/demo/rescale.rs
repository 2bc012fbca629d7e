//! The HPA's own words: how it changed the size, and whether that was up and then down.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A change of size that the HPA announced in an event `SuccessfulRescale`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Rescale {
    /// The new size.
    pub(crate) size: i32,
    /// Why, in the HPA's words.
    pub(crate) reason: String,
}

impl Rescale {
    /// Reads an event's message, for example `New size: 4; reason: pods metric stress_level above target`. Kubernetes keeps ten
    /// of an object's events apart, and puts the latest of all others into one that says so.
    pub(crate) fn parse(message: &str) -> Option<Self> {
        let combined = message.strip_prefix("(combined from similar events): ");
        let (size, reason) = combined
            .unwrap_or(message)
            .strip_prefix("New size: ")?
            .split_once("; reason: ")?;
        Some(Self {
            size: size.parse().ok()?,
            reason: reason.to_owned(),
        })
    }
}

/// How an HPA scaled a workload over the day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Course {
    /// First above the starting size, later down.
    UpThenDown {
        /// The largest size.
        peak: i32,
        /// The size at the end.
        end: i32,
    },
    /// It never grew beyond the size that it started with.
    NeverUp,
    /// It grew and did not shrink afterwards.
    NeverDown {
        /// The largest size.
        peak: i32,
    },
}

impl Course {
    /// Judges the changes of size, in their order, of a workload that started with `start`.
    pub(crate) fn of(start: i32, rescales: &[Rescale]) -> Self {
        let Some(up) = rescales.iter().position(|rescale| rescale.size > start) else {
            return Self::NeverUp;
        };
        let mut before = rescales[up].size;
        let mut down = false;
        for rescale in &rescales[up + 1..] {
            down |= rescale.size < before;
            before = rescale.size;
        }
        let sizes = rescales.iter().map(|rescale| rescale.size);
        let peak = sizes.max().unwrap_or(start);
        if down {
            Self::UpThenDown { peak, end: before }
        } else {
            Self::NeverDown { peak }
        }
    }
}

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpThenDown { peak, end } => write!(f, "up to {peak}, in the end down to {end}"),
            Self::NeverUp => write!(f, "never above the size that it started with"),
            Self::NeverDown { peak } => write!(f, "up to {peak} and never down again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(sizes: &[i32]) -> Vec<Rescale> {
        let reason = String::new;
        let one = |size: &i32| Rescale {
            size: *size,
            reason: reason(),
        };
        sizes.iter().map(one).collect()
    }

    #[test]
    fn only_up_and_then_down_is_a_day() {
        for (rescales, course) in [
            (&[][..], Course::NeverUp),
            (&[1], Course::NeverUp),
            (&[2], Course::NeverUp),
            (&[3, 5], Course::NeverDown { peak: 5 }),
            (&[1, 4], Course::NeverDown { peak: 4 }),
            (&[4, 6, 5], Course::UpThenDown { peak: 6, end: 5 }),
            (&[1, 4, 3, 2], Course::UpThenDown { peak: 4, end: 2 }),
        ] {
            assert_eq!(Course::of(2, &sizes(rescales)), course, "{rescales:?}");
        }
    }

    #[test]
    fn the_events_of_the_real_controller_are_understood() {
        let message = "New size: 4; reason: pods metric stress_level above target";
        let read = Rescale {
            size: 4,
            reason: "pods metric stress_level above target".into(),
        };
        assert_eq!(Rescale::parse(message).as_ref(), Some(&read));
        let combined = format!("(combined from similar events): {message}");
        assert_eq!(Rescale::parse(&combined).as_ref(), Some(&read));
        assert_eq!(Rescale::parse("unable to get metric"), None);
    }
}
