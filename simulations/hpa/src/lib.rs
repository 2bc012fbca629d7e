//! The HorizontalPodAutoscaler of Kubernetes, exact.
//!
//! One call of [`sync()`] is one reconciliation of the real controller (kubernetes, `pkg/controller/podautoscaler/horizontal.go`,
//! `reconcileAutoscaler`): what it reads comes in as [`Inputs`], what it remembers is [`State`], what it writes is the
//! [`Outcome`].
//!
//! ```text
//!  manifest ──Spec──→ Policy ┐
//!  version, flags → Controller ├─→ sync ─→ Outcome: the size put, the status, events
//!  /scale, pods, metrics ────┘     ↑↓
//!                                State: recommendations, changes of size, status
//! ```
//!
//! Nothing here has a clock, chance or I/O. Integers overflow and floats become integers as they do in Go on amd64, where the
//! controller usually runs, so that even what is absurd is the same. The versions of Kubernetes fall into three [`Class`]es;
//! decisions of real controllers of each, recorded, are the tests of this crate, and [`replay`] holds anybody's recordings
//! against it.

mod arithmetic;
pub mod class;
pub mod condition;
pub mod event;
mod grouping;
mod history;
pub mod inputs;
pub mod metric;
mod normalise;
pub mod policy;
pub mod proposal;
pub mod quantity;
mod rate;
mod reason;
pub mod replay;
pub mod spec;
pub mod state;
mod sync;
mod usage;

pub use class::{Class, Controller, Flags, Gates};
pub use event::Event;
pub use inputs::Inputs;
pub use policy::Policy;
pub use quantity::Quantity;
pub use reason::Reason;
pub use spec::Spec;
pub use state::State;
pub use sync::{Outcome, sync};
