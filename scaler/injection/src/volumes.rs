//! The volumes that are added, and where the bridge has them.

use scaler_api::annotations::JVB_CONF;
use scaler_token::contract::{
    ANNOTATIONS_FILE, JVB_CONF_FILE, POD_PATH, POD_VOLUME, PUBLIC_KEYS, PUBLIC_KEYS_PATH,
    SHARED_PATH, SHARED_VOLUME,
};
use serde_json::{Map, Value, json};

use crate::change::Change;
use crate::draft::Draft;
use crate::names::{CONF_FOLDER, CONF_PATH, OWN_CONF};
use crate::seen::{Seen, field};

/// The kinds of volumes in which nobody can make a file.
const READ_ONLY: [&str; 5] = ["configMap", "downwardAPI", "image", "projected", "secret"];

/// Adds volumes and mounts, and refuses what is in their way.
pub(crate) fn propose(seen: &Seen<'_>, draft: &mut Draft) {
    let conf = format!("metadata.annotations['{}']", JVB_CONF.name());
    for (name, what, source, why) in [
        (
            SHARED_VOLUME,
            "emptyDir",
            json!({ "emptyDir": {} }),
            "the sidecar's program, which the bridge's preStop hook runs in any image, and what the sidecar has to remember over a restart of its own",
        ),
        (
            PUBLIC_KEYS,
            "ConfigMap bridgetender-keys",
            json!({ "configMap": { "name": PUBLIC_KEYS, "optional": true } }),
            "the public keys by which the sidecar knows what jvb-scaler has signed: the pod holds no secret",
        ),
        (
            POD_VOLUME,
            "the pod's annotations",
            json!({ "downwardAPI": { "items": [
                { "path": ANNOTATIONS_FILE, "fieldRef": { "fieldPath": "metadata.annotations" } },
                { "path": JVB_CONF_FILE, "fieldRef": { "fieldPath": conf } },
            ] } }),
            "what is intended with the bridge, also while the API server is away, and its configuration",
        ),
    ] {
        volume(seen, name, what, source, why, draft);
    }
    let shared = json!({ "name": SHARED_VOLUME, "mountPath": SHARED_PATH });
    let why = "for the preStop hook";
    mount(seen, &shared, SHARED_PATH, why, draft);
    let conf = json!({ "name": POD_VOLUME, "mountPath": CONF_PATH, "subPath": JVB_CONF_FILE, "readOnly": true });
    let why = "where images of docker-jitsi-meet look for it";
    mount(seen, &conf, CONF_PATH, why, draft);
    in_the_way(seen, [&shared, &conf], draft);
}

fn volume(
    seen: &Seen<'_>,
    name: &'static str,
    what: &str,
    mut volume: Value,
    why: &str,
    draft: &mut Draft,
) {
    volume["name"] = json!(name);
    let there = seen.volumes.iter().find(|volume| volume.name == name);
    match there {
        None => {
            let path = format!("spec.volumes[{name}]");
            draft.add(Change::PodItem("volumes", volume), path, what, why);
        }
        Some(there) if Some(there.fields) == volume.as_object() => {}
        Some(there) => draft.refuse(
            &there.path,
            "has the name of a volume of the pool's own",
            "give it another name",
        ),
    }
}

fn mount(seen: &Seen<'_>, mount: &Value, place: &str, why: &str, draft: &mut Draft) {
    let bridge = seen.bridge();
    let there = bridge
        .mounts
        .iter()
        .any(|there| Some(there.fields) == mount.as_object());
    if !there {
        let change = Change::BridgeItem(seen.bridge, "volumeMounts", mount.clone());
        let path = format!("{}.volumeMounts[{place}]", bridge.path);
        let name = mount["name"].as_str().unwrap_or_default();
        draft.add(change, path, format!("volume {name}"), why);
    }
}

/// Refuses mounts of the bridge where those of the pool are to be.
fn in_the_way(seen: &Seen<'_>, ours: [&Value; 2], draft: &mut Draft) {
    for mount in &seen.bridge().mounts {
        if ours
            .iter()
            .any(|ours| ours.as_object() == Some(mount.fields))
        {
            continue;
        }
        let at = |place: &str| mount.place == place;
        let within = |place: &str| {
            let rest = mount.place.strip_prefix(place);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if at(CONF_PATH) {
            draft.refuse(
                &mount.path,
                format!("is mounted at {CONF_PATH}, which the pool writes"),
                format!("mount it as {CONF_FOLDER}/{OWN_CONF}, which is read there"),
            );
        } else if [SHARED_PATH, PUBLIC_KEYS_PATH, POD_PATH]
            .into_iter()
            .any(within)
        {
            draft.refuse(
                &mount.path,
                format!("is mounted at {}, which is the pool's", mount.place),
                "mount it elsewhere",
            );
        } else if at(CONF_FOLDER) && (mount.read_only || read_only(seen, mount.volume)) {
            draft.refuse(
                &mount.path,
                format!("is all of {CONF_FOLDER} and cannot be written to, so that {JVB_CONF_FILE} has no place in it"),
                format!("mount its files one by one with subPath, {JVB_CONF_FILE} as {CONF_FOLDER}/{OWN_CONF}"),
            );
        }
    }
}

fn read_only(seen: &Seen<'_>, volume: &str) -> bool {
    let volume = seen.volumes.iter().find(|there| there.name == volume);
    let has = |fields: &Map<String, Value>, kind: &str| field(fields, kind).is_some();
    volume.is_some_and(|volume| READ_ONLY.iter().any(|kind| has(volume.fields, kind)))
}
