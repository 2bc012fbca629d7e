//! How many connections each address has: no one address shall have all places.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The addresses that have connections.
pub(super) struct Neighbours {
    most: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

impl Neighbours {
    /// Each address may have so many.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            counts: Mutex::default(),
        })
    }

    /// One connection more of this address; none where it has as many as it may.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Neighbour> {
        let address = address.to_canonical();
        let mut counts = self.lock();
        let count = counts.entry(address).or_default();
        // Whoever is refused has others, and so an entry that is needed.
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Neighbour {
            all: Arc::clone(self),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection, counted while it lives.
pub(super) struct Neighbour {
    all: Arc<Neighbours>,
    address: IpAddr,
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.all.lock().entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_places_and_is_forgotten_with_its_last() {
        let all = Neighbours::new(2);
        let one: IpAddr = [10, 0, 0, 1].into();
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        let other: IpAddr = [10, 0, 0, 2].into();
        let first = all.enter(one);
        let second = all.enter(mapped);
        assert!(first.is_some() && second.is_some());
        assert!(all.enter(one).is_none());
        assert!(all.enter(other).is_some());
        drop(first);
        let third = all.enter(one);
        assert!(third.is_some());
        drop((second, third));
        assert!(all.lock().is_empty());
    }
}
