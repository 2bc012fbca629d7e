//! What a videobridge and a jicofo are and do.
//!
//! This crate holds data and behaviour and does no I/O: whoever talks to a bridge sends the [`http::Request`]s that are built
//! here and hands the replies back to be read; whoever needs a bridge that is not there drives the model of one.

#[doc(hidden)]
pub mod fuzzing;
pub mod jicofo;
pub mod keys;
pub mod model;
pub mod reading;
pub mod reply;
pub mod request;
pub mod source;
pub mod state;
pub mod stats;
pub mod time;
pub mod totals;

pub use source::Source;
pub use state::State;
pub use stats::Stats;
pub use time::Time;
