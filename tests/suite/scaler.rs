//! A real API server, the real controller, and bridges that have people on them.

mod hands;
mod leading;
mod outages;
mod rights;
mod size;
mod stage;

pub(crate) use stage::{PATIENCE, Stage};
