//! What must hold in a pool, each said twice in one place: in CEL for the API server, in Rust for everybody without one.
//!
//! A rule never looks at `spec.replicas`: a write to the scale sub-resource must not fail because of the rest of the spec.

mod ranges;
mod spec;
mod template;

use std::fmt;

use crate::BridgePool;

/// Something that must hold.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The field that it is about, such as `spec.drain.settle`; empty for the whole object.
    pub at: &'static str,
    /// It in CEL, where `self` is that field. The API server asks only when the field is there.
    pub cel: &'static str,
    /// What an operator reads when it does not hold: what is wrong, and what to do.
    pub message: &'static str,
    /// It in Rust; true when the field is not there.
    holds: fn(&BridgePool) -> bool,
}

/// A field that is not as it must be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The field, such as `spec.drain.settle`; empty for the whole object.
    pub at: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.at, self.message)
        }
    }
}

/// All rules, besides those that a type brings along: [`crate::duration::MESSAGE`] and [`crate::limit::MESSAGE`].
pub fn all() -> impl Iterator<Item = &'static Rule> {
    spec::RULES
        .iter()
        .chain(ranges::NUMBERS)
        .chain(ranges::DURATIONS)
        .chain(template::RULES)
}

/// What an operator reads when a field is no number, or one that its type does not have; `None` for other fields.
pub(crate) fn no_number(at: &str) -> Option<&'static str> {
    let rule = ranges::NUMBERS.iter().find(|rule| rule.at == at);
    rule.map(|rule| rule.message)
}

/// What is wrong with a pool; nothing when all rules hold.
pub fn check(pool: &BridgePool) -> Vec<Problem> {
    all()
        .filter(|rule| !(rule.holds)(pool))
        .map(|rule| Problem {
            at: rule.at.to_owned(),
            message: rule.message.to_owned(),
        })
        .collect()
}
