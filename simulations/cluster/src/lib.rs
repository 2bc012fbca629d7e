//! A virtual Kubernetes cluster on virtual time, and the pool's policy in it while everything goes wrong.
//!
//! ```text
//!        seed ──→ run: a scenario, its faults (chaos), one queue of events (kernel)
//!                  │
//!   controller ────┼──── net ────┐        replicas with the real `step`, `effects` and `fold`
//!      │           │             │
//!   world: api ─ node ─ people ─ bridge::model        scaling: the exact HPA
//!      └───────────┴─────────────┘
//!                  ↓
//!               oracle: what is true, and whether it is right
//! ```
//!
//! [`world`] is the cluster when nothing is wrong, with the switches by which something can go wrong; it knows neither [`chaos`]
//! nor [`oracle`]. Nothing here asks a clock or rolls dice by itself: time is a number that the queue moves on, and chance comes
//! from a seed that is an argument, in one stream for each concern, so that one event more in one of them leaves the others as
//! they were. [`explore`] knows no chance at all: it goes through every order of events of a small model.

pub mod api;
pub mod cascade;
pub mod chaos;
pub mod controller;
pub mod explore;
pub mod kernel;
pub mod net;
pub mod node;
pub mod oracle;
pub mod run;
pub mod scaling;
pub mod world;
