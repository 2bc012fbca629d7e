//! The odd ones were asked of apimachinery 0.36.3 itself.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Quantity {
    text.parse().unwrap()
}

#[test]
fn thousandths_are_rounded_up() {
    for (text, milli) in [
        ("0", 0),
        ("1", 1_000),
        ("500m", 500),
        ("0.5", 500),
        (".5", 500),
        ("5.", 5_000),
        ("+7m", 7),
        ("007", 7_000),
        // T9: a metric of 456700u counts as 457m.
        ("456700u", 457),
        ("0.0001", 1),
        ("1n", 1),
        ("-1m", -1),
        ("-456700u", -457),
        ("2k", 2_000_000),
        ("12e6", 12_000_000_000),
        ("12E6", 12_000_000_000),
        ("250e-3", 250),
        ("1e+3", 1_000_000),
        ("1Ki", 1_024_000),
        ("1.5Gi", 1_610_612_736_000),
        ("400Mi", 419_430_400_000),
        // A finer one than a billionth is one billionth, and so one thousandth.
        ("1e-400", 1),
        ("0.0000000001", 1),
        ("9223372036854775807m", i64::MAX),
    ] {
        assert_eq!(read(text).milli(), milli, "{text}");
    }
}

#[test]
fn what_overflows_does_as_there() {
    for (text, milli) in [
        // Few digits: no thousandths at all, or the low 64 bits, by the power of ten that is missing.
        ("1e17", 0),
        ("1E", 0),
        ("100000000000000000", 7_766_279_631_452_241_920),
        ("-37424479789102448", -530_991_641_683_344_768),
        ("497271494508813059e3", 2_614_513_824_676_087_488),
        ("1e300", 0),
        // Many digits: the low 64 bits.
        ("9223372036854775807", -1_000),
        ("-1000000000000000000m", -2_003_764_205_205),
        ("-9223372036854775807m", 1),
        // A binary one is first capped to the largest i64.
        ("8Ei", -1_000),
        ("-8Ei", 1_000),
        ("99999999999999999999999999999999999999999Ei", -1_000),
    ] {
        assert_eq!(read(text).milli(), milli, "{text}");
    }
}

#[test]
fn a_negative_long_one_is_rounded_as_there() {
    // More than 18 digits or finer than a billionth, and a remainder of any sign adds one.
    assert_eq!(read("-1.0000000001").milli(), -999);
    assert_eq!(read("-1.000000000000000000001").milli(), -999);
    assert_eq!(read("1.000000000000000000001").milli(), 1_001);
}

#[test]
fn a_tolerance_is_digits_times_a_power_of_ten() {
    // T8: 0.07 is 7 * 10^-2, not the float nearest to 0.07 by chance.
    for (text, value) in [
        ("0", 0.0),
        ("0.07", 7.0 * 1e-2),
        ("70m", 70.0 * 1e-3),
        ("250e-3", 250.0 * 1e-3),
        ("100u", 100.0 * 1e-6),
        ("1", 1.0),
        ("0.333", 333.0 * 1e-3),
        ("2k", 2_000.0),
        ("1e40", 1e40),
        ("1e400", f64::INFINITY),
    ] {
        assert_eq!(read(text).approximate(), value, "{text}");
    }
}

#[test]
fn what_is_no_quantity_is_refused() {
    for text in [
        "", "Pi", ".e-12", " 1", "1 ", "1x", "1mm", "m", "1e", "1e1.5", "--1", "1,5", "0x1", "1ki",
        "NaN",
    ] {
        let error = text.parse::<Quantity>();
        // A suffix alone is read as zero of it there, too.
        if text == "m" {
            assert_eq!(error.map(Quantity::milli), Ok(0));
        } else {
            assert_eq!(error, Err(QuantityError::Form(text.to_owned())), "{text}");
        }
    }
    let long = "9".repeat(50);
    assert_eq!(
        long.parse::<Quantity>(),
        Err(QuantityError::TooLarge(long.clone()))
    );
}

#[test]
fn a_number_in_a_manifest_is_a_quantity_too() {
    for (json, milli) in [
        ("2", 2_000),
        ("0.5", 500),
        ("-3", -3_000),
        ("\"1k\"", 1_000_000),
    ] {
        let read: Quantity = serde_json::from_str(json).unwrap();
        assert_eq!(read.milli(), milli, "{json}");
    }
}

proptest! {
    #[test]
    fn thousandths_read_back(milli in -999_999_999_999_999_999..=i64::MAX) {
        prop_assert_eq!(read(&format!("{milli}m")).milli(), milli);
    }

    #[test]
    fn nothing_that_is_read_panics(text in "[+-]?[0-9.]{0,25}[eEinumkKMGTP]{0,2}[+-]?[0-9]{0,6}") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            let _ = (quantity.milli(), quantity.approximate());
        }
    }
}
