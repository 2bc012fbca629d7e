//! What an operator asks for: what is written for it, and what will come of it, in words. Without I/O.

mod drain;
mod of_pool;
mod pin;

use scaler_policy::report::{BridgeReport, Report};
use scaler_policy::world::Pool;
use serde::Serialize;
use serde_json::Value;

pub use drain::{drain, undrain};
pub use of_pool::{pause, release, resume};
pub use pin::{pin, unpin};

use crate::trouble::Trouble;

/// Something that is asked for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// `Pod` or `BridgePool`.
    pub kind: &'static str,
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// The JSON merge patch that asks for it; `None` where it is so already.
    pub patch: Option<Value>,
    /// What will come of it, one sentence after the other.
    pub consequences: Vec<String>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// A bridge as it was found, in its pool.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The version of the pod that all this is about.
    pub version: &'a str,
    /// The bridge.
    pub bridge: &'a BridgeReport,
    /// Its pool.
    pub pool: &'a Pool,
    /// How the pool is.
    pub report: &'a Report,
}

impl Subject<'_> {
    /// Asks for an annotation with this value, or for none.
    fn annotate(&self, key: &str, value: Option<&str>, consequences: Vec<String>) -> Change {
        self.change(
            Some(serde_json::json!({
                "metadata": {
                    "uid": self.bridge.uid,
                    "resourceVersion": self.version,
                    "annotations": { key: value },
                },
            })),
            consequences,
        )
    }

    /// It is so already.
    fn nothing(&self, consequence: &str) -> Change {
        self.change(None, vec![consequence.to_owned()])
    }

    fn change(&self, patch: Option<Value>, consequences: Vec<String>) -> Change {
        Change {
            kind: "Pod",
            namespace: self.pool.namespace.clone(),
            name: self.bridge.name.clone(),
            patch,
            consequences,
            dry_run: false,
        }
    }
}

fn refused(why: String, hint: &str) -> Trouble {
    Trouble::Refused {
        why,
        hint: hint.to_owned(),
    }
}
