//! Metrics in the three forms, for bridge and jicofo alike: the families are data, as they were recorded.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::java::{Double, Json};
use crate::time::Time;

/// One family of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Family {
    pub(super) kind: &'static str,
    pub(super) number: &'static str,
    pub(super) name: &'static str,
    help: &'static str,
}

/// What a family holds at a moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Long(i64),
    Double(f64),
    Bool(bool),
    /// An info: its label has the family's name.
    Text(String),
    Histogram {
        /// Upper bounds, and how many are at or below each, the one without a bound last.
        buckets: Vec<(f64, u64)>,
        sum: f64,
    },
    /// By bridge; nothing of it is in the JSON form.
    ByBridge(Vec<(String, i64)>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    pub(super) family: Family,
    pub(super) value: Value,
    pub(super) created: Time,
}

/// The families of a table, in its order; a line that begins with `#` is a comment.
pub(super) fn families(table: &'static str) -> impl Iterator<Item = Family> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut fields = line.split('\t');
            let mut field = || fields.next().unwrap_or_default();
            Family {
                kind: field(),
                number: field(),
                name: field(),
                help: field(),
            }
        })
}

impl Family {
    /// Nothing measured yet.
    pub(super) fn zero(self) -> Value {
        match self.number {
            "double" => Value::Double(0.0),
            "bool" => Value::Bool(false),
            _ => Value::Long(0),
        }
    }
}

/// The flat JSON object, names without prefix.
pub(super) fn json(measured: &[Measured]) -> Json {
    let members = measured.iter().filter_map(
        |Measured {
             family,
             value,
             created,
         }| {
            let value = match value {
                Value::Long(value) => Json::Long(*value),
                Value::Double(value) => Json::Double(*value),
                Value::Bool(value) => Json::Bool(*value),
                Value::Text(text) => Json::Text(text.clone()),
                Value::Histogram { buckets, sum } => histogram(buckets, *sum, *created),
                Value::ByBridge(_) => return None,
            };
            let total = if family.kind == "counter" {
                "_total"
            } else {
                ""
            };
            Some((format!("{}{total}", family.name), value))
        },
    );
    Json::object(members)
}

fn histogram(buckets: &[(f64, u64)], sum: f64, created: Time) -> Json {
    let count = buckets.last().map_or(0, |(_, count)| *count) as f64;
    let bounded = buckets.iter().map(|(bound, count)| {
        (
            format!("bucket_le_{}", le(*bound)),
            Json::Double(*count as f64),
        )
    });
    Json::object(bounded.chain([
        ("count".to_owned(), Json::Double(count)),
        ("sum".to_owned(), Json::Double(sum)),
        ("created".to_owned(), Json::Double(seconds(created))),
    ]))
}

/// The text form 0.0.4, or OpenMetrics 1.0.0.
pub(super) fn text(
    prefix: &str,
    order: &str,
    measured: &[Measured],
    open: bool,
    with_created: bool,
) -> String {
    let by_name: BTreeMap<_, _> = measured.iter().map(|m| (m.family.name, m)).collect();
    let ordered = order.lines().filter_map(|name| by_name.get(name).copied());
    let known: Vec<_> = order.lines().collect();
    let late = measured.iter().filter(|m| !known.contains(&m.family.name));
    let mut out = Writer {
        prefix,
        open,
        with_created,
        text: String::new(),
        created: BTreeMap::new(),
    };
    for measured in ordered.chain(late) {
        out.family(measured);
    }
    out.finish()
}

struct Writer<'a> {
    prefix: &'a str,
    open: bool,
    /// Whether the moments of creation are told.
    with_created: bool,
    text: String,
    /// The 0.0.4 form has these as families of their own at its end, sorted by name.
    created: BTreeMap<String, (&'static str, Time)>,
}

impl Writer<'_> {
    fn family(
        &mut self,
        Measured {
            family,
            value,
            created,
        }: &Measured,
    ) {
        let name = format!("{}{}", self.prefix, family.name);
        let counter = family.kind == "counter";
        let suffix = match family.kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        if self.open {
            self.head(&name, family.kind, family.help);
        } else {
            let kind = if family.kind == "info" {
                "gauge"
            } else {
                family.kind
            };
            self.head(&format!("{name}{suffix}"), kind, family.help);
        }
        match value {
            Value::Long(value) => self.sample(&format!("{name}{suffix}"), *value as f64),
            Value::Double(value) => self.sample(&name, *value),
            Value::Bool(value) => self.sample(&name, f64::from(u8::from(*value))),
            Value::Text(text) => {
                self.labelled(&format!("{name}_info"), family.name, text, 1.0);
            }
            Value::Histogram { buckets, sum } => self.histogram(&name, buckets, *sum),
            Value::ByBridge(values) => {
                for (bridge, value) in values {
                    self.labelled(&format!("{name}{suffix}"), "jvb", bridge, *value as f64);
                }
            }
        }
        let histogram = matches!(value, Value::Histogram { .. });
        if self.with_created && (histogram || (counter && !matches!(value, Value::ByBridge(_)))) {
            let name = format!("{name}_created");
            if self.open {
                self.sample(&name, seconds(*created));
            } else {
                self.created.insert(name, (family.help, *created));
            }
        }
    }

    fn histogram(&mut self, name: &str, buckets: &[(f64, u64)], sum: f64) {
        for (bound, count) in buckets {
            self.labelled(&format!("{name}_bucket"), "le", &le(*bound), *count as f64);
        }
        let count = buckets.last().map_or(0, |(_, count)| *count);
        self.sample(&format!("{name}_count"), count as f64);
        self.sample(&format!("{name}_sum"), sum);
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let (kind, help) = (
            format!("# TYPE {name} {kind}\n"),
            format!("# HELP {name} {help}\n"),
        );
        self.text += &if self.open {
            kind + &help
        } else {
            help + &kind
        };
    }

    fn sample(&mut self, name: &str, value: f64) {
        self.line(name, value);
    }

    /// The 0.0.4 form ends its labels with a comma, OpenMetrics does not.
    fn labelled(&mut self, name: &str, label: &str, text: &str, value: f64) {
        let text = text
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        let comma = if self.open { "" } else { "," };
        self.line(&format!("{name}{{{label}=\"{text}\"{comma}}}"), value);
    }

    fn line(&mut self, name: &str, value: f64) {
        let value = match value {
            f64::INFINITY => "+Inf".to_owned(),
            f64::NEG_INFINITY => "-Inf".to_owned(),
            value => Double(value).to_string(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{name} {value}");
    }

    fn finish(mut self) -> String {
        for (name, (help, created)) in std::mem::take(&mut self.created) {
            self.head(&name, "gauge", help);
            self.sample(&name, seconds(created));
        }
        if self.open {
            self.text += "# EOF\n";
        }
        self.text
    }
}

fn le(bound: f64) -> String {
    if bound.is_infinite() {
        "+Inf".to_owned()
    } else {
        Double(bound).to_string()
    }
}

fn seconds(at: Time) -> f64 {
    at.as_millis() as f64 / 1000.0
}
