//! Values of JSON against what is expected of them.

use serde_json::Value;

use crate::expect::Want;
use crate::known::Known;

/// Two numbers this near are the same one that was written twice.
const SAME: f64 = 1e-6;

/// 2001, in milliseconds since 1970: what is earlier is no moment but a duration, or seconds.
const FIRST_MOMENT: u64 = 1_000_000_000_000;

/// What was expected, where it is not there.
pub(super) fn compare(want: Want, known: &Known, got: Option<&Value>) -> Option<String> {
    let number = got.and_then(Value::as_f64);
    let count = got.and_then(Value::as_u64);
    let (good, expected) = match want {
        Want::Flag => (
            got.is_some_and(Value::is_boolean),
            "true or false".to_owned(),
        ),
        Want::Is(flag) => (got == Some(&Value::Bool(flag)), flag.to_string()),
        Want::Says(text) => (
            got.and_then(Value::as_str) == Some(text),
            format!("{text:?}"),
        ),
        Want::Text => {
            let text = got.and_then(Value::as_str);
            (
                text.is_some_and(|text| !text.is_empty()),
                "a text".to_owned(),
            )
        }
        Want::Object => (got.is_some_and(Value::is_object), "an object".to_owned()),
        Want::Count => (count.is_some(), "a whole number from 0 up".to_owned()),
        Want::Exactly(wanted) => (count == Some(wanted), wanted.to_string()),
        Want::Stress => (
            number.is_some_and(|stress| stress >= 0.0),
            "a number from 0 up".to_owned(),
        ),
        Want::Moment => {
            let good = count.is_some_and(|at| at >= FIRST_MOMENT);
            (good, "milliseconds since 1970".to_owned())
        }
        Want::Draining => flag(known.draining, got),
        Want::Graceful => flag(known.graceful, got),
        Want::ShuttingDown => flag(known.shutting_down, got),
        Want::Above(name) => match known.noted.get(name) {
            Some(noted) => (
                number.is_some_and(|number| number > *noted),
                format!("more than {noted}, as it was before"),
            ),
            None => (number.is_some(), "a number".to_owned()),
        },
        Want::Noted(name) => match known.noted.get(name) {
            Some(noted) => {
                let good = number.is_some_and(|number| (number - noted).abs() <= SAME);
                (good, format!("{noted}, as it was told elsewhere"))
            }
            None => (number.is_some(), "a number".to_owned()),
        },
        Want::Absent => (got.is_none(), "no such field".to_owned()),
    };
    (!good).then_some(expected)
}

/// A flag that is known, or any.
fn flag(known: Option<bool>, got: Option<&Value>) -> (bool, String) {
    match known {
        Some(flag) => (got == Some(&Value::Bool(flag)), flag.to_string()),
        None => (
            got.is_some_and(Value::is_boolean),
            "true or false".to_owned(),
        ),
    }
}
