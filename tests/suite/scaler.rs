//! A real API server, the real controller, and bridges that have people on them.

mod answers;
mod committed;
mod ending;
mod hands;
mod kills;
mod late;
mod leading;
mod many;
mod morning;
mod others;
mod outages;
mod output;
mod protection;
mod rights;
mod size;
mod stage;
mod writes;

pub(crate) use stage::{PATIENCE, Stage, remembering};
