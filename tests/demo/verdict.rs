//! Whether the demo showed what it is to show, judged by nothing but the HPA's own events.

use std::fmt;

/// A change of size that the HPA announced in an event `SuccessfulRescale`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Rescale {
    /// The new size.
    pub(crate) size: i32,
    /// Why, in the HPA's words.
    pub(crate) reason: String,
}

impl Rescale {
    /// Reads an event's message, for example `New size: 4; reason: pods metric stress_level above target`.
    pub(crate) fn parse(message: &str) -> Option<Self> {
        let (size, reason) = message
            .strip_prefix("New size: ")?
            .split_once("; reason: ")?;
        Some(Self {
            size: size.parse().ok()?,
            reason: reason.to_owned(),
        })
    }
}

/// In fewer words than the event's, which names the size and the kind of the metric for those who do not see them.
impl fmt::Display for Rescale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.strip_prefix("pods metric ");
        write!(f, "→ {}: {}", self.size, reason.unwrap_or(&self.reason))
    }
}

/// What became of the demo.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
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

impl Verdict {
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
        let peak = rescales
            .iter()
            .map(|rescale| rescale.size)
            .max()
            .unwrap_or(start);
        if down {
            Self::UpThenDown { peak, end: before }
        } else {
            Self::NeverDown { peak }
        }
    }

    /// Whether the demo succeeded.
    pub(crate) fn succeeded(&self) -> bool {
        matches!(self, Self::UpThenDown { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpThenDown { peak, end } => {
                write!(
                    f,
                    "the HPA scaled up to {peak} bridges when people came, and down to {end} when they went"
                )
            }
            Self::NeverUp => write!(
                f,
                "the HPA never scaled up: its events show no size above the one it started with"
            ),
            Self::NeverDown { peak } => write!(
                f,
                "the HPA scaled up to {peak} bridges and never down again"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(sizes: &[i32]) -> Vec<Rescale> {
        sizes
            .iter()
            .map(|size| Rescale {
                size: *size,
                reason: String::new(),
            })
            .collect()
    }

    #[test]
    fn only_up_and_then_down_is_success() {
        for (rescales, verdict) in [
            (&[][..], Verdict::NeverUp),
            (&[1], Verdict::NeverUp),
            (&[2], Verdict::NeverUp),
            (&[3, 5], Verdict::NeverDown { peak: 5 }),
            (&[1, 4], Verdict::NeverDown { peak: 4 }),
            (&[4, 6, 5], Verdict::UpThenDown { peak: 6, end: 5 }),
            (&[1, 4, 3, 2], Verdict::UpThenDown { peak: 4, end: 2 }),
        ] {
            let found = Verdict::of(2, &sizes(rescales));
            assert_eq!(found, verdict, "{rescales:?}");
            assert_eq!(
                found.succeeded(),
                matches!(verdict, Verdict::UpThenDown { .. })
            );
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
        assert_eq!(read.to_string(), "→ 4: stress_level above target");
        assert_eq!(Rescale::parse("unable to get metric"), None);
    }
}
