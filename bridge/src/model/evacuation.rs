//! People taken off their bridges, and what is left behind there.

use super::Jitsi;
use super::agenda::{Event, Name};
use super::people::{Place, Worst};

impl Jitsi {
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
            let Some(room) = self.rooms.get_mut(conference) else {
                return;
            };
            let Some(person) = room.people.get_mut(endpoint) else {
                continue;
            };
            if had_media {
                person.suffer(Worst::Interrupted, &mut self.ledger);
            }
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
}

/// The event of a person's arrival.
pub(super) fn established(conference: &Name, endpoint: &Name) -> Event {
    Event::Established {
        conference: conference.clone(),
        endpoint: endpoint.clone(),
    }
}
