//! People joining and leaving rooms, and being taken off bridges.

use super::Jitsi;
use super::agenda::{Event, Name};
use super::evacuation::established;
use super::people::{Person, Place, Room, Worst};
use crate::time::Time;

/// Somebody who joins a conference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Newcomer {
    /// Whether their media ever gets through. Without it the bridge drops the endpoint after a minute and the conference after two,
    /// and jicofo keeps counting it.
    pub ice: bool,
    /// Whether they only watch: an endpoint like any other to bridges and to jicofo, and a visitor besides. That visitors get rooms
    /// of their own on other XMPP servers is left out.
    pub visitor: bool,
    /// The region in which they are, as their web server tells; none: it tells none.
    pub region: Option<String>,
}

impl Default for Newcomer {
    /// Somebody who takes part, from nobody knows where.
    fn default() -> Self {
        Self {
            ice: true,
            visitor: false,
            region: None,
        }
    }
}

impl Jitsi {
    /// A person joins a conference; nothing happens if they are in it. A conference without a domain gets the configured one.
    ///
    /// With fewer people in the room than [`super::JicofoConfig::min_participants`] (two by default) nobody is sent to a bridge.
    pub fn join(&mut self, conference: &str, endpoint: &str, now: Time) {
        self.join_as(conference, endpoint, Newcomer::default(), now);
    }

    /// The same, for a person who only watches.
    pub fn join_as_visitor(&mut self, conference: &str, endpoint: &str, now: Time) {
        let visitor = Newcomer {
            visitor: true,
            ..Newcomer::default()
        };
        self.join_as(conference, endpoint, visitor, now);
    }

    /// The same, for a person whose media never gets through.
    pub fn join_without_ice(&mut self, conference: &str, endpoint: &str, now: Time) {
        let mute = Newcomer {
            ice: false,
            ..Newcomer::default()
        };
        self.join_as(conference, endpoint, mute, now);
    }

    /// The same, for any kind of person.
    pub fn join_as(&mut self, conference: &str, endpoint: &str, newcomer: Newcomer, now: Time) {
        self.advance(now);
        // What the loop has done so far it did without this person.
        self.retry_trapped();
        let (conference, endpoint) = (self.address(conference), Name::from(endpoint));
        let (now, number) = (self.now, self.number());
        let room = self.rooms.entry(conference.clone());
        let new = matches!(room, std::collections::btree_map::Entry::Vacant(_));
        let room = room.or_insert_with(|| Room::new(now));
        if room.people.contains_key(&endpoint) {
            return;
        }
        room.people.insert(
            endpoint.clone(),
            Person {
                number,
                ice: newcomer.ice,
                visitor: newcomer.visitor,
                region: newcomer.region,
                place: Place::Room,
                lost_since: None,
                worst: Worst::default(),
            },
        );
        self.ledger.people += 1;
        self.ledger.came += 1;
        let Some(jicofo) = &mut self.jicofo else {
            return;
        };
        jicofo.totals.conferences_created += u64::from(new);
        if room.people.len() < self.config.min_participants {
            return;
        }
        let invited = if room.participants() == 0 {
            room.in_order(|_| true)
        } else {
            vec![endpoint]
        };
        jicofo.totals.participants += invited.len() as u64;
        self.agenda.cancel(&Event::SinglePerson {
            conference: conference.clone(),
        });
        self.invite_all(&conference, &invited, self.config.invite);
    }

    /// A person leaves a conference; nothing happens if they are not in it.
    pub fn leave(&mut self, conference: &str, endpoint: &str, now: Time) {
        self.advance(now);
        let (conference, endpoint) = (self.address(conference), Name::from(endpoint));
        self.part(&conference, &endpoint);
    }

    /// A person's browser dies without a word; nothing happens if they are not in the conference. Until the bridge misses it, which
    /// takes a minute, the endpoint is there, and keeps the bridge from leaving. That the XMPP server misses it at the same moment
    /// is inferred.
    pub fn drop_out(&mut self, conference: &str, endpoint: &str, now: Time) {
        self.advance(now);
        let (conference, endpoint) = (self.address(conference), Name::from(endpoint));
        let room = self.rooms.get_mut(&conference);
        let Some(person) = room.and_then(|room| room.people.get_mut(&endpoint)) else {
            return;
        };
        person.fall_silent(&mut self.ledger, self.now);
        let bridge = person.place.bridge();
        let process = bridge.and_then(|bridge| self.processes.get(bridge));
        let missed = process.map_or(self.config.xmpp_timeout, |process| process.config.expiry);
        let missed = (
            self.now + missed,
            Event::Missed {
                conference,
                endpoint,
            },
        );
        if !self.agenda.contains(&missed.1) {
            self.agenda.set(missed.0, missed.1);
        }
    }

    /// Bridge and XMPP server notice that a browser is dead.
    pub(super) fn missed(&mut self, conference: &Name, endpoint: &Name) {
        let person = self
            .rooms
            .get(conference)
            .and_then(|room| room.people.get(endpoint));
        if let Some(bridge) = person.and_then(|person| person.place.bridge()).cloned() {
            self.endpoint_expired(conference, endpoint, &bridge);
        }
        self.part(conference, endpoint);
    }

    fn part(&mut self, conference: &Name, endpoint: &Name) {
        let now = self.now;
        self.agenda.cancel(&Event::Missed {
            conference: conference.clone(),
            endpoint: endpoint.clone(),
        });
        let Some(room) = self.rooms.get_mut(conference) else {
            return;
        };
        let Some(mut person) = room.people.get(endpoint).cloned() else {
            return;
        };
        if self.jicofo.is_some() {
            // What the loop has done so far it did with this person in it.
            self.retry_trapped();
            self.take_off(conference, endpoint);
        } else if let Place::On(bridge) | Place::Invited(bridge) = person.place.clone() {
            self.agenda.cancel(&established(conference, endpoint));
            let expiry = self
                .processes
                .get(&bridge)
                .map(|process| process.config.expiry);
            let event = Event::EndpointExpiry {
                conference: conference.clone(),
                endpoint: endpoint.clone(),
                bridge,
            };
            self.agenda.set(now + expiry.unwrap_or_default(), event);
        }
        if let Some(room) = self.rooms.get_mut(conference) {
            if let Some(still) = room.people.remove(endpoint) {
                person = still;
            }
            person.go(Place::Room, &mut self.ledger, now);
            self.ledger.people -= 1;
            self.left(conference);
        }
    }

    /// What is to do when somebody has left a room.
    fn left(&mut self, conference: &Name) {
        let Some(room) = self.rooms.get(conference) else {
            return;
        };
        let participants = room.participants();
        let waits = room
            .people
            .values()
            .any(|person| person.place == Place::Waiting);
        let alone = Event::SinglePerson {
            conference: conference.clone(),
        };
        if let Some(jicofo) = &mut self.jicofo {
            if participants == 1 {
                let timeout = self.config.single_participant_timeout;
                self.agenda.set(self.now + timeout, alone.clone());
            } else if participants == 0 {
                self.agenda.cancel(&alone);
            }
            if !waits {
                jicofo.waiting.remove(conference);
                jicofo.trapped.remove(conference);
            }
            if room.people.is_empty() {
                let lived = self.now.since(room.created).as_millis() as u64;
                jicofo.totals.conference_millis += lived;
            }
        }
        if room.people.is_empty() {
            self.rooms.remove(conference);
        }
    }

    /// Whoever was left alone leaves the bridge.
    pub(super) fn single_person(&mut self, conference: &Name) {
        let now = self.now;
        let Some(room) = self
            .rooms
            .get(conference)
            .filter(|room| room.participants() == 1)
        else {
            return;
        };
        for endpoint in room.in_order(Person::participates) {
            self.take_off(conference, &endpoint);
            if let Some(room) = self.rooms.get_mut(conference)
                && let Some(person) = room.people.get_mut(&endpoint)
            {
                person.go(Place::Room, &mut self.ledger, now);
            }
        }
        if let Some(jicofo) = &mut self.jicofo {
            jicofo.totals.terminated += 1;
            jicofo.waiting.remove(conference);
            jicofo.trapped.remove(conference);
        }
    }

    /// Millis of conferences that have ended, for jicofo's statistics.
    pub(super) fn ended_seconds(&self) -> f64 {
        let millis = self
            .jicofo
            .as_ref()
            .map_or(0, |jicofo| jicofo.totals.conference_millis);
        millis as f64 / 1000.0
    }
}
