//! Thousands of values as one text: what they have in common is written once, by the same code as a single value, and copied.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::{Form, Object, Value, bytes, second, timestamp};

/// About the bytes of one value of an ordinary pod: a long text that is moved each time it doubles is written twice.
const VALUE_LENGTH: usize = 256;

/// Stands for what differs from value to value. Nothing in Kubernetes has it in its name.
const PLACE: &str = "\u{1}";

/// The same as JSON writes it.
const WRITTEN: &str = r#""\u0001""#;

/// The text of a value around its name, its time and its quantity, which come in this order in both versions.
struct Mould<'a> {
    of: Object<'a>,
    before_name: String,
    before_time: String,
    before_quantity: String,
    end: String,
}

impl<'a> Mould<'a> {
    fn new(form: &Form<'_>, object: Object<'a>) -> Option<Self> {
        let of = nameless(object);
        let text = String::from_utf8(bytes(&form.item(of, PLACE, &PLACE), false)).ok()?;
        let mut pieces = text.split(WRITTEN).map(str::to_owned);
        Some(Self {
            of,
            before_name: pieces.next()?,
            before_time: pieces.next()?,
            before_quantity: pieces.next()?,
            end: pieces.next()?,
        })
        .filter(|_| pieces.next().is_none())
    }
}

const fn nameless(object: Object<'_>) -> Object<'_> {
    Object {
        name: PLACE,
        ..object
    }
}

/// The answer in one line.
pub(super) fn list(form: &Form<'_>, values: &[Value<'_>]) -> Vec<u8> {
    moulded(form, values).unwrap_or_else(|| form.whole(values, false))
}

/// `None` where something in common looks like what differs.
fn moulded(form: &Form<'_>, values: &[Value<'_>]) -> Option<Vec<u8>> {
    let nobody = bytes(&form.list::<()>(Vec::new()), false);
    let (head, end) = nobody.split_at(nobody.len() - "]}".len());
    let mut text = Vec::with_capacity((values.len() + 1) * VALUE_LENGTH);
    text.extend_from_slice(head);
    let mut mould: Option<Mould<'_>> = None;
    let mut times: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
    for (index, value) in values.iter().enumerate() {
        let fits = mould
            .take()
            .filter(|known| known.of == nameless(value.object));
        let fits = match fits {
            Some(known) => known,
            None => Mould::new(form, value.object)?,
        };
        if index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(fits.before_name.as_bytes());
        serde_json::to_writer(&mut text, value.object.name).ok()?;
        text.extend_from_slice(fits.before_time.as_bytes());
        // Thousands of values are of a few seconds.
        let time = times
            .entry(second(value.at))
            .or_insert_with(|| bytes(&timestamp(value.at), false));
        text.extend_from_slice(time);
        text.extend_from_slice(fits.before_quantity.as_bytes());
        write!(text, "\"{}\"", value.quantity).ok()?;
        text.extend_from_slice(fits.end.as_bytes());
        mould = Some(fits);
    }
    text.extend_from_slice(end);
    Some(text)
}

#[cfg(test)]
mod tests {
    use bridge::Time;
    use proptest::prelude::*;

    use super::*;
    use crate::api::quantity::quantity;
    use crate::api::selector::Selector;
    use crate::api::wire::Version;
    use crate::api::wire::values::Heading;

    proptest! {
        #[test]
        fn the_text_is_as_if_each_value_were_written_by_itself(
            objects in proptest::collection::vec((0..3_usize, ".{0,9}", 0..9_000_i64, 0.0..1e6_f64), 0..9),
            older: bool,
            window: Option<u32>,
            selected: bool,
            metric in "[a-z\u{1}]{1,9}",
        ) {
            let selector = Selector::parse(if selected { "a in (b,c),!d" } else { "" }).unwrap();
            let version = if older { Version::V1Beta1 } else { Version::V1Beta2 };
            let heading = Heading { version, metric: &metric, window, selector: &selector, pretty: false };
            let kinds = [("Pod", Some("meet")), ("Pod", Some("\u{1}")), ("Namespace", None)];
            let values: Vec<Value<'_>> = objects
                .iter()
                .map(|(kind, name, at, value)| Value {
                    object: Object { kind: kinds[*kind].0, namespace: kinds[*kind].1, name, api_version: "v1" },
                    at: Time::from_millis(*at),
                    quantity: quantity(*value).unwrap(),
                })
                .collect();
            let form = Form::new(heading);
            let text = String::from_utf8(list(&form, &values)).unwrap();
            prop_assert_eq!(text, String::from_utf8(form.whole(&values, false)).unwrap());
        }
    }
}
