//! Requests as data.

use std::collections::BTreeMap;

use bridge::Time;
use k8s_openapi::Resource;
use scaler_api::{BridgePool, BridgePoolStatus};
use serde_json::{Map, Value, json};

use crate::effects::body::{difference, metadata, texts};
use crate::guards::{Guard, Guards};
use crate::plan::Mark;
use crate::world::{Command, FINALIZER, Known, Marks, Pod, Pool, Uid};

/// Something to be sent, once: whether it is to be sent again is decided anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What.
    pub call: Call,
    /// The place in the plan of the decision that it carries out; `None` for a pool's status, which carries out none.
    pub decision: Option<usize>,
    /// When it was decided.
    pub at: Time,
    /// It must not leave later than this, by no retry and no queue: what it was decided by would be too old.
    pub not_after: Time,
}

/// What is asked of whom.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Creates a pod from the pool's template with these labels and annotations besides.
    CreatePod {
        /// Which creation it is: its label [`scaler_api::labels::CREATION`].
        creation: String,
        /// The beginning of the name.
        generate_name: String,
        /// Labels.
        labels: BTreeMap<String, String>,
        /// Annotations.
        annotations: BTreeMap<String, String>,
        /// Its slot.
        slot: Option<u32>,
        /// The pool, as the owner that controls it; `None` where pods shall have none.
        owner: Option<Uid>,
    },
    /// A merge patch of a pod.
    PatchPod {
        /// Its name.
        name: String,
        /// Its UID, which the body names too.
        uid: Uid,
        /// The body.
        body: Value,
        /// Only while the pool of this UID is there and not being deleted, by the API server's own word at that moment and no
        /// cache's: a pod that is given to a pool that is gone is taken for garbage. It is [`crate::Outcome::Refused`] otherwise.
        owner: Option<Uid>,
    },
    /// Deletes a pod, with these preconditions.
    DeletePod {
        /// Its name.
        name: String,
        /// Its UID.
        uid: Uid,
        /// Its version.
        resource_version: Option<String>,
    },
    /// Reads a pod, from the API server and from no cache. One of another UID is [`crate::Outcome::Gone`].
    ReadPod {
        /// Its name.
        name: String,
        /// Its UID.
        uid: Uid,
    },
    /// Lists all pods with the pool's label, and all that name the pool as the owner that controls them, from no cache.
    ListPods,
    /// Tells a bridge something.
    Bridge {
        /// Its pod.
        uid: Uid,
        /// Its address and port, or its sidecar's.
        authority: String,
        /// Whether its sidecar takes it with a token alone, made when it leaves.
        signed: bool,
        /// What.
        command: Command,
    },
    /// Has jicofo move a conference off a bridge.
    MoveRoom {
        /// The bridge's pod.
        uid: Uid,
        /// The bridge's nickname.
        bridge: String,
        /// The conference.
        room: String,
        /// All of its endpoints that are there.
        endpoints: u64,
    },
    /// Asks jicofo for its conferences.
    AskRooms,
    /// A merge patch of the pool: sets or takes away the finalizer.
    PatchPool {
        /// The body.
        body: Value,
        /// The finalizers that it leaves.
        finalizers: Vec<String>,
    },
    /// A merge patch of the pool's status.
    PatchStatus {
        /// The body.
        body: Value,
        /// The status that it makes.
        status: Box<BridgePoolStatus>,
    },
}

impl Call {
    /// The HTTP request, where the call is one to a bridge or to the jicofo at this address and port; `None` where it is one to
    /// the API server.
    pub fn http(&self, jicofo: &str) -> Option<http::Request<Vec<u8>>> {
        match self {
            Self::Bridge {
                authority, command, ..
            } => Some(match command {
                Command::Drain => bridge::request::drain(authority),
                Command::Undrain => bridge::request::undrain(authority),
                Command::Shutdown => bridge::request::shutdown(authority, false),
            }),
            Self::MoveRoom {
                bridge,
                room,
                endpoints,
                ..
            } => Some(bridge::jicofo::request::move_endpoints(
                jicofo,
                bridge,
                Some(room),
                *endpoints,
            )),
            Self::AskRooms => Some(bridge::jicofo::request::conferences_full(jicofo)),
            _ => None,
        }
    }
}

pub(super) fn create(pool: &Pool, marks: &Marks, creation: String) -> Call {
    let owned = pool.spec.deletion_policy != scaler_api::spec::DeletionPolicy::Orphan;
    let present = |texts: Vec<(&'static str, Option<String>)>| {
        texts
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect()
    };
    Call::CreatePod {
        creation,
        generate_name: format!("{}-", pool.name),
        labels: present(marks.labels(&pool.name)),
        annotations: present(marks.annotations()),
        slot: marks.slot,
        owner: owned.then(|| pool.uid.clone()),
    }
}

pub(super) fn mark(pool: &Pool, known: &Known, mark: &Mark, guards: Guards) -> Call {
    let pod = &known.pod;
    let mut metadata = if guards.on(Guard::PatchFenced) {
        metadata(&pod.uid.0, Some(&mark.resource_version))
    } else {
        Map::new()
    };
    let (labels, annotations) = match &pod.marks {
        Ok(_) if !pod.labelled => (mark.after.labels(&pool.name), mark.after.annotations()),
        Ok(before) => (
            difference(&before.labels(&pool.name), mark.after.labels(&pool.name)),
            difference(&before.annotations(), mark.after.annotations()),
        ),
        Err(_) => (mark.after.labels(&pool.name), mark.after.annotations()),
    };
    metadata.insert("labels".to_owned(), texts(labels));
    metadata.insert("annotations".to_owned(), texts(annotations));
    patch(pod, &metadata, None)
}

/// Makes the pool the owner of a pod, or no longer. `blockOwnerDeletion` is never set: a pool that is deleted in the foreground
/// would lose its pods before they are drained.
pub(super) fn own(pool: &Pool, pod: &Pod, own: bool) -> Call {
    let mut metadata = metadata(&pod.uid.0, Some(&pod.resource_version));
    let owner = json!({
        "apiVersion": BridgePool::API_VERSION,
        "kind": BridgePool::KIND,
        "name": pool.name,
        "uid": pool.uid,
        "controller": true,
    });
    // A merge patch replaces the whole list.
    let owners: Vec<Value> = own
        .then_some(owner)
        .into_iter()
        .chain(pod.co_owners.iter().map(|owner| json!(owner)))
        .collect();
    let owners = if owners.is_empty() {
        Value::Null
    } else {
        json!(owners)
    };
    metadata.insert("ownerReferences".to_owned(), owners);
    patch(pod, &metadata, own.then(|| pool.uid.clone()))
}

fn patch(pod: &Pod, metadata: &Map<String, Value>, owner: Option<Uid>) -> Call {
    Call::PatchPod {
        name: pod.name.clone(),
        uid: pod.uid.clone(),
        body: json!({ "metadata": metadata }),
        owner,
    }
}

pub(super) fn delete(pod: &Pod, resource_version: &str, guards: Guards) -> Call {
    Call::DeletePod {
        name: pod.name.clone(),
        uid: pod.uid.clone(),
        resource_version: guards
            .on(Guard::DeleteFenced)
            .then(|| resource_version.to_owned()),
    }
}

pub(super) fn tell(pod: &Pod, command: Command) -> Option<Call> {
    Some(Call::Bridge {
        uid: pod.uid.clone(),
        authority: pod.authority.clone()?,
        signed: pod.sidecar,
        command,
    })
}

pub(super) fn hold(pool: &Pool, hold: bool) -> Call {
    let mut metadata = metadata(&pool.uid.0, Some(&pool.resource_version));
    let others = pool
        .finalizers
        .iter()
        .filter(|finalizer| *finalizer != FINALIZER);
    let finalizers: Vec<String> = others
        .cloned()
        .chain(hold.then(|| FINALIZER.to_owned()))
        .collect();
    metadata.insert("finalizers".to_owned(), json!(finalizers));
    Call::PatchPool {
        body: json!({ "metadata": metadata }),
        finalizers,
    }
}

/// The status, fenced by the UID alone: it must not fail because an HPA wrote the size.
pub(super) fn status(pool: &Pool, status: BridgePoolStatus) -> Call {
    let mut body = json!({ "metadata": metadata(&pool.uid.0, None), "status": status });
    // A field that is no longer there must be taken away.
    if let Some(fields) = body["status"].as_object_mut() {
        for field in ["oldestDrain", "lastDecision"] {
            fields.entry(field).or_insert(Value::Null);
        }
    }
    Call::PatchStatus {
        body,
        status: Box::new(status),
    }
}
