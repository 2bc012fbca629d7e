//! What was tried: how often each kind of event led from one state to another, what was decided, and what became of requests.

use std::collections::BTreeMap;
use std::fmt;

/// How often something happened, by its name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    /// It happened once more.
    pub fn count(&mut self, name: impl Into<String>) {
        *self.0.entry(name.into()).or_insert(0) += 1;
    }

    /// How often anything happened.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (name, count) in &self.0 {
            write!(f, "{}{name} {count}", if first { "" } else { ", " })?;
            first = false;
        }
        Ok(())
    }
}
