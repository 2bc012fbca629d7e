//! What the pool puts beside each bridge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the pool adds to the template of its bridges.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Sidecar {
    #[default]
    #[expect(missing_docs, reason = "the field says what each is")]
    Native,
    #[expect(missing_docs, reason = "the field says what each is")]
    None,
}
