//! A decision log, as tests read it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What a replica wrote down in all its lives.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    /// The lines of decisions.
    pub(crate) all: Vec<Value>,
    /// Those that were not carried out, or of which nobody knows: the transition, and what it came to.
    pub(crate) failed: Vec<(String, String)>,
}

impl Decisions {
    /// Reads a log, in which each kill may have torn a line.
    ///
    /// # Errors
    /// When it holds anything but lines of JSON, when a number is left out, or when something is said of a decision that is not there.
    pub(crate) fn read(path: &Path, kills: usize) -> Result<Self> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        // The last line may not be written to its end yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut read = Self::default();
        let mut torn = kills;
        // The decisions of this life, by their numbers, which begin anew with each.
        let mut life: BTreeMap<u64, String> = BTreeMap::new();
        for line in whole.lines() {
            let Ok(said) = serde_json::from_str::<Value>(line) else {
                // Whoever goes on begins a line of its own.
                ensure!(torn > 0, "no decision: {line}");
                torn -= 1;
                continue;
            };
            let number = said["number"].as_u64();
            let number = number.with_context(|| format!("without a number: {line}"))?;
            if let Some(outcome) = said["outcome"].as_str() {
                let of = life.get(&number);
                let of = of.with_context(|| format!("of no decision: {line}"))?;
                read.failed.push((of.clone(), outcome.to_owned()));
                continue;
            }
            if number == 1 {
                life.clear();
            }
            let next = life.len() as u64 + 1;
            ensure!(number == next, "it is decision {next}: {line}");
            let transition = said["decision"]["transition"].as_str();
            let transition = transition.with_context(|| format!("no decision: {line}"))?;
            life.insert(number, transition.to_owned());
            read.all.push(said);
        }
        Ok(read)
    }
}
