//! Who is connected: so many at once, and so many of one address. Who rests makes room for who comes.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Connections at once: adapters, Prometheus, the controller and the kubelet have one each.
const CONNECTIONS: usize = 32;

/// Connections of one address at once.
const OF_ONE: usize = 8;

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unwelcome {
    /// This address has all of its connections.
    One,
    /// All connections are in use, and none rests.
    Full,
}

impl Unwelcome {
    /// As a metric's label.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::One => "many_of_one",
            Self::Full => "full",
        }
    }
}

/// Everybody who is connected.
#[derive(Debug, Default)]
pub(super) struct Guests(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    next: u64,
    guests: BTreeMap<u64, Seat>,
}

#[derive(Debug)]
struct Seat {
    address: IpAddr,
    /// Whether it has a request under way.
    busy: bool,
    /// Until when what it does now may take.
    due: Instant,
    out: CancellationToken,
}

/// One connection, for as long as it is there.
#[derive(Debug)]
pub(super) struct Guest {
    guests: Arc<Guests>,
    number: u64,
    address: IpAddr,
    out: CancellationToken,
}

impl Guests {
    /// Lets somebody in. Where there is no room whoever has rested longest has to go.
    pub(super) fn welcome(
        self: &Arc<Self>,
        address: IpAddr,
        now: Instant,
    ) -> Result<Guest, Unwelcome> {
        let mut table = self.table();
        let of_one = table.guests.values().filter(|seat| seat.address == address);
        if of_one.count() >= OF_ONE {
            return Err(Unwelcome::One);
        }
        if table.guests.len() >= CONNECTIONS {
            let resting = table.guests.iter().filter(|(_, seat)| !seat.busy);
            let longest = resting.min_by_key(|(_, seat)| seat.due);
            let longest = longest.map(|(number, _)| *number).ok_or(Unwelcome::Full)?;
            if let Some(seat) = table.guests.remove(&longest) {
                seat.out.cancel();
            }
        }
        let number = table.next;
        table.next += 1;
        let out = CancellationToken::new();
        let seat = Seat {
            address,
            busy: false,
            due: now,
            out: out.clone(),
        };
        table.guests.insert(number, seat);
        Ok(Guest {
            guests: Arc::clone(self),
            number,
            address,
            out,
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// Where it comes from.
    pub(super) const fn address(&self) -> IpAddr {
        self.address
    }

    /// It has a request, which may take until then.
    pub(super) fn asks(&self, due: Instant) {
        self.set(true, due);
    }

    /// It has an answer, and may take it and rest until then.
    pub(super) fn rests(&self, due: Instant) {
        self.set(false, due);
    }

    fn set(&self, busy: bool, due: Instant) {
        if let Some(seat) = self.guests.table().guests.get_mut(&self.number) {
            seat.busy = busy;
            seat.due = due;
        }
    }

    /// Until when what it does now may take; a moment that has passed where it has no seat any more.
    pub(super) fn due(&self) -> Instant {
        let table = self.guests.table();
        table
            .guests
            .get(&self.number)
            .map_or_else(Instant::now, |seat| seat.due)
    }

    /// Waits until it has to make room.
    pub(super) async fn put_out(&self) {
        self.out.cancelled().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.guests.table().guests.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn address(last: usize) -> IpAddr {
        IpAddr::from([10, 0, 0, u8::try_from(last).unwrap()])
    }

    #[tokio::test]
    async fn one_address_does_not_take_all_the_places() {
        let guests = Arc::new(Guests::default());
        let now = Instant::now();
        let welcome = |_| guests.welcome(address(1), now);
        let mut seated: Vec<Guest> = (0..OF_ONE).map(welcome).map(Result::unwrap).collect();
        assert_eq!(welcome(0).err(), Some(Unwelcome::One));
        assert!(guests.welcome(address(2), now).is_ok());
        seated.pop();
        assert!(welcome(0).is_ok(), "one of them has gone");
    }

    #[tokio::test]
    async fn who_has_rested_longest_makes_room_and_who_is_served_does_not() {
        let guests = Arc::new(Guests::default());
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let seated: Vec<Guest> = (0..CONNECTIONS)
            .map(|number| {
                let guest = guests.welcome(address(number), now).unwrap();
                match number {
                    3 => guest.rests(at(1)),
                    5 => guest.asks(at(0)),
                    _ => guest.rests(at(9)),
                }
                guest
            })
            .collect();
        let newcomer = guests.welcome(address(100), now).unwrap();
        newcomer.asks(at(5));
        let out = |guest: &Guest| guest.out.is_cancelled();
        let gone: Vec<usize> = (0..CONNECTIONS)
            .filter(|number| out(&seated[*number]))
            .collect();
        assert_eq!(gone, [3]);
        for guest in &seated {
            guest.asks(at(9));
        }
        let refused = guests.welcome(address(101), now).err();
        assert_eq!(refused, Some(Unwelcome::Full));
    }
}
