//! What must hold of every request, whatever the plan was.

use scaler_api::labels::COUNTED;

use super::{Invariant, Violation};
use crate::effects::{Call, Request};

/// Requests to the API server that are not fenced as they must be, or tell the HPA of other pods than those that are counted.
pub fn request_violations(requests: &[Request]) -> Vec<Violation> {
    let wrong = |invariant, uid: &crate::world::Uid, found: &str| Violation {
        invariant,
        pod: Some(uid.clone()),
        found: found.to_owned(),
    };
    let selects_counted = |selector: &str| {
        let mut terms = selector.split(',').filter_map(|term| term.split_once('='));
        terms.any(|(label, value)| label == COUNTED.name() && value == "true")
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
            Call::PatchStatus { body, .. } | Call::PatchPool { body, .. }
                if !body["metadata"]["uid"].is_string() =>
            {
                Some(Violation {
                    invariant: Invariant::I9,
                    pod: None,
                    found: "a patch does not name the UID of its pool".to_owned(),
                })
            }
            Call::PatchStatus { status, .. } if !selects_counted(&status.selector) => {
                Some(Violation {
                    invariant: Invariant::I8,
                    pod: None,
                    found: format!("{:?} selects what is not counted", status.selector),
                })
            }
            _ => None,
        })
        .collect()
}
