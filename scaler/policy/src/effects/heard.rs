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
        _ => Outcome::Refused(status.to_string()),
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
