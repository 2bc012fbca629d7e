//! Which addresses a pod can have.
//!
//! The kubelet writes them, and whoever can write them for it could otherwise have us ask our own pod, the cloud's
//! metadata service, or everybody at once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether bridges are asked on addresses of this machine, which no pod of a cluster has but every one of a laboratory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Loopback {
    /// They are not.
    Refused,
    /// They are.
    Asked,
}

impl Loopback {
    /// Whether a flag allows them.
    pub const fn allowed(allowed: bool) -> Self {
        if allowed { Self::Asked } else { Self::Refused }
    }
}

/// Whether a pod can have this address, as far as that can be known: nodes' addresses (of pods with `hostNetwork`) and Services'
/// are like any other.
pub(crate) fn is_of_a_pod(address: IpAddr, loopback: Loopback) -> bool {
    // An IPv4 address that is written as one of IPv6 is the IPv4 address.
    match address.to_canonical() {
        IpAddr::V4(address) if address.is_loopback() => loopback == Loopback::Asked,
        IpAddr::V6(address) if address.is_loopback() => loopback == Loopback::Asked,
        IpAddr::V4(address) => is_unicast_v4(address),
        IpAddr::V6(address) => is_unicast_v6(address),
    }
}

/// Not `this network` (0/8), link-local (169.254/16, with the metadata services of clouds), multicast, reserved or broadcast.
fn is_unicast_v4(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    first != 0 && first < 224 && !address.is_link_local()
}

/// Not unspecified, link-local or multicast.
const fn is_unicast_v6(address: Ipv6Addr) -> bool {
    !address.is_unspecified() && !address.is_unicast_link_local() && !address.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_no_pod_can_have_are_known() {
        for (address, expected) in [
            ("10.244.1.7", true),
            ("192.168.0.1", true),
            ("100.64.0.1", true),
            ("203.0.113.9", true),
            ("fd00::7", true),
            ("2001:db8::7", true),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("127.0.0.1", false),
            ("127.255.0.1", false),
            ("169.254.169.254", false),
            ("224.0.0.1", false),
            ("239.255.255.250", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:169.254.169.254", false),
            ("::ffff:10.0.0.1", true),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(
                is_of_a_pod(address, Loopback::Refused),
                expected,
                "{address}"
            );
        }
    }

    #[test]
    fn a_laboratory_asks_its_own_machine_and_nothing_else_that_is_no_pods() {
        for (address, expected) in [
            ("127.3.0.1", true),
            ("::1", true),
            ("10.244.1.7", true),
            ("169.254.169.254", false),
            ("0.0.0.0", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(is_of_a_pod(address, Loopback::Asked), expected, "{address}");
        }
    }
}
