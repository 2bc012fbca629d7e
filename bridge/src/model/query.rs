//! The parameters of jicofo's requests, and how it refuses bad ones.

use http::{Request, StatusCode};

use super::ktor::plain;
use super::page::Reply;

/// Why jicofo refuses, with the text that it gives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    BadRequest(String),
    /// A status of 500, like every error that its handler does not know.
    Unhandled(String),
}

impl Refusal {
    fn missing(parameter: &str) -> Self {
        Self::BadRequest(format!("Missing parameter: {parameter}"))
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::Unhandled(format!("Not found: {what} not found"))
    }

    pub(super) fn reply(self) -> Reply {
        match self {
            Self::BadRequest(text) => {
                let text = format!("Bad request: {text}");
                plain(StatusCode::BAD_REQUEST, text)
            }
            Self::Unhandled(text) => plain(StatusCode::INTERNAL_SERVER_ERROR, text),
        }
    }
}

/// The address of a room, if this is one: a name and a domain.
pub(super) fn jid(text: &str) -> Option<String> {
    let (name, domain) = text.split_once('@')?;
    let valid = !name.is_empty() && !domain.is_empty() && !domain.contains(['@', '/']);
    valid.then(|| text.to_owned())
}

/// The parameters of a request's address.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(request: &Request<Vec<u8>>) -> Self {
        let pairs = request.uri().query().unwrap_or_default().split('&');
        let pairs = pairs.filter_map(|pair| pair.split_once('='));
        Self(
            pairs
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.clone())
    }

    pub(super) fn required(&self, name: &str) -> Result<String, Refusal> {
        self.get(name).ok_or_else(|| Refusal::missing(name))
    }
}

/// Percent-decoded.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match tail {
            [high, low, ..] if *first == b'%' => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|hex| u8::from_str_radix(hex, 16).ok()),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        assert_eq!(decoded("a%40b+c%2"), "a@b c%2");
        assert_eq!(decoded("%zz"), "%zz");
    }

    #[test]
    fn a_room_has_a_name_and_a_domain() {
        assert_eq!(jid("room@conference"), Some("room@conference".to_owned()));
        for bad in [
            "room",
            "@",
            "room@",
            "@conference",
            "@@",
            "room@conference/nick",
        ] {
            assert_eq!(jid(bad), None, "{bad}");
        }
    }
}
