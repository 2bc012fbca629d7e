//! A real API server, the real controller, and bridges that have people on them.

mod ending;
mod hands;
mod leading;
mod many;
mod outages;
mod rights;
mod size;
mod stage;
mod writes;
