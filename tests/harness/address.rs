//! Addresses: each laboratory has a network of its own on the loopback device.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};

use anyhow::{Context, Result};

// Not the usual ports: a program that listens on one of those at every address, as many do on 8080 and k3s on 6443, would be in the
// way of every laboratory. Not above 32767 either, where Linux takes ports for connections from.

/// The port whose exclusive listener says that a network is taken.
const CLAIM_PORT: u16 = 16440;
/// Where the API server listens.
pub(crate) const API_SERVER_PORT: u16 = 16443;
/// Where the link to it listens.
pub(crate) const LINK_PORT: u16 = 16444;
/// Where etcd serves its clients.
pub(crate) const ETCD_PORT: u16 = 12379;
/// Where etcd would serve its peers.
pub(crate) const ETCD_PEER_PORT: u16 = 12380;
/// Where the controller manager listens.
pub(crate) const CONTROLLER_MANAGER_PORT: u16 = 20257;
/// Where bridges serve their HTTP.
pub const BRIDGE_PORT: u16 = 18080;
/// Where adapters serve theirs.
pub const ADAPTER_PORT: u16 = 18443;
/// Where controllers serve their health and metrics.
const SCALER_PORT: u16 = 18081;
/// Where jicofo serves its HTTP.
const JICOFO_PORT: u16 = 18888;
/// All that a laboratory listens on, somewhere in its network.
const PORTS: [u16; 9] = [
    API_SERVER_PORT,
    LINK_PORT,
    ETCD_PORT,
    ETCD_PEER_PORT,
    CONTROLLER_MANAGER_PORT,
    BRIDGE_PORT,
    ADAPTER_PORT,
    SCALER_PORT,
    JICOFO_PORT,
];

/// The host part of jicofo: 127.X.0.2.
const JICOFO: u8 = 2;
/// The host part of the first adapter: 127.X.0.10.
const FIRST_ADAPTER: u8 = 10;
/// The host part of the first controller: 127.X.0.50.
const FIRST_SCALER: u8 = 50;
/// The host part of the first balancer in front of adapters: 127.X.0.200.
const FIRST_BALANCER: u8 = 200;

/// A network 127.X.0.0/16: the control plane on 127.X.0.1, adapters from 127.X.0.10, pods from 127.X.1.0 up.
///
/// Linux answers on every address of 127.0.0.0/8 without any set-up, so fixed ports do for all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network(u8);

impl Network {
    /// Takes a network that no other laboratory of this machine has; the claim lasts as long as the listener is open anywhere.
    ///
    /// # Errors
    /// When all 254 are taken or loopback addresses cannot be listened on; or when a program of this machine listens at every
    /// address on a port that a laboratory needs.
    pub fn claim() -> Result<(Self, TcpListener)> {
        let (network, listener) = Self::claim_with(CLAIM_PORT)?;
        free(network.control_plane(), &PORTS)?;
        Ok((network, listener))
    }

    fn claim_with(port: u16) -> Result<(Self, TcpListener)> {
        // Neighbours would all try 1, 2, 3: where to begin differs from process to process.
        let start = std::process::id();
        let mut last = None;
        for offset in 0..254_u32 {
            let network = Self(((start + offset) % 254) as u8 + 1);
            match TcpListener::bind((network.control_plane(), port)) {
                Ok(listener) => return Ok((network, listener)),
                Err(error) => last = Some(error),
            }
        }
        let error = last.context("no network was tried")?;
        let hint = if error.kind() == ErrorKind::AddrInUse {
            format!(
                "254 laboratories run, or a program that listens on port {port} at every address is in the way, \
                 `ss -ltnp 'sport = :{port}'` names it"
            )
        } else {
            "it needs Linux, whose loopback device answers on all of 127.0.0.0/8 (`ip addr show lo`)".to_owned()
        };
        Err(error).with_context(|| {
            format!("no network of 127.1.0.0 to 127.254.0.0 is free; hint: {hint}")
        })
    }

    /// The X of 127.X.0.0/16: 1 to 254.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Where etcd, kube-apiserver and kube-controller-manager listen.
    pub fn control_plane(self) -> Ipv4Addr {
        Ipv4Addr::new(127, self.0, 0, 1)
    }

    /// Where jicofo serves its HTTP.
    pub fn jicofo(self) -> SocketAddr {
        self.host(JICOFO, JICOFO_PORT)
    }

    /// Where the adapter's replica `n` (from 0) may listen.
    pub fn adapter(self, n: u8) -> SocketAddr {
        self.host(FIRST_ADAPTER.saturating_add(n), ADAPTER_PORT)
    }

    /// Where the controller's replica `n` (from 0) serves its health and metrics.
    pub fn scaler(self, n: u8) -> SocketAddr {
        self.host(FIRST_SCALER.saturating_add(n), SCALER_PORT)
    }

    /// Where the balancer in front of the replicas of service `n` (from 0) listens.
    pub(crate) fn balancer(self, n: u8) -> SocketAddr {
        self.host(FIRST_BALANCER.saturating_add(n), ADAPTER_PORT)
    }

    /// The address of the node `n` (from 0).
    pub(crate) fn node(self, n: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.0, 0, 100_u8.saturating_add(n))
    }

    /// The pod address `n`, counted from 127.X.1.1; hosts 0 and 255 are left out. It begins anew after 127.X.255.254.
    pub fn pod(self, n: u32) -> Ipv4Addr {
        let n = n % Self::POD_ADDRESSES;
        Ipv4Addr::new(127, self.0, (n / 254) as u8 + 1, (n % 254) as u8 + 1)
    }

    /// How many pod addresses a network has.
    pub(crate) const POD_ADDRESSES: u32 = 255 * 254;

    fn host(self, host: u8, port: u16) -> SocketAddr {
        SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(127, self.0, 0, host), port))
    }
}

/// Whether nobody listens on these ports. Nobody else has the network: it would be somebody who listens at every address.
fn free(address: Ipv4Addr, ports: &[u16]) -> Result<()> {
    for port in ports {
        TcpListener::bind((address, *port)).with_context(|| {
            format!(
                "the laboratory cannot listen on port {port}; hint: a program that listens on it at every address is in the way, \
                 `ss -ltnp 'sport = :{port}'` names it"
            )
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_claimed_network_is_not_given_twice() {
        let (first, _held) = Network::claim().unwrap();
        let (second, _held_too) = Network::claim().unwrap();
        assert_ne!(first, second);
    }

    #[test]
    fn a_port_that_somebody_else_has_is_named() {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let refused = free(Ipv4Addr::LOCALHOST, &[port]).unwrap_err().to_string();
        assert!(refused.contains(&format!("port {port}; hint")), "{refused}");
        drop(other);
        free(Ipv4Addr::LOCALHOST, &[port]).unwrap();
    }

    #[test]
    fn a_program_in_the_way_of_every_network_is_named() {
        let other = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let refused = Network::claim_with(port).unwrap_err().to_string();
        assert!(refused.contains(&format!("on port {port}")), "{refused}");
        drop(other);
        Network::claim_with(port).unwrap();
    }

    #[test]
    fn pod_addresses_differ_and_stay_clear_of_the_control_plane() {
        let network = Network(7);
        let all: BTreeSet<_> = (0..Network::POD_ADDRESSES)
            .map(|n| network.pod(n))
            .collect();
        assert_eq!(all.len(), Network::POD_ADDRESSES as usize);
        assert_eq!(all.first(), Some(&Ipv4Addr::new(127, 7, 1, 1)));
        assert_eq!(all.last(), Some(&Ipv4Addr::new(127, 7, 255, 254)));
        assert_eq!(network.pod(Network::POD_ADDRESSES), network.pod(0));
    }
}
