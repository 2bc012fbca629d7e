//! Requests to a jicofo's HTTP interface; [`crate::jicofo::reply`] reads what it answers.
//!
//! An authority is as in [`crate::request`]. A bridge is named by its nickname in the brewery or by its full address there
//! (`jvbbrewery@internal.auth.example.org/jvb1`), a conference by its room (`room@conference.example.org`).

use std::time::Duration;

use http::{Method, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::request::{json, to};

/// The path of each request, without a query.
pub mod path {
    /// Moves one endpoint.
    pub const MOVE_ENDPOINT: &str = "/move-endpoints/move-endpoint";
    /// Moves a number of endpoints.
    pub const MOVE_ENDPOINTS: &str = "/move-endpoints/move-endpoints";
    /// Moves a share of the endpoints.
    pub const MOVE_FRACTION: &str = "/move-endpoints/move-fraction";
    /// Lists pins, and sets one.
    pub const PIN: &str = "/pin";
    /// Removes a pin.
    pub const UNPIN: &str = "/pin/remove";
    /// Health.
    pub const HEALTH: &str = "/about/health";
    /// Version.
    pub const VERSION: &str = "/about/version";
    /// Statistics.
    pub const STATS: &str = "/stats";
    /// The bridges as jicofo sees them.
    pub const DEBUG: &str = "/debug";
    /// Every conference with its endpoints.
    pub const CONFERENCES_FULL: &str = "/debug/conferences-full";
}

/// What stays as it is in a query's value: what RFC 3986 calls unreserved, and what addresses in XMPP are made of.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'/');

/// Asks for an endpoint to be invited anew, to another bridge if there is a better one. With `bridge`, only if it is there.
pub fn move_endpoint(
    authority: &str,
    conference: &str,
    endpoint: &str,
    bridge: Option<&str>,
) -> Request<Vec<u8>> {
    let mut query = vec![("conference", conference), ("endpoint", endpoint)];
    query.extend(bridge.map(|bridge| ("bridge", bridge)));
    get(authority, path::MOVE_ENDPOINT, &query)
}

/// Asks for `number` endpoints of a bridge, of one conference or of the largest first, to be invited anew.
///
/// Ask for whole conferences: without relays between bridges a part of one is invited back to the bridge that has the rest
/// (jicofo's source). The bridge is not left out when a new one is chosen: it must drain.
pub fn move_endpoints(
    authority: &str,
    bridge: &str,
    conference: Option<&str>,
    number: u64,
) -> Request<Vec<u8>> {
    let number = number.to_string();
    let mut query = vec![("bridge", bridge)];
    query.extend(conference.map(|conference| ("conference", conference)));
    query.push(("numEndpoints", &number));
    get(authority, path::MOVE_ENDPOINTS, &query)
}

/// Asks for a share of a bridge's endpoints, from 0 to 1, to be invited anew; [`move_endpoints`] says what to mind.
pub fn move_fraction(authority: &str, bridge: &str, fraction: f64) -> Request<Vec<u8>> {
    let fraction = fraction.to_string();
    get(
        authority,
        path::MOVE_FRACTION,
        &[("bridge", bridge), ("fraction", &fraction)],
    )
}

/// Asks which conferences are pinned to a version.
pub fn pins(authority: &str) -> Request<Vec<u8>> {
    get(authority, path::PIN, &[])
}

/// Pins a conference to bridges of a version, for whole minutes, rounded up. jicofo pins to versions only, never to a bridge.
pub fn pin(
    authority: &str,
    conference: &str,
    version: &str,
    duration: Duration,
) -> Request<Vec<u8>> {
    const SECONDS_PER_MINUTE: u64 = 60;
    let seconds = duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0));
    let minutes = seconds.div_ceil(SECONDS_PER_MINUTE);
    let body =
        json!({ "conferenceId": conference, "jvbVersion": version, "durationMinutes": minutes });
    json(to(
        Method::POST,
        authority,
        path::PIN,
        body.to_string().into_bytes(),
    ))
}

/// Removes a conference's pin; that there is none is no error.
pub fn unpin(authority: &str, conference: &str) -> Request<Vec<u8>> {
    let body = json!({ "conferenceId": conference });
    json(to(
        Method::POST,
        authority,
        path::UNPIN,
        body.to_string().into_bytes(),
    ))
}

/// Asks for the last result of jicofo's own health check.
pub fn health(authority: &str) -> Request<Vec<u8>> {
    get(authority, path::HEALTH, &[])
}

/// Asks for jicofo's version.
pub fn version(authority: &str) -> Request<Vec<u8>> {
    get(authority, path::VERSION, &[])
}

/// Asks for statistics.
pub fn stats(authority: &str) -> Request<Vec<u8>> {
    get(authority, path::STATS, &[])
}

/// Asks how jicofo sees each bridge.
pub fn debug(authority: &str) -> Request<Vec<u8>> {
    get(authority, path::DEBUG, &[])
}

/// Asks which endpoints of which conference are on which bridge. Large, and full of the names of rooms: ask while a bridge is
/// being emptied, not in passing.
pub fn conferences_full(authority: &str) -> Request<Vec<u8>> {
    get(authority, path::CONFERENCES_FULL, &[])
}

fn get(authority: &str, path: &str, query: &[(&str, &str)]) -> Request<Vec<u8>> {
    let mut path = path.to_owned();
    for (index, (key, value)) in query.iter().enumerate() {
        path.push(if index == 0 { '?' } else { '&' });
        path.extend([key, "="]);
        path.extend(utf8_percent_encode(value, VALUE));
    }
    to(Method::GET, authority, &path, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_become_another_parameter() {
        let request = move_endpoint(
            "jicofo:8888",
            "a&endpoint=x #%+ü@muc.example.org",
            "1?2",
            None,
        );
        assert_eq!(
            request.uri().query(),
            Some("conference=a%26endpoint%3Dx%20%23%25%2B%C3%BC@muc.example.org&endpoint=1%3F2")
        );
    }

    #[test]
    fn a_pin_lasts_at_least_as_long_as_asked() {
        for (millis, minutes) in [(0, 0), (1, 1), (60_000, 1), (60_001, 2), (3_600_000, 60)] {
            let request = pin("jicofo:8888", "room", "2.3", Duration::from_millis(millis));
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            assert_eq!(body["durationMinutes"], minutes, "{millis} ms");
        }
    }
}
