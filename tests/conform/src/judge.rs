//! Whether a reply is the expected one, and where it differs. Pure.

mod body;
mod value;

use std::collections::BTreeSet;

pub(crate) use body::{excerpt, resolved};
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Response};
use serde::Serialize;

use crate::expect::{Expected, Header, Reply};
use crate::known::Known;

/// One thing in which a reply differs from what was expected.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Difference {
    /// What differs: the status, a header, the body or a field of it.
    pub at: String,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl Difference {
    fn new(at: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            expected: expected.into(),
            got: got.into(),
        }
    }
}

/// How a reply, or why there is none, differs from what was expected.
pub fn judge(
    expected: &Expected,
    known: &Known,
    heard: Result<&Response<Bytes>, &reach::Failure>,
) -> Vec<Difference> {
    match (expected, heard) {
        (Expected::Reply(expected), Ok(reply)) => compare(expected, known, reply),
        (Expected::Reply(expected), Err(failure)) => {
            let expected = format!("a reply with status {}", expected.status);
            vec![Difference::new("reply", expected, failure.to_string())]
        }
        (Expected::Nobody, Ok(reply)) => {
            let got = format!("a reply with status {}", reply.status().as_u16());
            vec![Difference::new(
                "reply",
                "that nobody answers any more",
                got,
            )]
        }
        // A closed connection or a refused one: somebody who is there and silent is not gone.
        (Expected::Nobody, Err(failure)) if *failure != reach::Failure::Timeout => Vec::new(),
        (Expected::Nobody, Err(failure)) => {
            let expected = "that nobody listens any more";
            vec![Difference::new("reply", expected, failure.to_string())]
        }
    }
}

fn compare(expected: &Reply, known: &Known, reply: &Response<Bytes>) -> Vec<Difference> {
    let mut differences = Vec::new();
    let status = reply.status().as_u16();
    if status != expected.status {
        differences.push(Difference::new(
            "status",
            expected.status.to_string(),
            status.to_string(),
        ));
    }
    for header in &expected.headers {
        differences.extend(headers(*header, reply.headers()));
    }
    // Of another status the body means something else, and would only be noise.
    if differences.is_empty() {
        differences.extend(body::compare(&expected.body, known, reply));
    }
    differences
}

fn headers(expected: Header, headers: &HeaderMap) -> Option<Difference> {
    let name = match expected {
        Header::Type(_) | Header::Version(_) => CONTENT_TYPE,
        Header::Allow(_) => ALLOW,
        Header::Location(_) => LOCATION,
    };
    let value = headers
        .get(&name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let said = value.as_deref().unwrap_or_default();
    let mut parts = said.split(';').map(str::trim);
    let (wanted, good) = match expected {
        Header::Type(wanted) => {
            let good = parts
                .next()
                .is_some_and(|essence| essence.eq_ignore_ascii_case(wanted));
            (wanted.to_owned(), good)
        }
        Header::Version(wanted) => {
            let wanted = format!("version={wanted}");
            let good = parts.skip(1).any(|parameter| parameter == wanted);
            (format!("…;{wanted}"), good)
        }
        Header::Allow(wanted) => {
            let methods: BTreeSet<&str> = said.split(',').map(str::trim).collect();
            let good = methods == wanted.iter().copied().collect();
            (wanted.join(","), good)
        }
        Header::Location(wanted) => {
            let uri = said.parse::<http::Uri>();
            (
                format!("…{wanted}"),
                uri.is_ok_and(|uri| uri.path() == wanted),
            )
        }
    };
    let got = value.as_deref().unwrap_or("no such header");
    (!good).then(|| Difference::new(format!("header {name}"), wanted, got))
}

#[cfg(test)]
mod tests;
