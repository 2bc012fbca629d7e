//! Fields of the pod as a whole.

use scaler_api::annotations::METRICS_PORT;
use serde_json::{Map, Value, json};

use crate::change::Change;
use crate::draft::Draft;
use crate::seen::{Seen, field, flag, seconds, text};
use crate::{GRACE_SECONDS, SHORTEST_GRACE_SECONDS};

const GRACE: &str = "terminationGracePeriodSeconds";
const GRACE_PATH: &str = "spec.terminationGracePeriodSeconds";
const TOKEN: &str = "automountServiceAccountToken";

/// The grace period alone, of a pod that gets no sidecar.
pub(crate) fn grace_alone(template: &Map<String, Value>, draft: &mut Draft) {
    match template.get("spec").and_then(Value::as_object) {
        Some(pod) if field(pod, GRACE).is_none() => add_grace(draft),
        Some(_) => {}
        None => draft.refuse(
            "spec",
            "is missing",
            "give the pod a spec with a container named jvb",
        ),
    }
}

fn add_grace(draft: &mut Draft) {
    draft.add(
        Change::Pod(GRACE, json!(GRACE_SECONDS)),
        GRACE_PATH,
        GRACE_SECONDS.to_string(),
        "a bridge that somebody else deletes gets this long to have its people moved; a pod has 30 s otherwise",
    );
}

/// The fields of the pod: its grace period in seconds.
pub(crate) fn propose(seen: &Seen<'_>, draft: &mut Draft) -> u64 {
    let port = METRICS_PORT.name();
    if seen.annotations.is_some_and(|all| all.contains_key(port)) {
        draft.refuse(
            format!("metadata.annotations[{port}]"),
            "names a port for the bridge's statistics, which the sidecar serves on its own",
            "remove it, or set spec.sidecar to none",
        );
    }
    let policy = text(seen.pod, "restartPolicy", "spec", draft);
    if policy.is_some_and(|policy| policy != "Always") {
        draft.refuse(
            "spec.restartPolicy",
            "is not Always, and a bridge that crashes would stay away with its pod still there",
            "remove it",
        );
    }
    if flag(seen.pod, TOKEN, "spec", draft).is_none() {
        draft.add(
            Change::Pod(TOKEN, json!(false)),
            "spec.automountServiceAccountToken",
            "false",
            "neither bridge nor sidecar asks the API server: a pod that can be reached from outside carries no token for it; set it to true where a container of yours needs one",
        );
    }
    let grace = seconds(seen.pod, GRACE, "spec", draft);
    if grace.is_some_and(|grace| grace < SHORTEST_GRACE_SECONDS) {
        draft.refuse(
            GRACE_PATH,
            format!(
                "is shorter than {SHORTEST_GRACE_SECONDS}, and a bridge that somebody else deletes would be killed before its people are moved: it lives for 60 s after that, and 15 s are for all else"
            ),
            format!("make it at least {SHORTEST_GRACE_SECONDS}, or remove it for {GRACE_SECONDS}"),
        );
    } else if field(seen.pod, GRACE).is_none() {
        add_grace(draft);
    }
    grace.unwrap_or(GRACE_SECONDS)
}
