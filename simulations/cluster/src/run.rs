//! One run of the simulation: a scenario and its faults, drawn from a seed, with the policy in the middle and the oracle beside.

mod bugs;
mod calls;
mod event;
mod leading;
mod rest;
mod scenario;
mod shrink;
mod sim;
mod sweep;
mod telling;
mod trace;
mod words;

pub use bugs::{Found, find};
pub(crate) use calls::{Events, carry_out};
pub use event::Event;
pub(crate) use leading::judge_plan;
pub(crate) use rest::{budget, found};
pub use scenario::{Ending, Scenario, template};
pub use shrink::shrink;
pub use sim::{Options, Outcome, POOL, Sim, simulate};
pub use sweep::{Sweep, sweep};
pub use trace::Trace;
pub use words::{Told, Wanted, understand};
