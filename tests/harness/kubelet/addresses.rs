//! Addresses for pods: as on a real network, one that was given back is given again as late as can be.

use std::collections::{BTreeSet, VecDeque};
use std::net::Ipv4Addr;

use crate::address::Network;

#[derive(Debug)]
pub(super) struct Addresses {
    network: Network,
    next: u32,
    taken: BTreeSet<Ipv4Addr>,
    forced: VecDeque<Ipv4Addr>,
}

impl Addresses {
    pub(super) fn new(network: Network) -> Self {
        Self {
            network,
            next: 0,
            taken: BTreeSet::new(),
            forced: VecDeque::new(),
        }
    }

    /// An address that no pod has; none when all are taken.
    pub(super) fn take(&mut self) -> Option<Ipv4Addr> {
        if let Some(forced) = self.forced.pop_front() {
            self.taken.insert(forced);
            return Some(forced);
        }
        for _ in 0..Network::POD_ADDRESSES {
            let address = self.network.pod(self.next);
            self.next = (self.next + 1) % Network::POD_ADDRESSES;
            if self.taken.insert(address) {
                return Some(address);
            }
        }
        None
    }

    pub(super) fn give_back(&mut self, address: Ipv4Addr) {
        self.taken.remove(&address);
    }

    pub(super) fn force(&mut self, address: Ipv4Addr) {
        self.forced.push_back(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_given_back_is_not_the_next_one_given() {
        let (network, _claim) = Network::claim().unwrap();
        let mut addresses = Addresses::new(network);
        let first = addresses.take().unwrap();
        addresses.give_back(first);
        assert_ne!(addresses.take(), Some(first));
        addresses.force(first);
        assert_eq!(addresses.take(), Some(first));
    }
}
