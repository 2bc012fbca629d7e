//! What goes wrong: the faults, when they are to happen, and what each does.
//!
//! A planned fault is armed at its moment and begins as soon as the situation is there in which it can harm: a bridge that
//! drains, a request that is under way. It is counted when it has really happened.

mod cluster;
mod controllers;
mod disturbing;
mod fault;
mod interlude;
mod interrupting;
mod jitsi;
mod plan;
mod scaling;
mod traps;
mod users;

pub use fault::{Fault, NOT_MODELLED};
pub use interlude::{Coming, Interlude, draw as draw_interludes};
pub use plan::{Armed, Chaos, Planned, draw};
pub use traps::{Sprung, Then, Trap, When};
