//! What is in the way of a template.

use std::fmt;

use serde::Serialize;

/// A field that is in the way.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Refusal {
    /// The field, in the pool: such as `spec.template.spec.containers[jvb].lifecycle.preStop`. An item of a list is named by its
    /// name, or where it has none by its number.
    pub path: String,
    /// What is wrong with it, as the rest of a sentence.
    pub why: String,
    /// What to do.
    pub fix: String,
}

impl Refusal {
    /// A field, what is wrong with it, and what to do.
    pub(crate) fn new(
        path: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            why: why.into(),
            fix: fix.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.path, self.why, self.fix)
    }
}
