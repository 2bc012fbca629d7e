//! A pod's template in the making: what is proposed for it, and what is in the way.

use std::fmt::Display;

use serde_json::{Map, Value};

use crate::change::Change;
use crate::{Added, Injected, Refusal};

/// What was proposed and refused so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    changes: Vec<Change>,
    added: Vec<Added>,
    refusals: Vec<Refusal>,
}

/// What stands before the path of a field of the template, in the pool.
const TEMPLATE: &str = "spec.template.";

impl Draft {
    /// Proposes something for this field of the template.
    pub(crate) fn add(
        &mut self,
        change: Change,
        path: impl Into<String>,
        what: impl Into<String>,
        why: impl Into<String>,
    ) {
        self.changes.push(change);
        self.added.push(Added {
            path: path.into(),
            what: what.into(),
            why: why.into(),
        });
    }

    /// This field of the template is in the way.
    pub(crate) fn refuse(
        &mut self,
        path: impl Display,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.refuse_spec(format!("{TEMPLATE}{path}"), why, fix);
    }

    /// This field of the pool is in the way.
    pub(crate) fn refuse_spec(
        &mut self,
        path: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let refusal = Refusal::new(path, why, fix);
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }

    /// The template with all that was proposed, if nothing is in the way.
    pub(crate) fn finish(self, template: &Map<String, Value>) -> Result<Injected, Vec<Refusal>> {
        if !self.refusals.is_empty() {
            return Err(self.refusals);
        }
        let mut template = template.clone();
        for change in self.changes {
            change.make(&mut template);
        }
        Ok(Injected {
            template: Value::Object(template),
            added: self.added,
        })
    }
}
