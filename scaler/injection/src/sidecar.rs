//! The sidecar's container.

use scaler_token::contract::{
    BINARY, POD_NAME, POD_PATH, POD_UID, POD_VOLUME, PORT, PORT_NAME, PUBLIC_KEYS,
    PUBLIC_KEYS_PATH, READY, SHARED_PATH, SHARED_VOLUME, SIDECAR_CONTAINER,
};
use serde_json::{Value, json};

use crate::change::Change;
use crate::draft::Draft;
use crate::names::HTTP_PORT;
use crate::ports::Ports;
use crate::seen::{Seen, field, object};

/// The user that the sidecar's image has too: `nonroot` of images without a distribution.
const USER: u32 = 65_532;

/// Adds the sidecar, and refuses what has its name.
pub(crate) fn propose(
    image: Option<&str>,
    seen: &Seen<'_>,
    ports: &Ports,
    grace: u64,
    draft: &mut Draft,
) {
    let Some(image) = image else {
        draft.refuse_spec(
            "spec.sidecar",
            "is native, and jvb-scaler was told no image for it",
            "start jvb-scaler with --sidecar-image, the image of jvb-sidecar in the same version, or set spec.sidecar to none",
        );
        return;
    };
    let wanted = container(image, root(seen, draft), ports, grace);
    let mut there = false;
    for own in seen
        .all()
        .filter(|container| container.name == SIDECAR_CONTAINER)
    {
        let is_init = own.path.starts_with("spec.initContainers");
        if is_init && Some(own.fields) == wanted.as_object() {
            there = true;
        } else {
            draft.refuse(
                &own.path,
                "has the name of the sidecar that the pool adds",
                "remove it, or give it another name",
            );
        }
    }
    if !there {
        draft.add(
            Change::PodItem("initContainers", wanted),
            format!("spec.initContainers[{SIDECAR_CONTAINER}]"),
            image,
            "a native sidecar: it starts before the bridge and ends after it, serves what may be read of the bridge, takes commands of jvb-scaler alone, and has people moved when somebody else deletes the pod. Requests and limits are equal, so that a pod may still be Guaranteed",
        );
    }
}

/// Whether the pod runs its containers as root where they do not say otherwise.
fn root(seen: &Seen<'_>, draft: &mut Draft) -> bool {
    let context = object(seen.pod, "securityContext", "spec", draft);
    let user = context.and_then(|context| field(context, "runAsUser"));
    user.and_then(Value::as_u64) == Some(0)
}

fn container(image: &str, root: bool, ports: &Ports, grace: u64) -> Value {
    let from_pod = |name: &str, field: &str| json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": field } } });
    let mut env = vec![
        from_pod(POD_NAME, "metadata.name"),
        from_pod(POD_UID, "metadata.uid"),
        json!({ "name": "JVB_SIDECAR_GRACE", "value": format!("{grace}s") }),
    ];
    if ports.sidecar != PORT {
        let listen = format!("[::]:{}", ports.sidecar);
        env.push(json!({ "name": "JVB_SIDECAR_LISTEN", "value": listen }));
    }
    if ports.http != HTTP_PORT {
        let bridge = format!("127.0.0.1:{}", ports.http);
        env.push(json!({ "name": "JVB_SIDECAR_BRIDGE", "value": bridge }));
    }
    let mut security = json!({
        "allowPrivilegeEscalation": false,
        "capabilities": { "drop": ["ALL"] },
        "privileged": false,
        "readOnlyRootFilesystem": true,
        "runAsNonRoot": true,
        "seccompProfile": { "type": "RuntimeDefault" },
    });
    if root {
        security["runAsUser"] = json!(USER);
    }
    let probe = |path: &str| json!({ "path": path, "port": PORT_NAME });
    let resources = json!({ "cpu": "50m", "memory": "32Mi" });
    json!({
        "name": SIDECAR_CONTAINER,
        "image": image,
        "args": ["serve"],
        "restartPolicy": "Always",
        "env": env,
        "ports": [{ "name": PORT_NAME, "containerPort": ports.sidecar, "protocol": "TCP" }],
        // No probe that restarts it: its preStop hook would run, and tell that the pod ends.
        "readinessProbe": { "httpGet": probe(READY), "periodSeconds": 2 },
        "lifecycle": { "preStop": { "exec": { "command": [BINARY, "terminate"] } } },
        "resources": { "requests": resources, "limits": resources },
        "securityContext": security,
        "volumeMounts": [
            { "name": SHARED_VOLUME, "mountPath": SHARED_PATH },
            { "name": PUBLIC_KEYS, "mountPath": PUBLIC_KEYS_PATH, "readOnly": true },
            { "name": POD_VOLUME, "mountPath": POD_PATH, "readOnly": true },
        ],
    })
}
