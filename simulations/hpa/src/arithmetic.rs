//! Floats to integers as Go does it on amd64.
//!
//! The language leaves a conversion that does not fit to the machine; there `CVTTSD2SL` and `CVTTSD2SQ` give the smallest
//! integer for whatever does not fit and for what is not a number. Rust's `as` gives the nearest instead.

/// Truncated; `i32::MIN` for what no `i32` holds.
pub(crate) fn to_i32(value: f64) -> i32 {
    if value > -2_147_483_649.0 && value < 2_147_483_648.0 {
        value as i32
    } else {
        i32::MIN
    }
}

/// Truncated; `i64::MIN` for what no `i64` holds.
pub(crate) fn to_i64(value: f64) -> i64 {
    // The largest double below 2^63 fits; -2^63 is itself `i64::MIN`.
    if value > -9_223_372_036_854_775_808.0 && value < 9_223_372_036_854_775_808.0 {
        value as i64
    } else {
        i64::MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_becomes_the_smallest() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
            assert_eq!(to_i32(value), i32::MIN, "{value}");
            assert_eq!(to_i64(value), i64::MIN, "{value}");
        }
        assert_eq!(to_i32(2_147_483_648.0), i32::MIN);
        assert_eq!(to_i64(9_223_372_036_854_775_808.0), i64::MIN);
    }

    #[test]
    fn what_fits_is_truncated_towards_zero() {
        for (value, whole) in [
            (2.9, 2),
            (-2.9, -2),
            (-0.0, 0),
            (2_147_483_647.9, i32::MAX),
            (-2_147_483_648.9, i32::MIN),
        ] {
            assert_eq!(to_i32(value), whole, "{value}");
            assert_eq!(to_i64(value), i64::from(whole), "{value}");
        }
    }
}
