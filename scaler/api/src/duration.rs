//! Durations as text with units, as Kubernetes writes them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What an operator reads when a text is no duration.
pub const MESSAGE: &str = "must be a duration with units, longest first, such as \"15s\", \"1h30m\" or \"500ms\": hours (h), minutes (m), seconds (s), milliseconds (ms), no sign, no fraction";

/// How long something takes or lasts, in whole milliseconds: `1h30m`, `15s`, `500ms`, `0s`.
///
/// The text is the part of Go's duration format that every reader understands alike: whole numbers, the units `h`, `m`, `s`
/// and `ms`, each at most once and the longest first. Days are refused because Go has none; fractions and signs because no
/// setting needs them. It is always short enough for Kubernetes' own `duration()`, which counts nanoseconds in 64 bits.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration(time::Duration);

/// A text is no duration.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?}: {MESSAGE}")]
pub struct NoDuration {
    /// What was written.
    pub text: String,
}

/// The units, longest first, each with the digits that its number may have, so that their sum stays below a century.
const UNITS: [(&str, usize); 4] = [("h", 5), ("m", 7), ("s", 9), ("ms", 12)];

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(time::Duration::ZERO);

    /// So many hours.
    pub const fn from_hours(hours: u64) -> Self {
        Self::from_mins(60 * hours)
    }

    /// So many minutes.
    pub const fn from_mins(minutes: u64) -> Self {
        Self::from_secs(60 * minutes)
    }

    /// So many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(time::Duration::from_secs(seconds))
    }

    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(time::Duration::from_millis(millis))
    }

    /// The same as the standard library's type, to calculate with.
    pub const fn get(self) -> time::Duration {
        self.0
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<Duration> for time::Duration {
    fn from(duration: Duration) -> Self {
        duration.0
    }
}

/// Whether a text is of the form: the units of [`UNITS`] in their order, each with no more digits than it may have.
fn well_formed(text: &str) -> bool {
    let mut rest = text;
    for (unit, most) in UNITS {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Some(after) = rest[digits..].strip_prefix(unit) else {
            continue;
        };
        // The "m" of "ms" is no minute.
        if unit == "m" && after.starts_with('s') {
            continue;
        }
        if !(1..=most).contains(&digits) {
            return false;
        }
        rest = after;
    }
    rest.is_empty() && !text.is_empty()
}

impl FromStr for Duration {
    type Err = NoDuration;

    fn from_str(text: &str) -> Result<Self, NoDuration> {
        let refused = || NoDuration {
            text: text.to_owned(),
        };
        if !well_formed(text) {
            return Err(refused());
        }
        humantime::parse_duration(text)
            .map(Self)
            .map_err(|_| refused())
    }
}

impl TryFrom<String> for Duration {
    type Error = NoDuration;

    fn try_from(text: String) -> Result<Self, NoDuration> {
        text.parse()
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        if millis == 0 {
            return f.write_str("0s");
        }
        for (length, within, unit) in [
            (3_600_000, u128::MAX, "h"),
            (60_000, 60, "m"),
            (1_000, 60, "s"),
            (1, 1_000, "ms"),
        ] {
            let number = millis / length % within;
            if number > 0 {
                write!(f, "{number}{unit}")?;
            }
        }
        Ok(())
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.to_string()
    }
}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": 40,
            "x-kubernetes-validations": [{ "rule": cel(), "message": MESSAGE }],
        })
    }
}

/// The form of a duration in CEL, for the value `self`.
fn cel() -> String {
    let units = UNITS.map(|(unit, most)| format!("([0-9]{{1,{most}}}{unit})?"));
    format!("self != '' && self.matches('^{}$')", units.concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_duration_reads_as_kubernetes_writes_it() {
        for (text, millis) in [
            ("0s", 0),
            ("500ms", 500),
            ("15s", 15_000),
            ("5m500ms", 300_500),
            ("1h30m", 5_400_000),
            ("90m", 5_400_000),
            ("1h0m0s", 3_600_000),
            ("99999h", 359_996_400_000),
        ] {
            assert_eq!(text.parse(), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_another_reader_would_understand_otherwise_is_refused() {
        for text in [
            "",
            "0",
            "15",
            "s",
            "-5m",
            "+5m",
            "1.5h",
            "1d",
            "1h 30m",
            "30m1h",
            "1h1h",
            "15sec",
            "15S",
            "5M",
            " 15s",
            "15s ",
            "100000h",
            "1000000000000000h",
            "1µs",
            "1us",
            "٣s",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_error_says_what_was_written_and_what_to_write() {
        let error = serde_json::from_str::<Duration>("\"-5m\"").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("\"-5m\": must be a duration with units"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 0_u64..359_999_000_000) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn no_text_makes_it_fail(text in "[0-9hmsd.+\\- ]{0,16}|\\PC{0,12}") {
            if let Ok(duration) = text.parse::<Duration>() {
                prop_assert_eq!(duration.to_string().parse(), Ok(duration));
            }
        }
    }
}
