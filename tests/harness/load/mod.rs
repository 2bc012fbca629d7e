//! Loads: who joins which conference when, and who leaves.
//!
//! A [`Schedule`] is a plain list, made beforehand from a [`Profile`] and a seed: the same seed gives the same people. The
//! standard one is [`Profile::morning`]: an office day's rise and fall of people, played in minutes.

mod player;
mod schedule;

pub use player::play;
pub use schedule::{Event, Profile, Schedule, What};
