//! JSON and numbers as Java's libraries write them: keys in order, doubles always with a fraction.

use std::fmt::{self, Display, Formatter};

/// A double as `Double.toString` writes it: `0.0`, `1.5`, `1.795251073014E9`, `5.0E-4`, `NaN`, `Infinity`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Double(pub(super) f64);

impl Display for Double {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if value.is_nan() {
            return f.write_str("NaN");
        }
        if value.is_infinite() {
            return f.write_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
        }
        if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
            return write!(f, "{value:?}");
        }
        let written = format!("{value:e}");
        let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
        let fraction = if mantissa.contains('.') { "" } else { ".0" };
        write!(f, "{mantissa}{fraction}E{exponent}")
    }
}

/// A JSON value whose objects keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Long(i64),
    Double(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An object with these members.
    pub(super) fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Json)>) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Self::Long(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Json {
    fn from(value: u32) -> Self {
        Self::Long(i64::from(value))
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Long(value)
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Long(value) => write!(f, "{value}"),
            // Jackson quotes what is not a number; json-simple, which writes the statistics, makes it null.
            Self::Double(value) if value.is_finite() => write!(f, "{}", Double(*value)),
            Self::Double(value) => write!(f, "\"{}\"", Double(*value)),
            Self::Text(text) => quoted(f, text),
            Self::Array(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    quoted(f, key)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            control if control < ' ' => write!(f, "\\u{:04x}", control as u32)?,
            other => write!(f, "{other}")?,
        }
    }
    f.write_str("\"")
}

/// Milliseconds since 1970 as `yyyy-MM-dd HH:mm:ss.SSS` in UTC.
pub(super) fn timestamp(millis: i64) -> String {
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = date(days);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{milli:03}")
}

/// The civil date so many days after 1970-01-01 (Howard Hinnant's days-to-civil).
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_java_writes_them() {
        let cases = [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (0.985_671_794_890_721_1, "0.9856717948907211"),
            (1_795_251_073.014, "1.795251073014E9"),
            (1_795_252_535.76, "1.79525253576E9"),
            (5.015_045_135_406_219e-4, "5.015045135406219E-4"),
            (1e7, "1.0E7"),
            (9_999_999.0, "9999999.0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, written) in cases {
            assert_eq!(Double(value).to_string(), written);
        }
    }

    #[test]
    fn moments_are_written_as_the_bridge_writes_them() {
        assert_eq!(timestamp(1_795_251_132_111), "2026-11-21 08:52:12.111");
        assert_eq!(timestamp(951_782_400_000), "2000-02-29 00:00:00.000");
        assert_eq!(timestamp(-1), "1969-12-31 23:59:59.999");
    }

    #[test]
    fn objects_keep_their_order_and_texts_are_escaped() {
        let json = Json::object([("b", Json::from(1_u32)), ("a\"", Json::from("x\n"))]);
        assert_eq!(json.to_string(), r#"{"b":1,"a\"":"x\n"}"#);
    }
}
