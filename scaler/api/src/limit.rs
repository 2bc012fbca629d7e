//! How many at once: a number, or a share of the pool.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// What an operator reads when a value is no limit.
pub const MESSAGE: &str = "must be a whole number of bridges from 1 to 10000, or a share of the pool from \"1%\" to \"100%\"";

/// The highest number of bridges of a limit.
const MOST: u32 = 10_000;

/// How many bridges at once: at least one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    /// So many bridges.
    Count(u32),
    /// So many in a hundred of the pool's bridges, rounded up.
    Percent(u32),
}

/// A value is no limit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{value}: {MESSAGE}")]
pub struct NoLimit {
    /// What was written, as JSON.
    pub value: String,
}

impl Limit {
    /// How many of `bridges` that is: never less than one.
    pub const fn of(self, bridges: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => {
                let share = (bridges as u64 * percent as u64).div_ceil(100) as u32;
                if share == 0 { 1 } else { share }
            }
        }
    }

    /// The number, where it is one.
    pub const fn count(self) -> Option<u32> {
        match self {
            Self::Count(count) => Some(count),
            Self::Percent(_) => None,
        }
    }

    /// Reads `3` or `"25%"`.
    ///
    /// # Errors
    /// When it is neither, or out of bounds.
    pub fn read(value: &Value) -> Result<Self, NoLimit> {
        let within = |number: u64, most: u32| {
            u32::try_from(number)
                .ok()
                .filter(|number| (1..=most).contains(number))
        };
        match value {
            Value::Number(number) => number
                .as_u64()
                .and_then(|number| within(number, MOST))
                .map(Self::Count),
            Value::String(text) => text
                .strip_suffix('%')
                .filter(|digits| {
                    !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
                })
                .and_then(|digits| digits.parse().ok())
                .and_then(|number| within(number, 100))
                .map(Self::Percent),
            _ => None,
        }
        .ok_or_else(|| NoLimit {
            value: value.to_string(),
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Limit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "maxLength": 8,
            "x-kubernetes-validations": [{
                "rule": format!("type(self) == int ? self >= 1 && self <= {MOST} : self.matches('^([1-9][0-9]?|100)%$')"),
                "message": MESSAGE,
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_limit_is_a_number_or_a_share() {
        assert_eq!(Limit::read(&json!(3)), Ok(Limit::Count(3)));
        assert_eq!(Limit::read(&json!("25%")), Ok(Limit::Percent(25)));
        assert_eq!(Limit::read(&json!("100%")), Ok(Limit::Percent(100)));
        for wrong in [
            json!(0),
            json!(-1),
            json!(1.5),
            json!(10_001),
            json!("3"),
            json!("0%"),
            json!("101%"),
            json!("05%"),
            json!("-5%"),
            json!("%"),
            json!(""),
            json!(true),
            json!([]),
        ] {
            assert!(Limit::read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_rounded_up_and_at_least_one() {
        for (percent, bridges, many) in
            [(25, 0, 1), (25, 3, 1), (25, 4, 1), (25, 5, 2), (100, 7, 7)]
        {
            assert_eq!(
                Limit::Percent(percent).of(bridges),
                many,
                "{percent}% of {bridges}"
            );
        }
        assert_eq!(Limit::Percent(100).of(u32::MAX), u32::MAX);
    }
}
