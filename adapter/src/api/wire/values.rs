//! Lists of values, in both versions of the custom metrics API.

use bridge::Time;
use jiff::Timestamp;
use serde::Serialize;

use super::Version;
use crate::api::quantity::Quantity;
use crate::api::selector::{Requirement, Selector, Test};

mod mould;

/// One value of one object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Value<'a> {
    /// The object that has the value.
    pub object: Object<'a>,
    /// When the value arrived; the whole second is written.
    pub at: Time,
    /// The value as a quantity.
    pub quantity: Quantity,
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

/// The answer to a question for metrics.
pub(crate) fn list(heading: Heading<'_>, values: &[Value<'_>]) -> Vec<u8> {
    let form = Form::new(heading);
    if heading.pretty {
        form.whole(values, true)
    } else {
        mould::list(&form, values)
    }
}

/// The form of all values of one answer.
struct Form<'a> {
    heading: Heading<'a>,
    selector: Option<LabelSelector<'a>>,
}

impl<'a> Form<'a> {
    fn new(heading: Heading<'a>) -> Self {
        let selector = LabelSelector::of(heading.selector);
        Self { heading, selector }
    }

    /// The answer, each of its values written by itself.
    fn whole(&self, values: &[Value<'_>], pretty: bool) -> Vec<u8> {
        let times: Vec<String> = values.iter().map(|value| timestamp(value.at)).collect();
        let items = values.iter().zip(&times);
        let items = items.map(|(value, time)| self.item(value.object, time, &value.quantity));
        bytes(&self.list(items.collect()), pretty)
    }

    fn list<I>(&self, items: Vec<I>) -> List<I> {
        List::new("MetricValueList", self.heading.version.api_version(), items)
    }

    fn item<'i, V>(&'i self, object: Object<'i>, timestamp: &'i str, value: &'i V) -> Item<'i, V> {
        let heading = &self.heading;
        let selector = self.selector.as_ref();
        match heading.version {
            Version::V1Beta1 => Item::V1Beta1(ItemV1Beta1 {
                described_object: object,
                metric_name: heading.metric,
                timestamp,
                window: heading.window,
                value,
                selector,
            }),
            Version::V1Beta2 => Item::V1Beta2(ItemV1Beta2 {
                described_object: object,
                metric: Identifier {
                    name: heading.metric,
                    selector,
                },
                timestamp,
                window_seconds: heading.window,
                value,
            }),
        }
    }
}

/// A document as JSON, ending in a line break where it is for eyes.
pub(crate) fn bytes(document: &impl Serialize, pretty: bool) -> Vec<u8> {
    let mut text = Vec::new();
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

/// One value in the form of either version.
#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a, V> {
    V1Beta1(ItemV1Beta1<'a, V>),
    V1Beta2(ItemV1Beta2<'a, V>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemV1Beta1<'a, V> {
    described_object: Object<'a>,
    metric_name: &'a str,
    timestamp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<u32>,
    value: &'a V,
    selector: Option<&'a LabelSelector<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemV1Beta2<'a, V> {
    described_object: Object<'a>,
    metric: Identifier<'a>,
    timestamp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_seconds: Option<u32>,
    value: &'a V,
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
