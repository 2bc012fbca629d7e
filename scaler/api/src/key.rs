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
        let Some(text) = among.get(self.name) else {
            return Ok(None);
        };
        T::parse(text).map(Some).ok_or_else(|| Malformed {
            key: self.name,
            value: text.clone(),
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
