//! jvb-scaler: the controller of BridgePools.
//!
//! ```text
//!   API server --watch--> watch --> mind <-- looks <--HTTP-- bridges
//!                                   |  ^  <-- jicofo
//!                 (scaler_policy: step, effects)
//!                                   v  | (fold)
//!                                transport --> API server, bridges, jicofo
//! ```
//!
//! It observes and transports, and decides nothing: what is to be done about a pool is a function of what was observed, in
//! [`scaler_policy`], and the same function runs in the simulation. Of several replicas the one that holds a Lease observes and
//! acts; the others wait for it. Whoever asks the leader how a pool is gets the policy's own report of that world.

pub mod args;
mod asked;
mod budget;
mod config;
mod jicofo;
mod keys;
mod lease;
mod looks;
mod mind;
mod observe;
mod run;
mod serving;
mod shared;
mod skew;
mod surroundings;
mod telemetry;
mod telling;
mod transport;
mod watch;

pub use config::{Config, Problems};
pub use mind::BROKEN;
pub use run::run;
