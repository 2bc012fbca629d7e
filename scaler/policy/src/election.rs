//! Who of several controllers leads, as client-go decides it.
//!
//! Nobody's wall clock is compared with another's. Whoever does not hold the lease waits until it has not changed for its whole
//! duration, by a clock of its own that only goes forward; whoever holds it stops by itself when it could not renew it for a
//! shorter time. It never is the only guard: each write to a pod names the version on which it was decided.

use std::time::Duration;

use bridge::Time;

/// The times of an election. Each is longer than the one below.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pace {
    /// How long a lease is good for, as those see it who do not hold it.
    pub duration: Duration,
    /// How long the holder may fail to renew it before it stops of itself.
    pub renew_deadline: Duration,
    /// The pause between two tries.
    pub retry: Duration,
}

/// client-go's own.
impl Default for Pace {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// A lease, as it was read or is to be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Held {
    /// The version of the object that was read, and on which the write depends; `None` where it is to be created.
    pub version: Option<String>,
    /// Who holds it; empty when it was released.
    pub holder: String,
    /// How long it is good for, where it says so.
    pub duration: Option<Duration>,
    /// How often it changed hands.
    pub transitions: i32,
}

/// One controller's part in an election.
#[derive(Clone, Debug)]
pub struct Elector {
    me: String,
    pace: Pace,
    /// The version of the lease that was seen last, and since when it has been the same.
    observed: Option<(Option<String>, Time)>,
    /// When the last renewal that succeeded was sent.
    renewed: Option<Time>,
    sent: Time,
}

impl Elector {
    /// One that has seen nothing. `me` is a name that nobody else has, an earlier process of the same pod included.
    pub fn new(me: String, pace: Pace) -> Self {
        Self {
            me,
            pace,
            observed: None,
            renewed: None,
            sent: Time::default(),
        }
    }

    /// Its name.
    pub fn me(&self) -> &str {
        &self.me
    }

    /// Its times.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Until when it leads if nothing more succeeds; `None` when it does not.
    pub fn until(&self) -> Option<Time> {
        self.renewed
            .map(|renewed| renewed + self.pace.renew_deadline)
    }

    /// Whether it leads, as far as it knows.
    pub fn leads(&self, now: Time) -> bool {
        self.until().is_some_and(|until| now < until)
    }

    /// What it writes, having read the lease, or that there is none; nothing while somebody else holds it.
    pub fn read(&mut self, lease: Option<&Held>, now: Time) -> Option<Held> {
        self.sent = now;
        let Some(lease) = lease else {
            return Some(self.held(None, 0));
        };
        if self
            .observed
            .as_ref()
            .is_none_or(|(seen, _)| *seen != lease.version)
        {
            self.observed = Some((lease.version.clone(), now));
        }
        let since = self.observed.as_ref().map_or(now, |(_, since)| *since);
        let mine = lease.holder == self.me;
        let good_for = lease.duration.unwrap_or(self.pace.duration);
        if !mine && !lease.holder.is_empty() && now.since(since) < good_for {
            self.renewed = None;
            return None;
        }
        let transitions = lease.transitions.saturating_add(i32::from(!mine));
        Some(self.held(lease.version.clone(), transitions))
    }

    /// What became of that.
    pub fn wrote(&mut self, done: bool) {
        if done {
            self.renewed = Some(self.sent);
        }
    }

    /// What it writes to let the next one lead at once, having read the lease for the last time; nothing where it is not its own.
    pub fn release(&mut self, lease: &Held) -> Option<Held> {
        /// A duration of nothing is refused by the API server.
        const SHORTEST: Duration = Duration::from_secs(1);
        self.renewed = None;
        (lease.holder == self.me).then(|| Held {
            holder: String::new(),
            duration: Some(SHORTEST),
            ..lease.clone()
        })
    }

    fn held(&self, version: Option<String>, transitions: i32) -> Held {
        Held {
            version,
            holder: self.me.clone(),
            duration: Some(self.pace.duration),
            transitions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    /// The object, as an API server keeps it.
    #[derive(Default)]
    struct Server {
        lease: Option<Held>,
        version: u64,
    }

    impl Server {
        fn write(&mut self, write: Held) -> bool {
            let current = self.lease.as_ref().and_then(|lease| lease.version.clone());
            if write.version != current {
                return false;
            }
            self.version += 1;
            self.lease = Some(Held {
                version: Some(self.version.to_string()),
                ..write
            });
            true
        }

        fn tick(&mut self, elector: &mut Elector, second: i64) {
            if let Some(write) = elector.read(self.lease.as_ref(), at(second)) {
                let done = self.write(write);
                elector.wrote(done);
            }
        }
    }

    fn two() -> (Server, Elector, Elector) {
        let elector = |name: &str| Elector::new(name.to_owned(), Pace::default());
        (Server::default(), elector("a"), elector("b"))
    }

    #[test]
    fn one_leads_and_another_takes_over_when_it_falls_silent() {
        let (mut server, mut a, mut b) = two();
        for second in (0..20).step_by(2) {
            server.tick(&mut a, second);
            server.tick(&mut b, second);
            assert!(a.leads(at(second)) && !b.leads(at(second)));
        }
        assert!(!a.leads(at(28)), "it has not renewed for 10 s");
        for second in (20..32).step_by(2) {
            server.tick(&mut b, second);
            assert!(!b.leads(at(second)));
        }
        server.tick(&mut b, 34);
        assert!(b.leads(at(34)), "15 s after the last renewal that it saw");
        assert_eq!(server.lease.map(|lease| lease.transitions), Some(1));
    }

    #[test]
    fn of_two_that_write_at_once_one_wins() {
        let (mut server, mut a, mut b) = two();
        let writes = [a.read(None, at(0)), b.read(None, at(0))];
        let done = writes.map(|write| server.write(write.unwrap()));
        a.wrote(done[0]);
        b.wrote(done[1]);
        assert!(a.leads(at(0)) && !b.leads(at(0)));
    }

    #[test]
    fn a_lease_that_was_released_is_taken_at_once() {
        let (mut server, mut a, mut b) = two();
        server.tick(&mut a, 0);
        server.tick(&mut b, 1);
        assert!(!b.leads(at(1)));
        let released = a.release(server.lease.as_ref().unwrap()).unwrap();
        assert!(server.write(released) && !a.leads(at(1)));
        server.tick(&mut b, 2);
        assert!(b.leads(at(2)));
    }

    #[test]
    fn nobody_releases_what_another_one_holds() {
        let (mut server, mut a, mut b) = two();
        server.tick(&mut a, 0);
        server.tick(&mut b, 0);
        assert_eq!(b.release(server.lease.as_ref().unwrap()), None);
    }

    #[test]
    fn the_duration_that_the_holder_wrote_counts() {
        let (_, _, mut b) = two();
        let lease = Held {
            version: Some("1".to_owned()),
            holder: "a".to_owned(),
            duration: Some(Duration::from_mins(1)),
            transitions: 0,
        };
        assert_eq!(b.read(Some(&lease), at(0)), None);
        assert_eq!(b.read(Some(&lease), at(59)), None);
        assert!(b.read(Some(&lease), at(60)).is_some());
    }
}
