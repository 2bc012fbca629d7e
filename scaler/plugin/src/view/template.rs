//! The template of a new bridge's pod.

use scaler_injection::{Added, Options, Refusal, inject};
use scaler_policy::world::Pool;
use serde::Serialize;
use serde_json::Value;

/// The template of a new bridge's pod.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodTemplate {
    /// The pool's namespace.
    pub namespace: String,
    /// The pool's name.
    pub name: String,
    /// The slot that it is for, where the pool has slots.
    pub slot: Option<u32>,
    /// An object with `metadata` and `spec`; `None` where none can be made.
    pub pod: Option<Value>,
    /// What was added to the pool's template, and why.
    pub added: Vec<Added>,
    /// What is in the way, and what to do.
    pub refusals: Vec<Refusal>,
}

impl PodTemplate {
    /// The template of a pool as its controller would make it, or with another image and for another slot than the first.
    pub fn new(pool: &Pool, image: Option<&str>, slot: Option<u32>) -> Self {
        let controller = pool.status.controller.as_ref();
        let image = image.or(controller.and_then(|told| told.sidecar_image.as_deref()));
        let slots = pool.spec.slots.as_ref();
        let slot = slots.map(|_| slot.unwrap_or_default());
        let mut template = Self {
            namespace: pool.namespace.clone(),
            name: pool.name.clone(),
            slot,
            pod: None,
            added: Vec::new(),
            refusals: Vec::new(),
        };
        match inject(&pool.spec, &Options { image, slot }) {
            Ok(injected) => {
                template.pod = Some(injected.template);
                template.added = injected.added;
            }
            Err(refusals) => template.refusals = refusals,
        }
        template
    }

    /// Whether there is one.
    pub const fn well(&self) -> bool {
        self.pod.is_some()
    }
}
