//! The policy's requests as requests to the cluster, and what became of them.

use std::time::Duration;

use scaler_api::BridgePoolSpec;
use scaler_policy::world::Command;
use scaler_policy::{Call, Outcome};
use serde_json::Value;

use super::observe;
use crate::api::{Edit, Key, Kind, Meta, Object, Pod, Refusal, Reply, Request};
use crate::oracle;

/// The grace period of a bridge's pod where its template has none.
const GRACE: Duration = Duration::from_mins(5);

/// The request to the API server that a call is; `None` when it is one to somebody else, or a list.
pub fn request(call: &Call, pool: &str, spec: &BridgePoolSpec) -> Option<Request> {
    Some(match call {
        Call::CreatePod {
            generate_name,
            labels,
            annotations,
            owner,
            ..
        } => Request::Create(Box::new(Object::Pod(Pod {
            meta: Meta {
                name: generate_name.clone(),
                labels: labels.clone(),
                annotations: annotations.clone(),
                owner: owner.as_ref().map(|owner| owner.0.clone()),
                ..Meta::default()
            },
            image: observe::image(spec),
            grace: spec
                .template
                .as_ref()
                .and_then(scaler_api::spec::Template::grace_period_seconds)
                .map_or(GRACE, |seconds| Duration::from_secs(seconds.unsigned_abs())),
            ..Pod::default()
        }))),
        Call::PatchPod { name, body, .. } => Request::Patch {
            key: Key::pod(name),
            uid: uid(body),
            version: version(body),
            edit: edit(body),
        },
        Call::DeletePod {
            name,
            uid,
            resource_version,
        } => Request::Delete {
            key: Key::pod(name),
            uid: Some(uid.0.clone()),
            version: resource_version
                .as_ref()
                .and_then(|version| version.parse().ok()),
            grace: None,
        },
        Call::ReadPod { name, .. } => Request::Get(Key::pod(name)),
        Call::PatchPool { body, .. } => Request::Patch {
            key: Key::new(Kind::Pool, pool),
            uid: uid(body),
            version: version(body),
            edit: edit(body),
        },
        Call::PatchStatus { status, .. } => Request::Status {
            key: Key::new(Kind::Pool, pool),
            version: None,
            status: status.clone(),
        },
        Call::ListPods | Call::Bridge { .. } | Call::MoveRoom { .. } | Call::AskRooms => {
            return None;
        }
    })
}

fn uid(body: &Value) -> Option<String> {
    Some(body["metadata"]["uid"].as_str()?.to_owned())
}

fn version(body: &Value) -> Option<u64> {
    body["metadata"]["resourceVersion"].as_str()?.parse().ok()
}

/// A merge patch of metadata.
fn edit(body: &Value) -> Edit {
    let metadata = &body["metadata"];
    let texts = |field: &str| {
        let texts = metadata[field].as_object().into_iter().flatten();
        texts
            .map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned)))
            .collect()
    };
    let finalizers = metadata["finalizers"].as_array().map(|finalizers| {
        let names = finalizers.iter().filter_map(serde_json::Value::as_str);
        names.map(str::to_owned).collect()
    });
    Edit {
        labels: texts("labels"),
        annotations: texts("annotations"),
        finalizers,
        owner: metadata
            .get("ownerReferences")
            .map(|owners| owners[0]["uid"].as_str().map(str::to_owned)),
    }
}

/// What the policy makes of the API server's answer.
pub fn outcome(call: &Call, reply: &Reply, pool_uid: &str) -> Outcome {
    match reply {
        Ok(object) => match (call, &**object) {
            (
                Call::CreatePod { .. } | Call::PatchPod { .. } | Call::ReadPod { .. },
                Object::Pod(pod),
            ) => Outcome::Pod(Box::new(observe::pod(pod, pool_uid))),
            _ => Outcome::Done,
        },
        Err(Refusal::NotFound) => Outcome::Gone,
        Err(Refusal::Conflict) => Outcome::Conflict,
        Err(Refusal::TooMany) => Outcome::Throttled,
        Err(refusal @ (Refusal::Exists | Refusal::Forbidden)) => {
            Outcome::Refused(refusal.to_string())
        }
        // A server that failed may have done it.
        Err(Refusal::Internal | Refusal::Timeout) => Outcome::Unknown,
    }
}

/// The command as the oracle knows it.
pub fn command(command: Command) -> oracle::Command {
    match command {
        Command::Drain => oracle::Command::Drain,
        Command::Undrain => oracle::Command::Undrain,
        Command::Shutdown => oracle::Command::Shutdown,
    }
}
