//! What must hold of every request, whatever the plan was.

use super::{Invariant, Violation};
use crate::effects::{Call, Request};

/// Requests to the API server that are not fenced as they must be.
pub fn request_violations(requests: &[Request]) -> Vec<Violation> {
    let wrong = |invariant, uid: &crate::world::Uid, found: &str| Violation {
        invariant,
        pod: Some(uid.clone()),
        found: found.to_owned(),
    };
    requests
        .iter()
        .filter_map(|request| match &request.call {
            Call::DeletePod {
                uid,
                resource_version: None,
                ..
            } => Some(wrong(Invariant::I2, uid, "a deletion names no version")),
            Call::PatchPod { uid, body, .. } if body["metadata"]["resourceVersion"].is_null() => {
                Some(wrong(Invariant::I9, uid, "a patch names no version"))
            }
            Call::PatchPod { uid, body, .. } if body["metadata"]["uid"] != uid.0.as_str() => {
                Some(wrong(
                    Invariant::I9,
                    uid,
                    "a patch names no UID, and would make an object of its own",
                ))
            }
            _ => None,
        })
        .collect()
}
