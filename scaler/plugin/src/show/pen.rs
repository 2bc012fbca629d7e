//! How it is written.

use std::fmt::Write as _;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use scaler_api::State;

/// The fewest columns that are made use of: on a narrower terminal lines break as they may.
const NARROWEST: usize = 60;

/// How it is written.
#[derive(Clone, Debug)]
pub struct Pen {
    /// So many columns at most.
    pub width: usize,
    /// Whether in colours.
    pub colours: bool,
    /// By the clocks of which place.
    pub zone: TimeZone,
}

impl Pen {
    /// What it is for a file, a pipe or a golden text.
    pub const WIDTH: usize = 100;

    /// So many columns at most, and by which clocks.
    pub fn new(width: Option<usize>, colours: bool, zone: TimeZone) -> Self {
        let width = width.unwrap_or(Self::WIDTH).clamp(NARROWEST, Self::WIDTH);
        Self {
            width,
            colours,
            zone,
        }
    }

    /// A paragraph: its first line begins with `first`, the others with as many spaces.
    pub(super) fn paragraph(&self, into: &mut String, first: &str, text: &str) {
        let indent = " ".repeat(first.chars().count());
        let options = textwrap::Options::new(self.width)
            .initial_indent(first)
            .subsequent_indent(&indent)
            .break_words(false);
        let _ = writeln!(into, "{}", textwrap::fill(text, options));
    }

    /// A text in a style, where there are colours.
    pub(super) fn styled(&self, style: Style, text: &str) -> String {
        if self.colours && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    pub(super) fn bold(&self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    /// A time of day, with the day where it is another one than `now`'s.
    pub(crate) fn clock(&self, at: Timestamp, now: Timestamp) -> String {
        let (at, now) = (
            at.to_zoned(self.zone.clone()),
            now.to_zoned(self.zone.clone()),
        );
        let form = if at.date() == now.date() {
            "%H:%M"
        } else {
            "%-d %b %H:%M"
        };
        at.strftime(form).to_string()
    }

    /// A time of day with seconds.
    pub(super) fn second(&self, at: Timestamp) -> String {
        let at = at.to_zoned(self.zone.clone());
        at.strftime("%H:%M:%S").to_string()
    }
}

/// The colour of a state.
pub(super) fn of(state: Option<State>) -> Style {
    let colour = match state {
        Some(State::Active) => AnsiColor::Green,
        Some(State::Pending | State::Starting | State::Warm) => AnsiColor::Cyan,
        Some(State::DrainRequested | State::Draining | State::Settling) => AnsiColor::Yellow,
        Some(State::Expelling) => AnsiColor::Magenta,
        Some(State::Removing | State::Deleting | State::Gone) => AnsiColor::BrightBlack,
        Some(State::Preempted | State::Failed) | None => AnsiColor::Red,
    };
    colour.on_default()
}

/// How long, in one number and one letter.
pub(super) fn short(duration: Duration) -> String {
    let secs = duration.as_secs();
    match secs {
        0..120 => format!("{secs}s"),
        120..7_200 => format!("{}m", secs / 60),
        7_200..172_800 => format!("{}h", secs / 3_600),
        _ => format!("{}d", secs / 86_400),
    }
}

/// How long ago that was; nothing when it lies ahead.
pub(super) fn since(at: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(at).try_into().unwrap_or_default()
}

/// So many of something, with the right form of its name.
pub(crate) fn some(count: u64, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {many}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pen() -> Pen {
        Pen::new(None, false, TimeZone::UTC)
    }

    #[test]
    fn a_duration_is_one_number() {
        for (secs, text) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (7_199, "119m"),
            (7_200, "2h"),
            (172_800, "2d"),
        ] {
            assert_eq!(short(Duration::from_secs(secs)), text);
        }
    }

    #[test]
    fn another_day_is_named() {
        let now: Timestamp = "2026-03-02T23:30:00Z".parse().unwrap();
        for (at, text) in [
            ("2026-03-02T08:05:00Z", "08:05"),
            ("2026-03-03T00:30:00Z", "3 Mar 00:30"),
        ] {
            assert_eq!(pen().clock(at.parse().unwrap(), now), text);
        }
    }

    #[test]
    fn what_lies_ahead_is_no_time_ago() {
        let now: Timestamp = "2026-03-02T23:30:00Z".parse().unwrap();
        assert_eq!(
            since("2026-03-02T23:31:00Z".parse().unwrap(), now),
            Duration::ZERO
        );
    }

    #[test]
    fn a_long_line_is_broken_and_stays_below_its_beginning() {
        let mut text = String::new();
        pen().paragraph(&mut text, "wrong  ", &"word ".repeat(40));
        assert!(text.lines().count() > 1);
        assert!(text.lines().all(|line| line.chars().count() <= 100));
        assert!(
            text.lines()
                .skip(1)
                .all(|line| line.starts_with("       w"))
        );
    }
}
