//! kubectl bridgepool: how pools of videobridges are, why, and what an operator may ask of them.
//!
//! ```text
//!   API server, leader of the controller --> cluster --> view, change (what is so, what is asked for: pure) --> show (lines: pure)
//! ```
//!
//! It decides nothing: how a bridge is, who is drained next and how many more people fit comes from the leader of the controller,
//! which decides by the same; what is asked for is written in the annotations and fields that the policy heeds.

pub mod args;
pub mod change;
pub mod changes;
pub mod cluster;
pub mod complete;
mod near;
mod run;
pub mod show;
mod terminal;
pub mod trouble;
pub mod view;
mod watch;

pub use run::run;
