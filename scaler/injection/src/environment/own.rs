//! Variables of the template's own with which a pool cannot work.

use scaler_api::BridgePoolSpec;

use crate::draft::Draft;
use crate::ports::Ports;
use crate::seen::{Seen, Var};

/// Settings of the bridge that the pool rests on, as properties of Java they would win over its configuration.
const FORCED: [&str; 5] = [
    "videobridge.apis.rest.",
    "videobridge.http-servers.private.",
    "videobridge.initial-drain-mode",
    "videobridge.rest.",
    "videobridge.shutdown.",
];

/// Refuses them.
pub(super) fn check(spec: &BridgePoolSpec, seen: &Seen<'_>, ports: &Ports, draft: &mut Draft) {
    let var = |name| seen.bridge().var(name);
    for name in ["COLIBRI_REST_ENABLED", "SHUTDOWN_REST_ENABLED"] {
        if let Some(own) = var(name).filter(|own| !own.literal.is_some_and(on)) {
            draft.refuse(
                &own.path,
                "does not say true, and a bridge without it can be neither asked nor told to move its people",
                "remove it, or set it to true",
            );
        }
    }
    if let Some(own) = var("JVB_MUC_NICKNAME").filter(|own| !is_pods_name(own)) {
        draft.refuse(
            &own.path,
            "is not the pod's name, by which jvb-scaler finds the bridge at jicofo",
            "remove it",
        );
    }
    if let Some(own) = var("JVB_OCTO_RELAY_ID").filter(|own| own.literal.is_some()) {
        draft.refuse(
            &own.path,
            "is one and the same for all bridges, which then cannot share a conference",
            "remove it: each bridge gets the name of its pod",
        );
    }
    for (name, why) in [
        (
            "AUTOSCALER_URL",
            "has the bridge removed by jitsi-autoscaler, besides the pool",
        ),
        (
            "JVB_DISABLE_XMPP",
            "keeps the bridge out of its brewery, and the pool counts no bridge that jicofo does not know",
        ),
    ] {
        // The image asks whether there is anything in it.
        if let Some(own) = var(name).filter(|own| own.literal != Some("")) {
            draft.refuse(&own.path, why, "remove it");
        }
    }
    region(spec, seen, draft);
    advertised(ports, seen, draft);
    for own in &seen.bridge().env {
        let property = FORCED.iter().find(|property| {
            let property = format!("-D{property}");
            own.literal.is_some_and(|text| text.contains(&property))
        });
        if let Some(property) = property {
            let property = property.trim_end_matches('.');
            draft.refuse(
                &own.path,
                format!("sets {property}, which the pool rests on"),
                "remove that from it",
            );
        }
    }
}

/// As docker-jitsi-meet reads a switch.
fn on(text: &str) -> bool {
    ["1", "t", "true"].contains(&text.trim().to_ascii_lowercase().as_str())
}

fn is_pods_name(own: &Var<'_>) -> bool {
    let from = own.fields.get("valueFrom");
    let field = from.and_then(|from| from.get("fieldRef")?.get("fieldPath")?.as_str());
    field == Some("metadata.name")
}

fn region(spec: &BridgePoolSpec, seen: &Seen<'_>, draft: &mut Draft) {
    let Some(region) = &spec.region else { return };
    let var = |name| seen.bridge().var(name);
    if let Some(own) = var("JVB_OCTO_REGION").filter(|own| own.literal != Some(region)) {
        draft.refuse(
            &own.path,
            format!("is not {region:?}, which spec.region says"),
            "remove it, or spec.region",
        );
    }
    if let Some(own) = var("ENABLE_OCTO").filter(|own| !own.literal.is_some_and(on)) {
        draft.refuse(
            &own.path,
            "does not say 1, and a bridge tells its region only with it",
            "set it to 1 here and for jicofo, or remove spec.region",
        );
    }
}

/// A port behind an address is one for all bridges.
fn advertised(ports: &Ports, seen: &Seen<'_>, draft: &mut Draft) {
    let Some(media) = ports.media.filter(|_| ports.by_slot) else {
        return;
    };
    let Some(own) = seen.bridge().var("JVB_ADVERTISE_IPS") else {
        return;
    };
    // What is not known is the pod's own affair.
    let entries = own.literal.unwrap_or_default().split(',');
    let mut at = entries.filter_map(|entry| entry.split_once('#').map(|(_, port)| port.trim()));
    if at.any(|port| port != media.to_string()) {
        draft.refuse(
            &own.path,
            "gives all bridges one port, and spec.slots give each its own",
            "write the addresses without #port: a bridge's public port is its slot's",
        );
    }
}
