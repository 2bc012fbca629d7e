//! The bridge's configuration that no variable of its image says: a `custom-jvb.conf`, which reaches the container by an annotation of
//! the pod and needs no other object.

use scaler_api::annotations::JVB_CONF;
use serde_json::Value;

use crate::change::Change;
use crate::draft::Draft;
use crate::names::OWN_CONF;
use crate::ports::Ports;
use crate::seen::Seen;
use crate::stress::Load;

/// Gives the pod the bridge's configuration.
pub(crate) fn propose(seen: &Seen<'_>, ports: &Ports, load: Load, draft: &mut Draft) {
    let (key, conf) = (JVB_CONF.name(), conf(ports, load));
    let path = format!("metadata.annotations[{key}]");
    let there = seen
        .annotations
        .and_then(|annotations| annotations.get(key));
    match there {
        Some(Value::String(there)) if *there == conf => return,
        Some(_) => {
            draft.refuse(
                path,
                "is what the pool writes the bridge's configuration to",
                format!("remove it, and mount what you want to configure as /config/{OWN_CONF}"),
            );
            return;
        }
        None => {}
    }
    let stress = match load {
        Load::PacketRate(rate) => format!("stress 1 at {rate} packets/s"),
        Load::CpuUsage => "stress by CPU usage".to_owned(),
    };
    draft.add(
        Change::Annotation(key, conf),
        path,
        format!("HTTP on 127.0.0.1:{}, drained at start, {stress}", ports.http),
        format!(
            "what no variable of the image says: only the sidecar reaches the bridge's HTTP, which asks for no credentials; a bridge that is started anew amid its drain takes nobody before the sidecar says so; and stress means something on the CPU that it has. /config/{OWN_CONF} is read in between, for settings of your own"
        ),
    );
}

/// The file. What stands before the operator's own may be changed there, what stands behind may not.
fn conf(ports: &Ports, load: Load) -> String {
    let load = match load {
        Load::PacketRate(rate) => format!(
            "load-measurement = packet-rate\n  packet-rate {{\n    load-threshold = {rate}\n    recovery-threshold = {}\n  }}",
            u64::from(rate) * 4 / 5
        ),
        Load::CpuUsage => "load-measurement = cpu-usage".to_owned(),
    };
    let http = ports.http;
    format!(
        "# Written by the BridgePool. Settings of your own: in /config/{OWN_CONF}, which may change what stands before it.\n\
         videobridge.load-management.load-measurements {{\n  {load}\n}}\n\
         include \"{OWN_CONF}\"\n\
         videobridge {{\n  \
           initial-drain-mode = true\n  \
           http-servers.private {{ host = 127.0.0.1, port = {http} }}\n  \
           rest.drain.enabled = true\n  \
           shutdown.shutting-down-delay = 1 minute\n\
         }}\n"
    )
}
