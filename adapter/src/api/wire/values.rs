//! Lists of values, in both versions of the custom metrics API.

use std::collections::BTreeMap;

use bridge::Time;
use jiff::Timestamp;
use serde::Serialize;

use super::Version;
use crate::api::selector::{Requirement, Selector, Test};

/// One value of one object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Value<'a> {
    /// The object that has the value.
    pub object: Object<'a>,
    /// When the value arrived; the whole second is written.
    pub at: Time,
    /// The value as a quantity.
    pub quantity: String,
}

/// The object that a value describes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Object<'a> {
    /// `Pod`, `Deployment`, ...
    pub kind: &'a str,
    /// Its namespace; none for a namespace itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// `v1`, `apps/v1`, ...
    pub api_version: &'a str,
}

/// What is the same in all values of one answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heading<'a> {
    /// Version of the answer.
    pub version: Version,
    /// Name of the metric.
    pub metric: &'a str,
    /// Seconds that one value stands for.
    pub window: Option<u32>,
    /// The metric's label selector as it was asked; nothing where none was.
    pub selector: &'a Selector,
    /// Whether to break and indent lines.
    pub pretty: bool,
}

/// About the bytes of one value of an ordinary pod.
const VALUE_LENGTH: usize = 256;

/// The answer to a question for metrics.
pub(crate) fn list(heading: Heading<'_>, values: &[Value<'_>]) -> Vec<u8> {
    let selector = LabelSelector::of(heading.selector);
    let selector = selector.as_ref();
    let timestamps = Timestamps::of(values);
    let length = (values.len() + 1) * VALUE_LENGTH;
    match heading.version {
        Version::V1Beta1 => text(
            &list_of(heading.version, values, |value| ItemV1Beta1 {
                described_object: value.object,
                metric_name: heading.metric,
                timestamp: timestamps.at(value.at),
                window: heading.window,
                value: &value.quantity,
                selector,
            }),
            heading.pretty,
            length,
        ),
        Version::V1Beta2 => text(
            &list_of(heading.version, values, |value| ItemV1Beta2 {
                described_object: value.object,
                metric: Identifier {
                    name: heading.metric,
                    selector,
                },
                timestamp: timestamps.at(value.at),
                window_seconds: heading.window,
                value: &value.quantity,
            }),
            heading.pretty,
            length,
        ),
    }
}

/// A document as JSON, ending in a line break where it is for eyes.
pub(crate) fn bytes(document: &impl Serialize, pretty: bool) -> Vec<u8> {
    text(document, pretty, 0)
}

/// The same of a document of about so many bytes: a long text that is moved each time it doubles is written twice.
fn text(document: &impl Serialize, pretty: bool, length: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(length);
    let written = if pretty {
        serde_json::to_writer_pretty(&mut text, document).map(|()| text.push(b'\n'))
    } else {
        serde_json::to_writer(&mut text, document)
    };
    written.expect(
        "strings, numbers and lists have a JSON form, and memory does not fail to be written",
    );
    text
}

/// RFC 3339 in UTC with whole seconds, as a strict reader wants it.
pub(super) fn timestamp(at: Time) -> String {
    Timestamp::from_second(second(at))
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_string()
}

/// The seconds of an answer as they are written: thousands of values are of a few.
struct Timestamps(BTreeMap<i64, String>);

impl Timestamps {
    fn of(values: &[Value<'_>]) -> Self {
        let mut written = BTreeMap::new();
        for value in values {
            let second = second(value.at);
            written.entry(second).or_insert_with(|| timestamp(value.at));
        }
        Self(written)
    }

    fn at(&self, at: Time) -> &str {
        self.0.get(&second(at)).map_or("", String::as_str)
    }
}

const fn second(at: Time) -> i64 {
    at.as_millis().div_euclid(1_000)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<I> {
    kind: &'static str,
    api_version: &'static str,
    metadata: Metadata,
    items: Vec<I>,
}

#[derive(Serialize)]
struct Metadata {}

impl<I> List<I> {
    pub(super) const fn new(kind: &'static str, api_version: &'static str, items: Vec<I>) -> Self {
        Self {
            kind,
            api_version,
            metadata: Metadata {},
            items,
        }
    }
}

fn list_of<'a, I>(
    version: Version,
    values: &'a [Value<'a>],
    item: impl Fn(&'a Value<'a>) -> I,
) -> List<I> {
    let items = values.iter().map(item).collect();
    List::new("MetricValueList", version.api_version(), items)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemV1Beta1<'a> {
    described_object: Object<'a>,
    metric_name: &'a str,
    timestamp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<u32>,
    value: &'a str,
    selector: Option<&'a LabelSelector<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemV1Beta2<'a> {
    described_object: Object<'a>,
    metric: Identifier<'a>,
    timestamp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_seconds: Option<u32>,
    value: &'a str,
}

#[derive(Serialize)]
struct Identifier<'a> {
    name: &'a str,
    selector: Option<&'a LabelSelector<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LabelSelector<'a> {
    match_expressions: Vec<Expression<'a>>,
}

#[derive(Serialize)]
struct Expression<'a> {
    key: &'a str,
    operator: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    values: &'a [String],
}

impl<'a> LabelSelector<'a> {
    /// None for everything.
    fn of(selector: &'a Selector) -> Option<Self> {
        let expression = |Requirement { key, test }: &'a Requirement| {
            let (operator, values): (_, &[String]) = match test {
                Test::Exists => ("Exists", &[]),
                Test::Absent => ("DoesNotExist", &[]),
                Test::In(values) => ("In", values),
                Test::NotIn(values) => ("NotIn", values),
            };
            Expression {
                key,
                operator,
                values,
            }
        };
        (!selector.is_everything()).then(|| Self {
            match_expressions: selector.0.iter().map(expression).collect(),
        })
    }
}
