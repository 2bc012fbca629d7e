//! People joining and leaving rooms, and being taken off bridges.

use super::Jitsi;
use super::agenda::{Event, Name};
use super::people::{Person, Place, Room};
use crate::time::Time;

impl Jitsi {
    /// A person joins a conference; nothing happens if they are in it. A conference without a domain gets the configured one.
    ///
    /// With fewer people in the room than [`super::JicofoConfig::min_participants`] (two by default) nobody is sent to a bridge.
    pub fn join(&mut self, conference: &str, endpoint: &str, now: Time) {
        self.enter(conference, endpoint, true, now);
    }

    /// A person joins whose media never gets through: the bridge drops the endpoint after a minute and the conference after two,
    /// and jicofo keeps counting it.
    pub fn join_without_ice(&mut self, conference: &str, endpoint: &str, now: Time) {
        self.enter(conference, endpoint, false, now);
    }

    fn enter(&mut self, conference: &str, endpoint: &str, ice: bool, now: Time) {
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
                ice,
                place: Place::Room,
                lost_since: None,
            },
        );
        self.ledger.people += 1;
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
        let now = self.now;
        let Some(room) = self.rooms.get_mut(&conference) else {
            return;
        };
        let Some(mut person) = room.people.get(&endpoint).cloned() else {
            return;
        };
        if self.jicofo.is_some() {
            // What the loop has done so far it did with this person in it.
            self.retry_trapped();
            self.take_off(&conference, &endpoint);
        } else if let Place::On(bridge) | Place::Invited(bridge) = person.place.clone() {
            self.agenda.cancel(&established(&conference, &endpoint));
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
        if let Some(room) = self.rooms.get_mut(&conference) {
            if let Some(still) = room.people.remove(&endpoint) {
                person = still;
            }
            person.go(Place::Room, &mut self.ledger, now);
            self.ledger.people -= 1;
            self.left(&conference);
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

    /// Jicofo takes one person off whatever bridge it had put them on; a session without anybody ends.
    pub(super) fn take_off(&mut self, conference: &Name, endpoint: &Name) {
        let now = self.now;
        self.agenda.cancel(&established(conference, endpoint));
        let Some(room) = self.rooms.get_mut(conference) else {
            return;
        };
        let Some(person) = room.people.get_mut(endpoint) else {
            return;
        };
        let Some(bridge) = person.place.bridge().cloned() else {
            return;
        };
        person.go(Place::Waiting, &mut self.ledger, now);
        self.agenda.cancel(&Event::EndpointExpiry {
            conference: conference.clone(),
            endpoint: endpoint.clone(),
            bridge: bridge.clone(),
        });
        let session = room
            .sessions
            .iter_mut()
            .find(|session| session.bridge == bridge);
        let empty = session.is_some_and(|session| {
            session.endpoints.retain(|name| name != endpoint);
            session.endpoints.is_empty()
        });
        if let Some(jicofo) = &mut self.jicofo
            && let Some(known) = jicofo.known.get_mut(&bridge)
        {
            known.endpoints = known.endpoints.saturating_sub(1);
        }
        if let Some(process) = self.processes.get_mut(&bridge) {
            process.settle(now);
            process.statistics.remove(conference, endpoint);
        }
        if empty {
            self.end_session(conference, &bridge);
        }
        self.relay(conference);
        self.maybe_shutting_down(&bridge);
    }

    /// Jicofo's session of a conference with a bridge ends, and with it the conference there.
    fn end_session(&mut self, conference: &Name, bridge: &Name) {
        let now = self.now;
        if let Some(room) = self.rooms.get_mut(conference) {
            room.sessions.retain(|session| session.bridge != *bridge);
        }
        if let Some(known) = self
            .jicofo
            .as_mut()
            .and_then(|jicofo| jicofo.known.get_mut(bridge))
        {
            known.rooms.remove(conference);
        }
        if let Some(process) = self.processes.get_mut(bridge) {
            process.settle(now);
            process.statistics.close(conference, now);
        }
        self.agenda.cancel(&Event::AllocationTimeout {
            conference: conference.clone(),
            bridge: bridge.clone(),
        });
        self.agenda.cancel(&Event::ConferenceExpiry {
            conference: conference.clone(),
            bridge: bridge.clone(),
        });
    }

    /// Jicofo takes everybody off a bridge and sends them on.
    pub(super) fn evacuate(&mut self, bridge: &Name) {
        let known = self
            .jicofo
            .as_ref()
            .and_then(|jicofo| jicofo.known.get(bridge));
        let rooms: Vec<_> = known
            .iter()
            .flat_map(|known| &known.rooms)
            .cloned()
            .collect();
        for conference in rooms {
            let session = self
                .rooms
                .get(&conference)
                .and_then(|room| room.session(bridge));
            let endpoints = session
                .map(|session| session.endpoints.clone())
                .unwrap_or_default();
            self.send_on(&conference, &endpoints);
        }
    }

    /// Takes these people of one conference off their bridges, all of them, and then sends each to a bridge again.
    pub(super) fn send_on(&mut self, conference: &Name, endpoints: &[Name]) {
        let mut had_media = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let person = self
                .rooms
                .get(conference)
                .and_then(|room| room.people.get(endpoint));
            had_media.push(person.is_some_and(|p| p.ice && matches!(p.place, Place::On(_))));
            self.take_off(conference, endpoint);
        }
        if let Some(jicofo) = &mut self.jicofo {
            jicofo.totals.participants_moved += endpoints.len() as u64;
            jicofo.totals.terminated += endpoints.len() as u64;
        }
        self.invite_all(conference, endpoints, self.config.reinvite);
        for (endpoint, had_media) in endpoints.iter().zip(had_media) {
            let Some(room) = self.rooms.get(conference) else {
                return;
            };
            let Some(person) = room.people.get(endpoint) else {
                continue;
            };
            if person.place == Place::Waiting {
                // Whether cut or sent away: there was nothing to go on to.
                self.ledger.stranded += u64::from(person.lost_since.is_some());
            } else {
                self.ledger.moved += u64::from(had_media);
            }
        }
    }

    /// Jicofo has waited long enough for a bridge's answer: the bridge has failed, and the conference goes elsewhere.
    pub(super) fn allocation_timed_out(&mut self, conference: &Name, bridge: &Name) {
        let now = self.now;
        if let Some(jicofo) = &mut self.jicofo {
            if let Some(known) = jicofo.known.get_mut(bridge) {
                let over = known.failed(false, &self.config, now);
                self.agenda.set(over, Event::FailureOver(bridge.clone()));
            }
            jicofo.totals.bridges_removed += 1;
        }
        let session = self
            .rooms
            .get(conference)
            .and_then(|room| room.session(bridge));
        let endpoints = session
            .map(|session| session.endpoints.clone())
            .unwrap_or_default();
        self.send_on(conference, &endpoints);
        self.retry_trapped();
    }

    /// The bridge drops an endpoint that is not connected; nobody tells jicofo.
    pub(super) fn endpoint_expired(&mut self, conference: &Name, endpoint: &Name, bridge: &Name) {
        let now = self.now;
        let Some(process) = self.processes.get_mut(bridge) else {
            return;
        };
        process.settle(now);
        process.statistics.remove(conference, endpoint);
        let session = process.statistics.sessions.get(conference);
        if session.is_some_and(|session| session.local.is_empty()) {
            let expiry = process.config.expiry;
            let event = Event::ConferenceExpiry {
                conference: conference.clone(),
                bridge: bridge.clone(),
            };
            self.agenda.set(now + expiry, event);
        }
        self.relay(conference);
        self.maybe_shutting_down(bridge);
    }

    /// The bridge drops a conference that has been empty; nobody tells jicofo.
    pub(super) fn conference_expired(&mut self, conference: &Name, bridge: &Name) {
        let now = self.now;
        if let Some(process) = self.processes.get_mut(bridge) {
            let session = process.statistics.sessions.get(conference);
            if session.is_some_and(|session| session.local.is_empty()) {
                process.settle(now);
                process.statistics.close(conference, now);
            }
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

fn established(conference: &Name, endpoint: &Name) -> Event {
    Event::Established {
        conference: conference.clone(),
        endpoint: endpoint.clone(),
    }
}
