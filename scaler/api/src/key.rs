//! Labels and annotations with a type: how their values are read and written.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use bridge::Time;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// The name of a label or an annotation whose value is a `T`.
pub struct Key<T> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

/// A label or an annotation is there and says nothing that can be understood.
///
/// It is never taken for one that is absent: nobody knows what it was meant to hold back.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{key}: {value:?} is not {wanted}")]
pub struct Malformed {
    /// Its name.
    pub key: &'static str,
    /// What it says.
    pub value: String,
    /// What it should be, to stand behind "is not".
    pub wanted: &'static str,
}

/// What can be the value of a label or an annotation.
pub trait Value: Sized {
    /// What a text must be to be read, to stand behind "is not".
    const WANTED: &'static str;

    /// Reads it; `None` when the text is none of these.
    fn parse(text: &str) -> Option<Self>;

    /// Writes it as [`Value::parse`] reads it.
    fn print(&self) -> String;
}

impl<T> Key<T> {
    /// A key of this name.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            value: PhantomData,
        }
    }

    /// The full name, with the prefix.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T: Value> Key<T> {
    /// Its value among the labels or the annotations of an object; `None` when it is not there.
    ///
    /// # Errors
    /// When it is there and cannot be understood.
    pub fn read(&self, among: &BTreeMap<String, String>) -> Result<Option<T>, Malformed> {
        self.understand(among.get(self.name).map(String::as_str))
    }

    /// What its text means; `None` when there is none.
    ///
    /// # Errors
    /// When there is one that cannot be understood.
    pub fn understand(&self, text: Option<&str>) -> Result<Option<T>, Malformed> {
        let Some(text) = text else {
            return Ok(None);
        };
        T::parse(text).map(Some).ok_or_else(|| Malformed {
            key: self.name,
            value: text.to_owned(),
            wanted: T::WANTED,
        })
    }

    /// Name and text, to be put among the labels or the annotations of an object.
    pub fn write(&self, value: &T) -> (String, String) {
        (self.name.to_owned(), value.print())
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Value for bool {
    const WANTED: &'static str = "\"true\" or \"false\"";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl Value for u32 {
    const WANTED: &'static str = "a whole number";

    fn parse(text: &str) -> Option<Self> {
        let number: Self = text.parse().ok()?;
        // "+7" and "007" are the same number and another label.
        (number.to_string() == text).then_some(number)
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    const WANTED: &'static str = "a text";

    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn print(&self) -> String {
        self.clone()
    }
}

impl Value for Time {
    const WANTED: &'static str = "a moment of RFC 3339, such as \"2026-03-02T09:30:00Z\"";

    fn parse(text: &str) -> Option<Self> {
        let moment: Timestamp = text.parse().ok()?;
        Some(Self::from_millis(moment.as_millisecond()))
    }

    fn print(&self) -> String {
        timestamp(*self).to_string()
    }
}

/// The moment as RFC 3339 knows it; one beyond the years that it knows becomes the last or the first of them.
pub fn timestamp(time: Time) -> Timestamp {
    Timestamp::from_millisecond(time.as_millis()).unwrap_or(if time.as_millis() < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// Reads a value that is one of the names of an enum.
pub(crate) fn parse_name<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Json::String(text.to_owned())).ok()
}

/// The name of an enum's variant.
pub(crate) fn print_name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Json::String(name)) => name,
        // Only unit variants come here, and those are names.
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::annotations::{DEADLINE, DRAIN_ACKED, DrainAcked, INTENT, INTENT_REASON, PINNED};
    use crate::labels::{SLOT, STATE};
    use crate::state::{Intent, IntentReason, State};
    use bridge::stats::StartupTime;

    fn read<T: Value>(key: &Key<T>, text: &str) -> Result<Option<T>, Malformed> {
        key.read(&BTreeMap::from([(key.name().to_owned(), text.to_owned())]))
    }

    #[test]
    fn what_is_not_there_is_none() {
        assert_eq!(DEADLINE.read(&BTreeMap::new()), Ok(None));
    }

    #[test]
    fn what_cannot_be_understood_is_neither_absent_nor_a_guess() {
        for text in [
            "",
            "tomorrow",
            "2026-03-02",
            "2026-13-02T09:30:00Z",
            "1772443800000",
        ] {
            assert!(read(&DEADLINE, text).is_err(), "{text:?}");
        }
        for text in ["", "yes", "True", "1"] {
            assert!(read(&PINNED, text).is_err(), "{text:?}");
        }
        for text in ["", "-1", "+1", "01", "1.0", "4294967296"] {
            assert!(read(&SLOT, text).is_err(), "{text:?}");
        }
        for text in ["", "Drain", "kill"] {
            assert!(read(&INTENT, text).is_err(), "{text:?}");
        }
        for text in [
            "",
            "{}",
            "null",
            r#"{"containerID":"","startup_time":1,"drain":true}"#,
            r#"{"containerID":"containerd://1f6d","startup_time":"now","drain":true}"#,
            r#"{"containerID":"containerd://1f6d","drain":true}"#,
        ] {
            assert!(read(&DRAIN_ACKED, text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_error_names_key_value_and_what_was_wanted() {
        let error = read(&DEADLINE, "tomorrow").unwrap_err();
        assert_eq!(
            error.to_string(),
            "bridgetender.dev/deadline: \"tomorrow\" is not a moment of RFC 3339, such as \"2026-03-02T09:30:00Z\""
        );
    }

    #[test]
    fn a_newer_version_may_say_more() {
        let text = r#"{"containerID":"containerd://1f6d","startup_time":1772443800000,"drain":true,"by":"x"}"#;
        let acked = DrainAcked {
            container_id: "containerd://1f6d".to_owned(),
            startup_time: StartupTime(Time::from_millis(1_772_443_800_000)),
            drain: Some(true),
            joined: true,
        };
        assert_eq!(read(&DRAIN_ACKED, text), Ok(Some(acked)));
    }

    fn hold_both_ways<T: Value + PartialEq + fmt::Debug>(key: &Key<T>, value: T) {
        let (name, text) = key.write(&value);
        assert!(!text.is_empty());
        assert_eq!(key.read(&BTreeMap::from([(name, text)])), Ok(Some(value)));
    }

    #[test]
    fn every_name_is_read_as_it_is_written() {
        for state in State::ALL {
            hold_both_ways(&STATE, state);
        }
        for intent in [
            Intent::Active,
            Intent::Warm,
            Intent::Drain,
            Intent::Expel,
            Intent::Remove,
        ] {
            hold_both_ways(&INTENT, intent);
        }
        hold_both_ways(&INTENT_REASON, IntentReason::NodeLeaving);
    }

    #[test]
    fn a_moment_beyond_all_years_is_the_last_one() {
        assert_eq!(timestamp(Time::from_millis(i64::MAX)), Timestamp::MAX);
        assert_eq!(timestamp(Time::from_millis(i64::MIN)), Timestamp::MIN);
    }

    proptest! {
        #[test]
        fn moments_and_acks_are_read_as_they_are_written(
            millis in -62_000_000_000_000_i64..250_000_000_000_000,
            container_id in "\\PC{1,40}",
            drain: Option<bool>,
            joined: bool,
        ) {
            let time = Time::from_millis(millis);
            hold_both_ways(&DEADLINE, time);
            let startup_time = StartupTime(time);
            hold_both_ways(&DRAIN_ACKED, DrainAcked { container_id, startup_time, drain, joined });
        }

        #[test]
        fn no_text_makes_it_fail(text in "\\PC{0,40}") {
            let _ = read(&DEADLINE, &text);
            let _ = read(&DRAIN_ACKED, &text);
            let _ = read(&SLOT, &text);
        }
    }
}
