//! `make conform`: whether a videobridge and a jicofo answer as the real ones of the recordings do.
//!
//! The [`suite`] is data: steps, each with a request, what is expected of its reply, and what it changes. A [`plan`] chooses among
//! them, [`run`](run()) asks them, [`judge`] compares, and [`print`](mod@print) and [`report`] tell what came of it. The same steps are held against
//! the laboratory's [`mocks`], the recorded replies of real ones, and anybody's real Jitsi, so that none of them drifts from the
//! others.

pub mod args;
pub mod expect;
pub mod judge;
pub mod known;
pub mod mocks;
pub mod place;
pub mod plan;
pub mod print;
pub mod program;
pub mod report;
pub mod step;
pub mod suite;
pub mod survey;

mod ask;
mod put_back;
mod run;

pub use run::{Told, note, run};
