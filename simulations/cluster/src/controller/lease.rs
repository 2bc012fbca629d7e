//! How a replica becomes the leader, and stops being it: as client-go does it.

use std::time::Duration;

use bridge::Time;

use crate::api::{Key, Kind, Lease, Meta, Object, Refusal, Reply, Request};

/// The name of the Lease.
pub const LEASE: &str = "bridgetender";

/// How long a lease is good for, as those see it who do not hold it.
const DURATION: Duration = Duration::from_secs(15);

/// How long the holder may fail to renew it before it stops of itself.
const RENEW: Duration = Duration::from_secs(10);

/// The pause between two tries.
pub const RETRY: Duration = Duration::from_secs(2);

/// One replica's part in the election. All moments are by a clock of its own that only goes forward.
#[derive(Clone, Debug)]
pub struct Elector {
    me: String,
    /// The version of the lease that was seen last, and since when it has been the same.
    observed: Option<(u64, Time)>,
    /// When the last renewal that succeeded was sent.
    renewed: Option<Time>,
    sent: Time,
}

impl Elector {
    /// A replica that has seen nothing.
    pub fn new(me: String) -> Self {
        Self {
            me,
            observed: None,
            renewed: None,
            sent: Time::default(),
        }
    }

    /// Whether it leads, as far as it knows.
    pub fn leads(&self, now: Time) -> bool {
        self.renewed
            .is_some_and(|renewed| now.since(renewed) < RENEW)
    }

    /// What it asks first.
    pub fn look() -> Request {
        Request::Get(Key::new(Kind::Lease, LEASE))
    }

    /// What it writes, having read the lease; nothing while somebody else holds it.
    pub fn read(&mut self, reply: &Reply, now: Time) -> Option<Request> {
        self.sent = now;
        let lease = match reply {
            Ok(object) => match &**object {
                Object::Lease(lease) => lease,
                _ => return None,
            },
            Err(Refusal::NotFound) => {
                let lease = Lease {
                    meta: Meta {
                        name: LEASE.to_owned(),
                        ..Meta::default()
                    },
                    holder: self.me.clone(),
                    renewed: now,
                    transitions: 0,
                };
                return Some(Request::Create(Box::new(Object::Lease(lease))));
            }
            Err(_) => return None,
        };
        let version = lease.meta.version;
        if self.observed.is_none_or(|(seen, _)| seen != version) {
            self.observed = Some((version, now));
        }
        let since = self.observed.map_or(now, |(_, since)| since);
        let mine = lease.holder == self.me;
        if !mine && !lease.holder.is_empty() && now.since(since) < DURATION {
            self.renewed = None;
            return None;
        }
        let lease = Lease {
            holder: self.me.clone(),
            renewed: now,
            transitions: lease.transitions + u32::from(!mine),
            meta: lease.meta.clone(),
        };
        Some(Request::Replace(Box::new(Object::Lease(lease))))
    }

    /// What became of that.
    pub fn wrote(&mut self, reply: &Reply) {
        if reply.is_ok() {
            self.renewed = Some(self.sent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Actor, ApiServer};

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    fn tick(api: &mut ApiServer, elector: &mut Elector, number: usize, second: i64) {
        let actor = Actor::Controller(number);
        let read = api.request(actor, Elector::look(), at(second));
        if let Some(write) = elector.read(&read, at(second)) {
            let wrote = api.request(actor, write, at(second));
            elector.wrote(&wrote);
        }
    }

    #[test]
    fn one_leads_and_another_takes_over_when_it_falls_silent() {
        let mut api = ApiServer::default();
        let (mut a, mut b) = (Elector::new("a".to_owned()), Elector::new("b".to_owned()));
        for second in (0..20).step_by(2) {
            tick(&mut api, &mut a, 0, second);
            tick(&mut api, &mut b, 1, second);
            assert!(a.leads(at(second)) && !b.leads(at(second)));
        }
        assert!(!a.leads(at(28)), "it has not renewed for 10 s");
        for second in (20..32).step_by(2) {
            tick(&mut api, &mut b, 1, second);
            assert!(!b.leads(at(second)));
        }
        tick(&mut api, &mut b, 1, 34);
        assert!(b.leads(at(34)), "15 s after the last renewal that it saw");
    }
}
