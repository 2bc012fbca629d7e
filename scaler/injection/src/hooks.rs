//! The preStop hook of the bridge's container, and probes that would kill it.

use scaler_token::contract::{BINARY, PORT_NAME};
use serde_json::{Map, Value, json};

use crate::change::Change;
use crate::draft::Draft;
use crate::names::HTTP_PORT;
use crate::ports::Ports;
use crate::seen::{Container, Seen, field, object};

/// What an operator should do instead of asking the bridge over the network.
const EXEC: &str = "ask by exec, as with the command [/usr/local/bin/healthcheck.sh] of the bridge's image, or remove it";

/// Adds the hook, and refuses what is in the way.
pub(crate) fn propose(seen: &Seen<'_>, ports: &Ports, draft: &mut Draft) {
    let bridge = seen.bridge();
    let hook = json!({ "exec": { "command": [BINARY, "wait"] } });
    let lifecycle = object(bridge.fields, "lifecycle", &bridge.path, draft);
    let path = format!("{}.lifecycle.preStop", bridge.path);
    match lifecycle.and_then(|lifecycle| field(lifecycle, "preStop")) {
        None => draft.add(
            Change::PreStop(seen.bridge, hook),
            path,
            "jvb-sidecar wait",
            "a bridge hangs up on everybody at SIGTERM: this holds it back until they were moved, or nobody is there",
        ),
        Some(there) if *there == hook => {}
        Some(_) => draft.refuse(
            path,
            "is the pool's: it holds back SIGTERM until people were moved",
            "remove it, or set spec.sidecar to none",
        ),
    }
    for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = object(bridge.fields, kind, &bridge.path, draft) {
            let at = format!("{}.{kind}", bridge.path);
            over_the_network(bridge, ports, kind, probe, &at, draft);
            by_command(ports, probe, &at, draft);
        }
    }
}

/// A probe of the kubelet comes from outside the pod, where the bridge does not listen.
fn over_the_network(
    bridge: &Container<'_>,
    ports: &Ports,
    kind: &str,
    probe: &Map<String, Value>,
    at: &str,
    draft: &mut Draft,
) {
    for action in ["grpc", "httpGet", "tcpSocket"] {
        let Some(asked) = object(probe, action, at, draft) else {
            continue;
        };
        if field(asked, "host").is_some() {
            // Of somebody else.
            continue;
        }
        let port = field(asked, "port").and_then(|port| number(bridge, port));
        let at = format!("{at}.{action}");
        if port == Some(ports.http) {
            draft.refuse(
                at,
                "asks the bridge from outside the pod, where its HTTP does not listen any more: it would never succeed",
                EXEC,
            );
        } else if kind == "livenessProbe" && port == Some(ports.sidecar) {
            draft.refuse(
                at,
                "asks the sidecar, and would restart a bridge with people on it for what is wrong with the sidecar",
                EXEC,
            );
        }
    }
}

/// The number of a probe's port, which may be the name of one of the container's.
fn number(bridge: &Container<'_>, port: &Value) -> Option<u16> {
    if let Some(number) = port.as_u64() {
        return u16::try_from(number).ok();
    }
    let name = port.as_str()?;
    let named = bridge.ports.iter().find(|port| port.name == Some(name));
    named
        .and_then(|port| port.number)
        .or_else(|| name.parse().ok())
        .filter(|_| name != PORT_NAME)
}

/// On the node's address the bridge's HTTP has a port of its slot, which scripts of its image do not know.
fn by_command(ports: &Ports, probe: &Map<String, Value>, at: &str, draft: &mut Draft) {
    if ports.http == HTTP_PORT {
        return;
    }
    let Some(exec) = object(probe, "exec", at, draft) else {
        return;
    };
    let usual = format!(":{HTTP_PORT}");
    let asks_there = |word: &str| word.contains("healthcheck.sh") || word.contains(&usual);
    let words = field(exec, "command").and_then(Value::as_array);
    let mut words = words.into_iter().flatten().filter_map(Value::as_str);
    if words.any(asks_there) {
        draft.refuse(
            format!("{at}.exec"),
            format!("asks the bridge on port {HTTP_PORT}, and on the node's address each slot has another one"),
            "ask http://$JVB_SIDECAR_BRIDGE/about/health, by a shell, or remove it",
        );
    }
}
