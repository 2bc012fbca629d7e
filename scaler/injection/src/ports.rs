//! The ports of the bridge and of the sidecar.

mod media;

use scaler_api::BridgePoolSpec;
use scaler_token::contract::{PORT, PORT_NAME, SIDECAR_CONTAINER};

use crate::draft::Draft;
use crate::names::{FIRST_HTTP_PORT, FIRST_SIDECAR_PORT, HTTP_PORT};
use crate::seen::{Port, Seen};

/// Which ports they have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// The bridge's own HTTP interface, on loopback.
    pub(crate) http: u16,
    /// The sidecar's, on the pod's address.
    pub(crate) sidecar: u16,
    /// The bridge's media port; `None` where the template has it from elsewhere.
    pub(crate) media: Option<u16>,
    /// The port of the node that leads there, where the pod has an address of its own.
    pub(crate) on_node: Option<u16>,
    /// Whether they are the bridge's alone in the whole pool.
    pub(crate) by_slot: bool,
}

/// Chooses the ports, and refuses what is in their way.
pub(crate) fn propose(
    spec: &BridgePoolSpec,
    seen: &Seen<'_>,
    slot: Option<u32>,
    draft: &mut Draft,
) -> Ports {
    let slotted = spec.slots.as_ref();
    let slot = slotted.and(slot);
    let (http, sidecar) = match slot.and_then(|slot| u16::try_from(slot).ok()) {
        Some(slot) if seen.host_network => (
            FIRST_HTTP_PORT.saturating_add(slot),
            FIRST_SIDECAR_PORT.saturating_add(slot),
        ),
        _ => (HTTP_PORT, PORT),
    };
    let (media, on_node) = match slotted {
        Some(slots) => media::of_slot(slots, slot, seen, draft),
        None => media::of_template(seen, draft),
    };
    let ports = Ports {
        http,
        sidecar,
        media,
        on_node: on_node.filter(|_| !seen.host_network),
        by_slot: slotted.is_some(),
    };
    let others = seen
        .all()
        .filter(|container| container.name != SIDECAR_CONTAINER);
    for container in others {
        for port in &container.ports {
            let of_bridge = container.name == seen.bridge().name;
            clash(&ports, port, of_bridge, draft);
        }
    }
    ports
}

/// Refuses a port that is the sidecar's, or the bridge's in another container.
fn clash(ports: &Ports, port: &Port<'_>, of_bridge: bool, draft: &mut Draft) {
    if port.name == Some(PORT_NAME) {
        draft.refuse(
            &port.path,
            "is named metrics, as the sidecar's port is, on which everybody else asks for the bridge's statistics",
            "remove it, or give it another name",
        );
    } else if !port.udp && port.number == Some(ports.sidecar) {
        draft.refuse(
            &port.path,
            format!("is {}, which is the sidecar's port", ports.sidecar),
            "choose another port",
        );
    } else if !port.udp && !of_bridge && port.number == Some(ports.http) {
        draft.refuse(
            &port.path,
            format!(
                "is {}, on which the bridge serves its HTTP within the pod",
                ports.http
            ),
            "choose another port",
        );
    }
}
