//! How people get onto bridges: invitations, refusals, re-invitations, and the loop that never ends.

use std::time::Duration;

use super::Jitsi;
use super::agenda::{Event, Name};
use super::people::{Allocation, Place};
use super::selection::Selection;

impl Jitsi {
    /// Invites these people, one after the other.
    pub(super) fn invite_all(&mut self, conference: &Name, endpoints: &[Name], delay: Duration) {
        for endpoint in endpoints {
            self.invite(conference, endpoint, delay);
        }
    }

    /// Sends one person to a bridge, which media reaches after `delay`.
    pub(super) fn invite(&mut self, conference: &Name, endpoint: &Name, delay: Duration) {
        loop {
            let Some(bridge) = self.choose(conference, endpoint) else {
                return self.wait(conference, endpoint);
            };
            let (Some(jicofo), Some(process)) = (&mut self.jicofo, self.processes.get(&bridge))
            else {
                return self.wait(conference, endpoint);
            };
            let Some(known) = jicofo.known.get_mut(&bridge) else {
                return self.wait(conference, endpoint);
            };
            if known.ghost.is_some() || !process.refuses(conference) {
                return self.allocate(conference, endpoint, bridge, delay);
            }
            // A refusal tells jicofo what the next presence would; a second one can only be met by asking again.
            let knew = std::mem::replace(&mut known.graceful, true);
            if knew {
                self.wait(conference, endpoint);
                return self.trap(conference);
            }
            jicofo.totals.bridges_removed += 1;
            jicofo.totals.participants_moved += 1;
        }
    }

    fn choose(&self, conference: &Name, endpoint: &Name) -> Option<Name> {
        let room = self.rooms.get(conference)?;
        Selection {
            config: &self.config,
            jicofo: self.jicofo.as_ref()?,
            processes: &self.processes,
            conference,
            room,
            person: room.people.get(endpoint)?,
            now: self.now,
        }
        .choose()
    }

    /// There is no bridge for this person.
    fn wait(&mut self, conference: &Name, endpoint: &Name) {
        if let Some(room) = self.rooms.get_mut(conference)
            && let Some(person) = room.people.get_mut(endpoint)
            && let Some(jicofo) = &mut self.jicofo
        {
            person.go(Place::Waiting, &mut self.ledger, self.now);
            jicofo.waiting.insert(conference.clone());
        }
    }

    /// Only refusing bridges are left: from now on jicofo asks them again and again.
    fn trap(&mut self, conference: &Name) {
        if let Some(room) = self.rooms.get_mut(conference)
            && let Some(jicofo) = &mut self.jicofo
        {
            room.trapped.get_or_insert(self.now);
            jicofo.trapped.insert(conference.clone());
        }
    }

    /// Attempts of the loop that are not in the totals yet, and people re-invited by them.
    pub(super) fn attempts(&self) -> (u64, u64) {
        let mut attempts = (0, 0);
        let trapped = self.jicofo.iter().flat_map(|jicofo| &jicofo.trapped);
        for room in trapped.filter_map(|conference| self.rooms.get(conference)) {
            if let Some(since) = room.trapped {
                let retry = self.config.refused_retry.as_millis().max(1);
                let count = (self.now.since(since).as_millis() / retry) as u64;
                let people = room
                    .people
                    .values()
                    .filter(|p| p.place == Place::Waiting)
                    .count();
                attempts.0 += count;
                attempts.1 += count * people as u64;
            }
        }
        attempts
    }

    /// Something has changed that the loop may notice: counts its attempts so far and makes the next one.
    pub(super) fn retry_trapped(&mut self) {
        let (removed, moved) = self.attempts();
        let Some(jicofo) = self
            .jicofo
            .as_mut()
            .filter(|jicofo| !jicofo.trapped.is_empty())
        else {
            return;
        };
        jicofo.totals.bridges_removed += removed;
        jicofo.totals.participants_moved += moved;
        for conference in std::mem::take(&mut jicofo.trapped) {
            if let Some(room) = self.rooms.get_mut(&conference) {
                room.trapped = None;
                let everybody = room.in_order(|person| person.place == Place::Waiting);
                self.invite_all(&conference, &everybody, self.config.invite);
            }
        }
    }

    /// Jicofo puts one person on a bridge that takes the conference, or that does not answer.
    fn allocate(&mut self, conference: &Name, endpoint: &Name, bridge: Name, delay: Duration) {
        let now = self.now;
        let (Some(jicofo), Some(room)) = (&mut self.jicofo, self.rooms.get_mut(conference)) else {
            return;
        };
        let (Some(known), Some(person)) =
            (jicofo.known.get_mut(&bridge), room.people.get_mut(endpoint))
        else {
            return;
        };
        known.added(&self.config, now);
        known.rooms.insert(conference.clone());
        jicofo.totals.initiated += 1;
        person.go(Place::Invited(bridge.clone()), &mut self.ledger, now);
        if !room
            .people
            .values()
            .any(|person| person.place == Place::Waiting)
        {
            jicofo.waiting.remove(conference);
        }
        let answers = known.ghost.is_none();
        let new = room.session(&bridge).is_none();
        if new {
            room.sessions.push(Allocation::new(bridge.clone()));
        }
        if let Some(session) = room
            .sessions
            .iter_mut()
            .find(|session| session.bridge == bridge)
        {
            let interval = self.config.max_bridge_participants_interval;
            session.added(endpoint.clone(), interval, now);
        }
        if !answers {
            let timeout = Event::AllocationTimeout {
                conference: conference.clone(),
                bridge,
            };
            if !self.agenda.contains(&timeout) {
                self.agenda
                    .set(now + self.config.allocation_timeout, timeout);
            }
            return;
        }
        if let Some(process) = self.processes.get_mut(&bridge)
            && !process.statistics.sessions.contains_key(conference)
        {
            process.settle(now);
            process.statistics.open(conference, now);
            self.agenda.cancel(&Event::ConferenceExpiry {
                conference: conference.clone(),
                bridge: bridge.clone(),
            });
            self.relay(conference);
        }
        if delay.is_zero() {
            self.establish(conference, endpoint);
        } else {
            let established = Event::Established {
                conference: conference.clone(),
                endpoint: endpoint.clone(),
            };
            self.agenda.set(now + delay, established);
        }
    }

    /// The person arrives at the bridge, if that is still there.
    pub(super) fn establish(&mut self, conference: &Name, endpoint: &Name) {
        let now = self.now;
        let Some(room) = self.rooms.get_mut(conference) else {
            return;
        };
        let Some(person) = room.people.get_mut(endpoint) else {
            return;
        };
        let Place::Invited(bridge) = person.place.clone() else {
            return;
        };
        let Some(process) = self.processes.get_mut(&bridge) else {
            return;
        };
        if !process.statistics.sessions.contains_key(conference) {
            return;
        }
        process.settle(now);
        process.statistics.add(conference, endpoint, person, now);
        person.go(Place::On(bridge.clone()), &mut self.ledger, now);
        if let Some(jicofo) = &mut self.jicofo {
            jicofo.totals.accepted += 1;
        }
        let expiry = Event::EndpointExpiry {
            conference: conference.clone(),
            endpoint: endpoint.clone(),
            bridge,
        };
        if person.ice {
            // One of the same name may have been left behind.
            self.agenda.cancel(&expiry);
        } else {
            self.agenda.set(now + process.config.expiry, expiry);
        }
        self.relay(conference);
    }

    /// The bridges of a conference learn how many others there are, and endpoints on them.
    pub(super) fn relay(&mut self, conference: &Name) {
        let now = self.now;
        let Some(room) = self.rooms.get(conference) else {
            return;
        };
        let mut locals = Vec::with_capacity(room.sessions.len());
        for session in &room.sessions {
            if let Some(process) = self.processes.get(&session.bridge)
                && let Some(held) = process.statistics.sessions.get(conference)
            {
                locals.push((session.bridge.clone(), held.local.len() as u32, held.relays));
            }
        }
        if locals.len() == 1 && locals[0].2 == 0 {
            return;
        }
        let all: u32 = locals.iter().map(|(_, local, _)| local).sum();
        let relays = (locals.len() as u32).saturating_sub(1);
        for (bridge, local, _) in locals {
            if let Some(process) = self.processes.get_mut(&bridge) {
                process.settle(now);
                process
                    .statistics
                    .relay(conference, relays, all - local, now);
            }
        }
    }
}
