//! `jvb-adapter check`: the whole chain from the HPA to the bridges, walked as an operator would.
//!
//! Three parts that know little of each other: `collect` asks the API server and the bridges and believes nothing, `judge` makes
//! findings of what was learned and does no I/O, `print` tells them to a person or to a program.

mod arguments;
mod collect;
mod facts;
mod judge;
mod print;
mod report;

pub use arguments::{CheckArguments, Output};
pub use print::{json, text};
pub use report::{Finding, Report, Severity, Step};

/// Walks the chain once.
///
/// Nothing global is needed or installed. What cannot be learned is a finding of its own, never an error.
pub async fn run(arguments: &CheckArguments) -> Report {
    match collect::all(arguments).await {
        Ok(facts) => judge::all(&facts),
        Err(error) => Report::unreachable(&error),
    }
}
