//! jvb-adapter: the custom metrics API of Kubernetes straight from the videobridges.
//!
//! ```text
//!   API server --HTTPS--> serving --> api --> telling <-- scraping <--HTTP--> bridges
//!   (aggregator)             |                               ^
//!                         access                             |
//!                    (may they?)         API server --watch--+ (which bridges there are)
//! ```
//!
//! Two loops and a server share what is known of the bridges (`telling`): the watch of pods says which bridges there are, the
//! scraper asks them (both in `scraping`), and `api` answers from what they said, having the scraper ask anew where that is old.
//! What may be told and what must be left out is decided in `telling` alone, which does no I/O and takes the time as an
//! argument. [`serving`] is the HTTPS around it, and [`access`] knows who asks and what they may.

pub mod access;
mod api;
pub mod args;
mod authority;
pub mod check;
mod config;
pub mod fuzzing;
mod health;
mod renewal;
mod run;
mod scraping;
pub mod serving;
mod shared;
mod telemetry;
mod telling;

pub use config::{Config, Problems};
pub use run::run;

#[cfg(test)]
#[path = "../tests/support/pki.rs"]
mod pki;
