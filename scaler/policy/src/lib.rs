//! What is to be done about a pool of bridges.
//!
//! ```text
//!  events, looks, replies ──→ World ──step(&World, now)──→ Plan ──effects──→ Requests ──(sent by somebody)──→ replies
//!                               ↑                                                                              │
//!                               └───────────────────────────────── fold ───────────────────────────────────────┘
//! ```
//!
//! [`step()`] is a function of what is known and the moment; [`effects()`] makes guarded requests of a plan and notes in the world
//! what was asked; [`fold()`] takes up what came of each. Whoever calls them observes and transports, and decides nothing: the
//! controller, the simulator and the tests run the same three.
//!
//! `now` never goes back. It must come from a clock that does not jump (a monotonic one, anchored once): settle times are
//! measured with it. How far it is from the API server's clock is told by [`World::observe_skew`].

mod drains;
mod effects;
pub mod election;
mod guards;
mod invariants;
pub mod life;
pub mod observe;
mod order;
mod people;
mod plan;
pub mod report;
mod scene;
mod status;
mod step;
mod telling;
pub mod world;

pub use drains::{Drained, Drains, End};
pub use effects::{Call, Outcome, Request, effects, fold, heard};
pub use guards::{Guard, Guards};
pub use invariants::{Invariant, Violation, request_violations, violations, world_violations};
pub use life::Way;
pub use order::{Criterion, Excluded, Kept, RescueKey, RescueRank, Unfit, VictimKey, VictimRank};
pub use people::{Cut, Parted, People};
pub use plan::{Action, Decision, Evidence, Finding, Mark, Plan, PodRef, Tally, Transition};
pub use report::{Report, report};
pub use scene::Doubt;
pub use step::step;
pub use telling::Weight;
pub use world::World;

#[cfg(test)]
mod tests;
