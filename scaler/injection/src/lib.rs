//! What a pool adds to the template of its bridges' pods.
//!
//! A pool's template becomes the template of a pod with a sidecar, and for each field that was added there is a reason; or it is
//! refused, with the fields that are in the way and what to do about each:
//!
//! ```text
//!  spec of the pool ──seen──→ what is there ──each part proposes or refuses──→ draft ──→ template and reasons, or refusals
//! ```
//!
//! What an operator wrote wins wherever the bridge still works with it. Fields that are not known here pass as they are. Of what
//! was injected nothing more is made by injecting it again. No JSON makes it fail otherwise than by a refusal.

mod change;
mod conf;
mod draft;
mod environment;
mod hooks;
pub mod names;
mod pod;
mod ports;
mod refusal;
mod seen;
mod sidecar;
mod stress;
mod volumes;

use scaler_api::BridgePoolSpec;
use scaler_api::spec::Sidecar;
use serde::Serialize;
use serde_json::Value;

use crate::draft::Draft;
pub use crate::refusal::Refusal;
use crate::seen::Seen;

/// How long a bridge that somebody else deletes may take to have its people moved, where the template does not say: in seconds.
pub const GRACE_SECONDS: u64 = 300;

/// The shortest of that, in seconds: a bridge lives for 60 s after it had its people moved, and 15 s are for all else.
pub const SHORTEST_GRACE_SECONDS: u64 = 75;

/// What is not in the pool's spec.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The image of the sidecar; `None` where jvb-scaler was given none.
    pub image: Option<&'a str>,
    /// The bridge's slot, in a pool with slots.
    pub slot: Option<u32>,
}

/// A pod's template, and what of it was added.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Injected {
    /// An object with `metadata` and `spec`, as in the pool.
    pub template: Value,
    /// What was added, in the order of the template's parts.
    pub added: Vec<Added>,
}

/// Something that was added.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Added {
    /// The field, in the template: such as `spec.containers[jvb].env[JVB_PORT]`.
    pub path: String,
    /// What it is now, in short.
    pub what: String,
    /// What it is for.
    pub why: String,
}

/// The template of a bridge's pod: that of the pool with what [`spec.sidecar`](BridgePoolSpec::sidecar) says.
///
/// # Errors
/// With all that is in the way of it, in the order of the template's parts.
pub fn inject(spec: &BridgePoolSpec, options: &Options<'_>) -> Result<Injected, Vec<Refusal>> {
    let Some(template) = &spec.template else {
        let refusal = Refusal::new(
            "spec.template",
            "is missing",
            "give a template with a container named jvb",
        );
        return Err(vec![refusal]);
    };
    let mut draft = Draft::default();
    if spec.sidecar == Sidecar::None {
        pod::grace_alone(&template.0, &mut draft);
    } else if let Some(seen) = Seen::read(&template.0, &mut draft) {
        let grace = pod::propose(&seen, &mut draft);
        let ports = ports::propose(spec, &seen, options.slot, &mut draft);
        let load = stress::choose(&spec.capacity, &seen, &mut draft);
        conf::propose(&seen, &ports, load, &mut draft);
        volumes::propose(&seen, &mut draft);
        sidecar::propose(options.image, &seen, &ports, grace, &mut draft);
        hooks::propose(&seen, &ports, &mut draft);
        environment::propose(spec, &seen, &ports, &mut draft);
    }
    draft.finish(&template.0)
}
