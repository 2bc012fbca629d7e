//! Jicofo's moves: people taken off a bridge and invited again, to wherever selection then sends them, which may be the same bridge.

use super::Jitsi;
use super::agenda::Name;

/// What a move reports: re-invitations issued, not people who left.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Moved {
    pub(super) endpoints: usize,
    pub(super) conferences: usize,
}

impl Jitsi {
    /// Moves one endpoint of a conference, if it is there, and on this bridge if one is named.
    pub(super) fn move_endpoint(
        &mut self,
        conference: &Name,
        endpoint: &str,
        bridge: Option<&Name>,
    ) -> Moved {
        let endpoint = Name::from(endpoint);
        let person = self
            .rooms
            .get(conference)
            .and_then(|room| room.people.get(&endpoint));
        let at = person.and_then(|person| person.place.bridge());
        if at.is_none() || bridge.is_some_and(|bridge| at != Some(bridge)) {
            return Moved::default();
        }
        self.send_on(conference, &[endpoint]);
        self.retry_trapped();
        Moved {
            endpoints: 1,
            conferences: 1,
        }
    }

    /// Moves up to so many endpoints off a bridge, of one conference or of those with the most endpoints there first.
    pub(super) fn move_endpoints(
        &mut self,
        bridge: &Name,
        conference: Option<&Name>,
        count: usize,
    ) -> Moved {
        let held = |name: &Name| {
            let session = self.rooms.get(name).and_then(|room| room.session(bridge));
            session
                .map(|session| session.endpoints.clone())
                .unwrap_or_default()
        };
        let mut conferences: Vec<(Name, Vec<Name>)> = if let Some(conference) = conference {
            vec![(conference.clone(), held(conference))]
        } else {
            let known = self
                .jicofo
                .as_ref()
                .and_then(|jicofo| jicofo.known.get(bridge));
            let names = known.into_iter().flat_map(|known| &known.rooms);
            names.map(|name| (name.clone(), held(name))).collect()
        };
        conferences.sort_by_key(|(_, endpoints)| std::cmp::Reverse(endpoints.len()));
        let mut moved = Moved::default();
        for (name, mut endpoints) in conferences {
            endpoints.truncate(count - moved.endpoints);
            if endpoints.is_empty() {
                continue;
            }
            moved.endpoints += endpoints.len();
            moved.conferences += 1;
            self.send_on(&name, &endpoints);
        }
        self.retry_trapped();
        moved
    }

    /// Moves a fraction of the endpoints that jicofo has on a bridge.
    pub(super) fn move_fraction(&mut self, bridge: &Name, fraction: f64) -> Moved {
        let known = self
            .jicofo
            .as_ref()
            .and_then(|jicofo| jicofo.known.get(bridge));
        let endpoints = known.map_or(0, |known| known.endpoints);
        // A cast of a negative or immense number saturates.
        let count = (fraction * f64::from(endpoints) + 0.5).floor() as usize;
        self.move_endpoints(bridge, None, count)
    }
}
