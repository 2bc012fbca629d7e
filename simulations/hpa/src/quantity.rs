//! Quantities as Kubernetes reads them (`k8s.io/apimachinery/pkg/api/resource`).
//!
//! The text decides the representation, and the representation decides how it rounds and overflows: short ones are an `i64`
//! with a power of ten, the others a decimal of billionths.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use thiserror::Error;

/// A number of something: `500m`, `1.5Gi`, `12e6`.
///
/// Beyond 1.7e29 a text is refused, where Go counts on with its low bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quantity(Amount);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Amount {
    /// `value * 10^exponent`.
    Scaled { value: i64, exponent: i32 },
    /// Billionths, rounded away from zero.
    Billionths(i128),
    /// A binary one beyond `i64::MAX`, which becomes plus or minus that.
    Capped { negative: bool },
}

/// A text that is no quantity.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum QuantityError {
    /// It has another form.
    #[error(
        "{0:?} is no quantity: write a number with at most one suffix, such as 500m, 0.5, 2k, 1.5Gi or 12e6"
    )]
    Form(String),
    /// It is far beyond what anything counts.
    #[error(
        "{0:?} is too large for a quantity: the largest that is counted is 9223372036854775807m"
    )]
    TooLarge(String),
}

/// The exponent of the largest power of two or ten that a suffix names.
enum Suffix {
    Ten(i32),
    Two(u32),
}

impl Suffix {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "n" => Self::Ten(-9),
            "u" => Self::Ten(-6),
            "m" => Self::Ten(-3),
            "" => Self::Ten(0),
            "k" => Self::Ten(3),
            "M" => Self::Ten(6),
            "G" => Self::Ten(9),
            "T" => Self::Ten(12),
            "P" => Self::Ten(15),
            "E" => Self::Ten(18),
            "Ki" => Self::Two(10),
            "Mi" => Self::Two(20),
            "Gi" => Self::Two(30),
            "Ti" => Self::Two(40),
            "Pi" => Self::Two(50),
            "Ei" => Self::Two(60),
            _ => {
                let exponent = text.strip_prefix(['e', 'E'])?;
                // As wide as it is read there, and cut as it is cut there.
                Self::Ten(exponent.parse::<i64>().ok()? as i32)
            }
        })
    }
}

/// Digits that surely fit an `i64`.
const DIGITS: usize = 18;

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let form = || QuantityError::Form(text.to_owned());
        if text.is_empty() {
            return Err(form());
        }
        let negative = text.starts_with('-');
        let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
        let rest = rest.trim_start_matches('0');
        let (whole, rest) = digits(rest);
        let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
        let whole = if whole.is_empty() { "0" } else { whole };
        let suffix = Suffix::of(rest).ok_or_else(form)?;
        let number = Number {
            negative,
            whole,
            fraction,
        };
        if let Some(amount) = number.short(&suffix) {
            return Ok(Self(amount));
        }
        // Without a digit only the short way has a meaning there: `m` is zero, `Pi` is an error.
        let number_text = &text[..text.len() - rest.len()];
        if !number_text.contains(|character: char| character.is_ascii_digit()) {
            return Err(form());
        }
        let amount = number.long(&suffix);
        amount
            .map(Self)
            .ok_or_else(|| QuantityError::TooLarge(text.to_owned()))
    }
}

fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// A number before its suffix, without leading zeros.
struct Number<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl Number<'_> {
    fn signed<T: std::ops::Neg<Output = T>>(&self, value: T) -> T {
        if self.negative { -value } else { value }
    }

    fn unscaled<T: FromStr>(&self) -> Option<T> {
        format!("{}{}", self.whole, self.fraction).parse().ok()
    }

    /// The way of most: few digits, nothing finer than a billionth.
    fn short(&self, suffix: &Suffix) -> Option<Amount> {
        let length = self.whole.len() + self.fraction.len();
        let (factor, exponent) = match *suffix {
            Suffix::Ten(exponent) if length <= DIGITS => (
                1,
                exponent.checked_sub(i32::try_from(self.fraction.len()).ok()?)?,
            ),
            Suffix::Two(power)
                if self.fraction.is_empty() && length + (power * 3 / 10) as usize <= 14 =>
            {
                (1_i64 << power, 0)
            }
            _ => return None,
        };
        if exponent < -9 {
            return None;
        }
        let value = self.unscaled::<i64>()?.checked_mul(factor)?;
        Some(Amount::Scaled {
            value: self.signed(value),
            exponent,
        })
    }

    /// Everything else, as billionths rounded up; `None` beyond 128 bits.
    fn long(&self, suffix: &Suffix) -> Option<Amount> {
        let capped = Amount::Capped {
            negative: self.negative,
        };
        let unscaled = self.unscaled::<i128>();
        let power = match *suffix {
            Suffix::Ten(_) => 0,
            Suffix::Two(power) => power,
        };
        let Some(unscaled) = unscaled.and_then(|all| all.checked_mul(1 << power)) else {
            return matches!(suffix, Suffix::Two(_)).then_some(capped);
        };
        if unscaled == 0 {
            return Some(Amount::Billionths(0));
        }
        let mut shift = 9 - i64::try_from(self.fraction.len()).ok()?;
        if let Suffix::Ten(exponent) = *suffix {
            shift += i64::from(exponent);
        }
        let factor = u32::try_from(shift.abs())
            .ok()
            .and_then(|shift| 10_i128.checked_pow(shift));
        let billionths = match (shift >= 0, factor) {
            (true, factor) => factor.and_then(|factor| unscaled.checked_mul(factor)),
            (false, Some(factor)) => Some(unscaled / factor + i128::from(unscaled % factor != 0)),
            (false, None) => Some(1),
        };
        let most = i128::from(i64::MAX) * 1_000_000_000;
        if matches!(suffix, Suffix::Two(_)) && billionths.is_none_or(|all| all > most) {
            return Some(capped);
        }
        let billionths = billionths?;
        Some(Amount::Billionths(self.signed(billionths)))
    }
}

impl Quantity {
    /// Thousandths, rounded up: `1u` is 1, as the controller counts (`Quantity.MilliValue`).
    ///
    /// What overflows an `i64` of thousandths becomes here what it becomes there: its low bits, or 0.
    pub fn milli(self) -> i64 {
        match self.0 {
            Amount::Scaled { value, exponent } if exponent < -3 => {
                away_from_zero(value, 10_i64.pow((-3 - exponent) as u32))
            }
            Amount::Scaled { value, exponent } => raised(value, i64::from(exponent) + 3),
            // Below 2^63 billionths the remainder's sign is not looked at there: a negative one is rounded up by one as well.
            Amount::Billionths(all) if all < i128::from(i64::MAX) => {
                let all = all as i64;
                all / 1_000_000 + i64::from(all % 1_000_000 != 0)
            }
            Amount::Billionths(all) => (all / 1_000_000 + i128::from(all % 1_000_000 != 0)) as i64,
            Amount::Capped { negative } => {
                let most = if negative { -i64::MAX } else { i64::MAX };
                most.wrapping_mul(1_000)
            }
        }
    }

    /// As a float the way a tolerance is read: digits times a power of ten, so that `70m` is `70 * 0.001`
    /// (`Quantity.AsApproximateFloat64`).
    pub fn approximate(self) -> f64 {
        let (base, exponent) = match self.0 {
            Amount::Scaled { value, exponent } => (value as f64, exponent),
            Amount::Billionths(all) => (all as f64, -9),
            Amount::Capped { negative } => {
                let most = if negative { -i64::MAX } else { i64::MAX };
                (most as f64, 0)
            }
        };
        if exponent == 0 {
            base
        } else {
            base * power_of_ten(exponent)
        }
    }
}

/// `value * 10^power`. Where it overflows, what comes out depends on the power: common ones wrap, others give zero
/// (`positiveScaleInt64`).
fn raised(value: i64, power: i64) -> i64 {
    let power = u32::try_from(power).unwrap_or(u32::MAX);
    if matches!(power, 0..=3 | 6 | 9) {
        return value.wrapping_mul(10_i64.pow(power));
    }
    let factor = 10_i64.checked_pow(power);
    factor
        .and_then(|factor| value.checked_mul(factor))
        .unwrap_or(0)
}

fn away_from_zero(value: i64, divisor: i64) -> i64 {
    value / divisor + value.signum() * i64::from(value % divisor != 0)
}

/// Go's `math.Pow10`: a product or quotient of two table entries, which is not always the nearest float.
fn power_of_ten(exponent: i32) -> f64 {
    let entry = |exponent: i32| format!("1e{exponent}").parse().unwrap_or(f64::INFINITY);
    match exponent {
        0..=308 => entry(exponent / 32 * 32) * entry(exponent % 32),
        -323..0 => entry(exponent / 32 * 32) / entry(-exponent % 32),
        309.. => f64::INFINITY,
        _ => 0.0,
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Quantity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity such as \"500m\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Quantity, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Quantity, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Quantity, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Text)
    }
}

#[cfg(test)]
mod tests;
