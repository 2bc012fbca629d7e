//! What the answer of a bridge, or of jicofo, comes to.

use std::collections::BTreeMap;

use bridge::jicofo::reply;
use http::StatusCode;

use crate::effects::{Call, Outcome};
use crate::world::Room;

/// What the answer to the HTTP request of a call comes to; `None` is no whole answer, so that nobody knows what became of it.
pub fn heard(call: &Call, answer: Option<(StatusCode, &[u8])>) -> Outcome {
    let Some((status, body)) = answer else {
        return Outcome::Unknown;
    };
    match call {
        Call::AskRooms => reply::conferences_full(status, body).map_or_else(
            |error| Outcome::Refused(error.to_string()),
            |conferences| Outcome::Rooms(rooms(&conferences)),
        ),
        _ if status.is_success() => Outcome::Done,
        _ if status == StatusCode::NOT_FOUND => Outcome::Unsupported,
        // A sidecar says why it does not take a token, and what to do about it.
        _ if status == StatusCode::UNAUTHORIZED => Outcome::Refused(unauthorized(body)),
        _ => Outcome::Refused(status.to_string()),
    }
}

/// So many bytes of what a sidecar says are told.
const SAID: usize = 500;

/// What a sidecar says of a token that it does not take, on one line: it may be anybody who answers at that address.
fn unauthorized(body: &[u8]) -> String {
    let said = String::from_utf8_lossy(&body[..body.len().min(SAID)]);
    let printable = said.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let words: Vec<&str> = printable.filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [] => "the sidecar takes no token of ours, and does not say why".to_owned(),
        words => format!("the sidecar does not take our token: {}", words.join(" ")),
    }
}

/// The conferences on each bridge.
fn rooms(conferences: &BTreeMap<String, reply::Conference>) -> BTreeMap<String, Vec<Room>> {
    let mut rooms: BTreeMap<String, Vec<Room>> = BTreeMap::new();
    for (name, conference) in conferences {
        for (bridge, endpoints) in &conference.bridges {
            rooms.entry(bridge.clone()).or_default().push(Room {
                name: name.clone(),
                endpoints: endpoints.len() as u64,
            });
        }
    }
    rooms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Command, Uid};

    #[test]
    fn a_sidecar_that_takes_no_token_says_why_on_one_line_and_no_more_than_is_read() {
        let call = Call::Bridge {
            uid: Uid("u1".to_owned()),
            authority: "10.1.2.3:8090".to_owned(),
            signed: true,
            command: Command::Drain,
        };
        let told = |body: &[u8]| match heard(&call, Some((StatusCode::UNAUTHORIZED, body))) {
            Outcome::Refused(why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            told(b"the token is from the future:\r\n\x1b[31m  set the clock\n"),
            "the sidecar does not take our token: the token is from the future: [31m set the clock"
        );
        for body in [&b""[..], b" \n"] {
            assert!(told(body).contains("does not say why"));
        }
        assert!(told(&[b'x'; 10_000]).len() < 2 * SAID);
        assert!(told(&[0xff; 10_000]).len() < 4 * SAID);
    }
}
