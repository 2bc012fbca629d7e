//! A real API server, the real controller, and bridges that have people on them.

mod committed;
mod hands;
mod leading;
mod morning;
mod outages;
mod rights;
mod size;
mod stage;
