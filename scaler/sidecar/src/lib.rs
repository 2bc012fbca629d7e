//! jvb-sidecar: stands before a videobridge in its pod.
//!
//! ```text
//!  readers ───────────GET──────────→ serving ──→ the bridge, on loopback
//!  the controller ──POST, token────→    ↓            ↑
//!                                      desk ←────── hold: looks, holds the mode, is the last line
//!  annotations, public keys ──────────→ ↓            ↑
//!                             store: the volume that the pod's containers share
//!                                       ↑
//!                  terminate, wait: the preStops of the two containers
//! ```
//!
//! What is decided is decided in pure code, to which the moment is an argument: [`mode`], [`ready`], [`ending`] and [`routes`].
//! It needs no API server, no controller and no jicofo to hold on to what was last said, and to move the bridge's people before
//! the pod ends.

pub mod args;
mod config;
mod desk;
pub mod ending;
mod followed;
#[doc(hidden)]
pub mod fuzzing;
mod hold;
mod last_line;
pub mod mode;
pub mod ready;
pub mod routes;
mod run;
mod serving;
pub mod sight;
mod start;
pub mod store;
mod telemetry;
pub mod terminate;
pub mod wait;

pub use config::{Config, Problems};
pub use run::run;
pub use start::start;
