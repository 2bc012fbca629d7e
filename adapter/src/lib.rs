//! jvb-adapter: the custom metrics API of Kubernetes straight from the videobridges.
//!
//! ```text
//!   API server --watch--> pods --> store <-- scrape <--HTTP--> bridges
//!                                    |         (probe: one bridge, schedule: when)
//!   API server --HTTPS--> listener --+--> api (route, wire)
//!   (aggregator)          (guard: who may)
//! ```
//!
//! Two loops and a server share one [`store`]: the watch of [`pods`] says which bridges there are, [`scrape`] asks them, and
//! [`api`] answers from what they said, without asking anybody. What may be told and what must be left out is decided in
//! [`store`] and [`groups`], which do no I/O.

pub mod api;
pub mod args;
pub mod attributes;
mod authn;
mod authz;
mod cache;
pub mod clock;
pub mod config;
mod delegation;
pub mod groups;
pub mod guard;
pub mod health;
pub mod identity;
pub mod listener;
pub mod log;
pub mod metric;
pub mod pod;
pub mod pods;
pub mod probe;
pub mod quantity;
mod review;
pub mod route;
pub mod run;
pub mod schedule;
pub mod scrape;
pub mod selector;
pub mod shared;
pub mod status;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod wire;

pub use config::Config;
pub use run::run;

#[cfg(test)]
#[path = "../tests/support/pki.rs"]
mod pki;
