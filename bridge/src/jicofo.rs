//! What is asked of a jicofo, and what it answers: moves, pins, its view of the bridges.
//!
//! jicofo has no request that drains a bridge: that is the bridge's own. Nor does it authenticate anybody.

pub mod reply;
pub mod request;
