//! The bridge's media port: its slot's, or the template's.

use scaler_api::spec::Slots;
use serde_json::json;

use crate::change::Change;
use crate::draft::Draft;
use crate::names::{MEDIA_PORT, MEDIA_PORT_NAME};
use crate::seen::{Port, Seen};

/// The variable of docker-jitsi-meet.
pub(crate) const VARIABLE: &str = "JVB_PORT";

/// The port, and that of the node which leads there.
type Media = (Option<u16>, Option<u16>);

/// The port of a slot.
pub(super) fn of_slot(
    slots: &Slots,
    slot: Option<u32>,
    seen: &Seen<'_>,
    draft: &mut Draft,
) -> Media {
    let port = slot.and_then(|slot| {
        let port = u16::try_from(slots.port(slot)?).ok()?;
        Some((slot, port))
    });
    let Some((slot, port)) = port else {
        draft.refuse_spec(
            "spec.slots",
            "have none for this bridge",
            "raise spec.slots.count",
        );
        return (None, None);
    };
    let bridge = seen.bridge();
    if let Some(own) = bridge.var(VARIABLE)
        && own.literal != Some(port.to_string().as_str())
    {
        draft.refuse(
            &own.path,
            "gives all bridges one media port, and spec.slots give each its own",
            "remove it, or spec.slots",
        );
    }
    let name = format!("{MEDIA_PORT_NAME}-{slot}");
    let stands_for_it = |port: &&Port<'_>| {
        let own = port
            .name
            .is_some_and(|own| own == MEDIA_PORT_NAME || own == name);
        own && port.udp
    };
    let there = bridge.ports.iter().find(stands_for_it);
    for other in &bridge.ports {
        let is_slot = |number: u16| {
            let first = slots.first_port;
            (first..first.saturating_add(slots.count)).contains(&u32::from(number))
        };
        let ours = there.is_some_and(|there| there.index == other.index);
        if !ours && other.udp && other.number.is_some_and(is_slot) {
            draft.refuse(
                &other.path,
                "is the media port of a slot, and all bridges have it",
                format!("name it {MEDIA_PORT_NAME}: each bridge then gets its slot's port instead, with a hostPort if this has one"),
            );
        }
    }
    let why = "the bridge's slot: a Service with one port for each slot finds it by this name";
    let mut fields = there.map_or_else(Default::default, |there| there.fields.clone());
    fields.insert("name".to_owned(), json!(name));
    fields.insert("containerPort".to_owned(), json!(port));
    fields.insert("protocol".to_owned(), json!("UDP"));
    let on_node = there.and_then(|there| there.host);
    if on_node.is_some() {
        fields.insert("hostPort".to_owned(), json!(port));
    }
    if there.is_none_or(|there| *there.fields != fields) {
        let fields = fields.into();
        let change = match there {
            Some(there) => Change::BridgePort(seen.bridge, there.index, fields),
            None => Change::BridgeItem(seen.bridge, "ports", fields),
        };
        let path = format!("{}.ports[{name}]", bridge.path);
        draft.add(change, path, format!("{port}/UDP"), why);
    }
    (Some(port), on_node.map(|_| port))
}

/// The port that the template says, or the bridge's usual one.
pub(super) fn of_template(seen: &Seen<'_>, draft: &mut Draft) -> Media {
    let bridge = seen.bridge();
    let udp: Vec<&Port<'_>> = bridge.ports.iter().filter(|port| port.udp).collect();
    let Some(own) = bridge.var(VARIABLE) else {
        // Of another object it may come as well, and what is said here would be said over it.
        let unsaid = (!bridge.env_from).then_some(MEDIA_PORT);
        let named = udp.iter().find(|port| port.name == Some(MEDIA_PORT_NAME));
        let ((Some(port), _) | (None, [port])) = (named, udp.as_slice()) else {
            return (unsaid, on_node(&udp, MEDIA_PORT));
        };
        let number = port.number.unwrap_or(MEDIA_PORT);
        return (unsaid.map(|_| number), port.host);
    };
    let Some(literal) = own.literal else {
        return (None, None);
    };
    let number = literal.trim().parse().ok().filter(|number| *number > 0);
    let Some(number) = number else {
        let fix = "write a port from 1 to 65535, or remove it";
        draft.refuse(&own.path, format!("is {literal:?}, which is no port"), fix);
        return (None, None);
    };
    if let [only] = udp.as_slice()
        && only.host.is_some()
        && only.number.is_some_and(|there| there != number)
    {
        draft.refuse(
            &only.path,
            format!("leads to a port on which nobody listens: the bridge's is {number}, by its variable {VARIABLE}"),
            format!("make its containerPort {number}"),
        );
    }
    (Some(number), on_node(&udp, number))
}

/// The port of the node that leads to this one.
fn on_node(udp: &[&Port<'_>], number: u16) -> Option<u16> {
    let mut there = udp.iter().filter(|port| port.number == Some(number));
    there.find_map(|port| port.host)
}
