//! Reads the forms in JSON, `/metrics` and `/colibri/stats`: one flat object, read as it goes by, without building a tree of it.
//!
//! Keys that nobody wants are skipped unread, and so are the histograms, which are objects of their own.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::draft::{Draft, Raw, Slot};

/// What is wrong with a body in JSON, and where: as serde_json says it, but never longer than a line of a log. A server that
/// answers with a text of megabytes instead of a number would have it all repeated.
#[derive(Debug)]
pub struct JsonError(serde_json::Error);

/// How much an error repeats, in characters.
const EXCERPT: usize = 200;

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.0.to_string();
        if told.chars().nth(EXCERPT).is_none() {
            return f.write_str(&told);
        }
        let beginning: String = told.chars().take(EXCERPT).collect();
        let (line, column) = (self.0.line(), self.0.column());
        write!(f, "{beginning}… at line {line} column {column}")
    }
}

impl std::error::Error for JsonError {}

/// Reads the whole body, which must hold one object and nothing else.
///
/// A number too large for a floating-point number is no JSON to the reader, and an error.
pub(super) fn read(draft: &mut Draft<'_>, body: &[u8]) -> Result<(), JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    deserializer.deserialize_map(Object(draft))?;
    Ok(deserializer.end()?)
}

struct Object<'a, 'b>(&'a mut Draft<'b>);

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(slot) = map.next_key_seed(Wanted(self.0))? {
            match slot {
                Some(slot) => self.0.set(slot, map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Looks a key up without copying it.
struct Wanted<'a, 'b>(&'a Draft<'b>);

impl<'de> DeserializeSeed<'de> for Wanted<'_, '_> {
    type Value = Option<Slot>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Wanted<'_, '_> {
    type Value = Option<Slot>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.slot(key))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Raw, E> {
        Ok(Raw::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Number(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Raw, E> {
        Ok(Raw::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Raw::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Raw::Other)
    }
}
