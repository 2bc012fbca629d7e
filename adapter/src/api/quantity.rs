//! Numbers as Kubernetes writes them.

use std::fmt;

use serde::{Serialize, Serializer};

/// Thousandths in one.
const MILLI: f64 = 1_000.0;

/// The largest number of thousandths written: every consumer reads them into an `i64`.
const MOST: f64 = 9.0e18;

/// A number as Kubernetes writes it: a whole one as such, any other in thousandths. Never an exponent, never a fraction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Quantity {
    milli: u64,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milli = self.milli;
        if milli.is_multiple_of(1_000) {
            write!(f, "{}", milli / 1_000)
        } else {
            write!(f, "{milli}m")
        }
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A value as a quantity: rounded to the nearest thousandth (halves away from zero).
///
/// Nothing finer than a thousandth survives in a consumer (the HPA computes in thousandths). `None` for what no quantity can
/// say: not a number, infinite, negative, or beyond an `i64` of thousandths.
pub(crate) fn quantity(value: f64) -> Option<Quantity> {
    let milli = (value * MILLI).round();
    if !(0.0..=MOST).contains(&milli) || value < 0.0 {
        return None;
    }
    let milli = milli as u64;
    Some(Quantity { milli })
}

#[cfg(test)]
mod tests {
    use k8s_metrics::QuantityExt;
    use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
    use proptest::prelude::*;

    use super::*;

    fn text_of(value: f64) -> Option<String> {
        quantity(value).map(|quantity| quantity.to_string())
    }

    #[test]
    fn a_value_is_rounded_to_the_nearest_thousandth() {
        let table = [
            (0.0, "0"),
            (-0.0, "0"),
            (0.4321, "432m"),
            (0.4325, "433m"),
            (0.0004, "0"),
            (0.0005, "1m"),
            (1.0, "1"),
            (1.111, "1111m"),
            (0.9996, "1"),
            (17.0, "17"),
            (2_500_000.0, "2500000"),
            (1e12, "1000000000000"),
        ];
        for (value, text) in table {
            assert_eq!(text_of(value).as_deref(), Some(text), "{value}");
        }
    }

    #[test]
    fn what_no_quantity_can_say_is_not_said() {
        for value in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -1.0,
            -0.000_001,
            1e17,
            f64::MAX,
        ] {
            assert_eq!(quantity(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_quantity_reads_back_within_half_a_thousandth(value in 0.0..1e9) {
            let text = text_of(value).unwrap();
            let read = Quantity(text).to_f64().unwrap();
            prop_assert!((read - value).abs() <= 0.0005 + value * 1e-15, "{value} read back as {read}");
        }

        #[test]
        fn a_quantity_is_digits_and_at_most_one_m(value: f64) {
            if let Some(text) = text_of(value) {
                let digits = text.strip_suffix('m').unwrap_or(&text);
                prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty(), "{text}");
                prop_assert!(digits == "0" || !digits.starts_with('0'), "{text}");
            }
        }

        #[test]
        fn a_count_stays_a_count(count in 0_u32..) {
            prop_assert_eq!(text_of(f64::from(count)).unwrap(), count.to_string());
        }
    }
}
