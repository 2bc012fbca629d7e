//! Bodies against what is expected of them.

use bridge::Stats;
use bridge::reply;
use bridge::source::Source;
use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::{Difference, value};
use crate::expect::{Body, Exposition, Field};
use crate::known::Known;

/// How much of a body a difference repeats, in characters.
const EXCERPT: usize = 200;

/// How the body of a reply differs.
pub(super) fn compare(expected: &Body, known: &Known, reply: &Response<Bytes>) -> Vec<Difference> {
    let text = String::from_utf8_lossy(reply.body());
    let text = text.as_ref();
    let one = |good: bool, expected: String| {
        if good {
            Vec::new()
        } else {
            vec![Difference::new("body", expected, excerpt(text))]
        }
    };
    match expected {
        Body::Any => Vec::new(),
        Body::Empty => one(text.is_empty(), "nothing".to_owned()),
        Body::Is(wanted) => one(text == *wanted, format!("{wanted:?}")),
        Body::Has(wanted) => one(
            text.contains(wanted),
            format!("a text with {wanted:?} in it"),
        ),
        Body::Reason => {
            let json = serde_json::from_str::<Value>(text).is_ok();
            one(
                !text.trim().is_empty() && !json,
                "a reason in plain text".to_owned(),
            )
        }
        Body::Page => {
            let status = format!(
                "<tr><th>STATUS:</th><td>{}</td></tr>",
                reply.status().as_u16()
            );
            one(
                text.contains(&status),
                format!("a page with {status:?} in it"),
            )
        }
        Body::Json(fields) => json(fields, known, text),
        Body::Statistics(source, fields) => {
            let mut differences = json(fields, known, text);
            if differences.is_empty() {
                differences.extend(readable(*source, known, reply));
            }
            differences
        }
        Body::List => {
            let list = serde_json::from_str::<Vec<Value>>(text);
            one(list.is_ok(), "a JSON list".to_owned())
        }
        Body::Pins => pins(known, reply),
        Body::Exposition(expected) => exposition(expected, known, reply, text),
    }
}

fn json(fields: &[Field], known: &Known, text: &str) -> Vec<Difference> {
    let body: Value = match serde_json::from_str(text) {
        Ok(body @ Value::Object(_)) => body,
        _ => return vec![Difference::new("body", "a JSON object", excerpt(text))],
    };
    let fields = fields.iter().filter_map(|(path, want)| {
        let path = resolved(path, known);
        let got = body.pointer(&path);
        let expected = value::compare(*want, known, got)?;
        let got = got.map_or("nothing".to_owned(), |got| excerpt(&got.to_string()));
        Some(Difference::new(format!("body {path}"), expected, got))
    });
    fields.collect()
}

/// A JSON pointer with the bridge's address in it.
pub(crate) fn resolved(path: &str, known: &Known) -> String {
    let member = known.names.member().replace('~', "~0").replace('/', "~1");
    path.replace("{bridge}", &member)
}

/// Whether adapter, controller and simulator can read it, and read of it what is known.
fn readable(source: Source, known: &Known, reply: &Response<Bytes>) -> Option<Difference> {
    let read = reply::stats(source, reply.status(), reply.headers(), reply.body(), &[]);
    let expected = || format!("statistics that can be read as {source}");
    match read {
        Ok(stats) => told(&stats, known),
        Err(error) => Some(Difference::new("body", expected(), reach::causes(&error))),
    }
}

/// Whether what was read says of drain what is known.
fn told(stats: &Stats, known: &Known) -> Option<Difference> {
    let draining = known.draining?;
    let told = stats.flags.drain;
    (told != draining).then(|| {
        let drain = |drain: bool| format!("drain {drain}");
        Difference::new("body as read", drain(draining), drain(told))
    })
}

fn pins(known: &Known, reply: &Response<Bytes>) -> Vec<Difference> {
    let room = &known.names.room;
    let expected = if known.pinned {
        format!("a list of pins with {room}")
    } else {
        format!("a list of pins without {room}")
    };
    let good = bridge::jicofo::reply::pins(reply.status(), reply.body())
        .is_ok_and(|pins| pins.iter().any(|pin| pin.conference_id == *room) == known.pinned);
    if good {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(reply.body());
    vec![Difference::new("body", expected, excerpt(&text))]
}

fn exposition(
    expected: &Exposition,
    known: &Known,
    reply: &Response<Bytes>,
    text: &str,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    let end = "# EOF\n";
    if text.ends_with(end) != expected.open_metrics {
        let wanted = if expected.open_metrics {
            "with"
        } else {
            "without"
        };
        let last = text.lines().next_back().unwrap_or_default();
        differences.push(Difference::new(
            "end of the body",
            format!("{wanted} {end:?}"),
            excerpt(last),
        ));
    }
    for name in expected.names {
        let sample = text.lines().find_map(|line| {
            let rest = line.strip_prefix(name)?;
            let rest = match rest.split_once('}') {
                Some((labels, rest)) if labels.starts_with('{') => rest,
                _ => rest,
            };
            rest.strip_prefix(' ')
        });
        let number = sample.and_then(|sample| sample.split(' ').next()?.parse::<f64>().ok());
        if !number.is_some_and(|number| number.is_finite() && number >= 0.0) {
            let got = sample.map_or("nothing".to_owned(), excerpt);
            differences.push(Difference::new(
                format!("sample of {name}"),
                "a number from 0 up",
                got,
            ));
        }
    }
    if differences.is_empty() && expected.readable {
        differences.extend(readable(Source::MetricsText, known, reply));
    }
    differences
}

/// The beginning of a text, in one line.
pub(crate) fn excerpt(text: &str) -> String {
    if text.trim().is_empty() {
        return match text.len() {
            0 => "nothing".to_owned(),
            bytes => format!("{bytes} bytes of white space"),
        };
    }
    let mut words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(EXCERPT) {
        words.truncate(end);
        words.push('…');
    }
    words
}
