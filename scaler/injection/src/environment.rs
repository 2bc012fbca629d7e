//! The variables of the bridge's container, by the names that docker-jitsi-meet gives them.

mod own;

use scaler_api::BridgePoolSpec;
use serde_json::{Value, json};

use crate::change::Change;
use crate::draft::Draft;
use crate::names::{HOST_IP, HTTP_PORT};
use crate::ports::Ports;
use crate::seen::{Seen, Var};

/// A variable's value of the pod itself.
fn from_pod(field: &str) -> Value {
    json!({ "valueFrom": { "fieldRef": { "fieldPath": field } } })
}

/// A variable's value as it stands there.
fn is(value: impl Into<String>) -> Value {
    json!({ "value": value.into() })
}

/// Adds variables, and refuses those with which the pool could not work.
pub(crate) fn propose(spec: &BridgePoolSpec, seen: &Seen<'_>, ports: &Ports, draft: &mut Draft) {
    own::check(spec, seen, ports, draft);
    let mut env = Environment { seen, draft };
    env.add(
        "JVB_MUC_NICKNAME",
        from_pod("metadata.name"),
        "jicofo, jvb-scaler and people find a bridge by the name of its pod; on the node's address it would be the node's",
    );
    if let Some(media) = ports.media {
        env.add(
            "JVB_PORT",
            is(media.to_string()),
            "the media port, as the container's ports tell it; where they do not, the bridge's usual one",
        );
    }
    let addresses = ["JVB_ADVERTISE_IPS", "DOCKER_HOST_ADDRESS"];
    let said = addresses.iter().any(|name| env.own(name).is_some());
    if let Some(port) = ports.on_node.filter(|_| !said && !seen.bridge().env_from) {
        env.add(
            HOST_IP,
            from_pod("status.hostIP"),
            "for JVB_ADVERTISE_IPS; where people reach nodes at other addresses, set that yourself",
        );
        env.add(
            "JVB_ADVERTISE_IPS",
            is(format!("$({HOST_IP})#{port}")),
            "people send media to the node's address and hostPort: the bridge sees only the pod's",
        );
    }
    env.add(
        "JVB_OCTO_RELAY_ID",
        from_pod("metadata.name"),
        "bridges that share a conference know each other by it, and no two may have the same; of no effect without ENABLE_OCTO",
    );
    if let Some(region) = &spec.region {
        env.add(
            "JVB_OCTO_REGION",
            is(region.as_str()),
            "spec.region, which jicofo chooses bridges by",
        );
        env.add(
            "ENABLE_OCTO",
            is("1"),
            "a bridge tells its region only with this; jicofo must have it too",
        );
    }
    env.add(
        "COLIBRI_REST_ENABLED",
        is("true"),
        "without it the bridge has no /colibri/stats and cannot be told to shut down",
    );
    env.add(
        "SHUTDOWN_REST_ENABLED",
        is("true"),
        "a bridge has the last people moved by its own shutdown",
    );
    if ports.http != HTTP_PORT {
        env.add(
            "JVB_SIDECAR_BRIDGE",
            is(format!("127.0.0.1:{}", ports.http)),
            "where the bridge's HTTP is: on the node's address each slot has a port of its own",
        );
    }
}

struct Environment<'e, 'a> {
    seen: &'e Seen<'a>,
    draft: &'e mut Draft,
}

impl<'a> Environment<'_, 'a> {
    fn own(&self, name: &str) -> Option<&Var<'a>> {
        self.seen.bridge().var(name)
    }

    /// A variable, unless the template has it.
    fn add(&mut self, name: &str, mut value: Value, why: &str) {
        if self.own(name).is_some() {
            return;
        }
        let field = value["valueFrom"]["fieldRef"]["fieldPath"].as_str();
        let what = value["value"].as_str().or(field).unwrap_or_default();
        let what = what.to_owned();
        value["name"] = json!(name);
        let change = Change::BridgeItem(self.seen.bridge, "env", value);
        let path = format!("{}.env[{name}]", self.seen.bridge().path);
        self.draft.add(change, path, what, why);
    }
}
