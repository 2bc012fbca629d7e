//! The states of a bridge, as its flags tell them.

use serde::{Deserialize, Serialize};

use crate::stats::Flags;

/// What a bridge does with people, in the order in which it can get worse.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum State {
    /// Takes new conferences and new people.
    Accepting,
    /// New conferences go elsewhere while another bridge takes them; nobody is moved; can be taken back.
    Draining,
    /// Refuses new conferences, goes when the last person has left; cannot be taken back.
    Graceful,
    /// Goes within a minute, and jicofo moves everybody; cannot be taken back.
    ShuttingDown,
}

impl From<Flags> for State {
    /// `shutting_down` outranks the rest: a graceful shutdown that came to its end keeps `graceful_shutdown` set, a forced one
    /// never sets it (seen on a running bridge).
    fn from(flags: Flags) -> Self {
        match flags {
            Flags {
                shutting_down: true,
                ..
            } => Self::ShuttingDown,
            Flags {
                graceful_shutdown: true,
                ..
            } => Self::Graceful,
            Flags { drain: true, .. } => Self::Draining,
            Flags { .. } => Self::Accepting,
        }
    }
}

impl State {
    /// Whether jicofo gives this bridge new conferences while another bridge is to be had.
    pub const fn takes_new_conferences(self) -> bool {
        matches!(self, Self::Accepting)
    }

    /// Whether the bridge can still be taken back into service.
    pub const fn reversible(self) -> bool {
        matches!(self, Self::Accepting | Self::Draining)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_flag_decides() {
        let flags = |drain, graceful_shutdown, shutting_down| {
            State::from(Flags {
                drain,
                graceful_shutdown,
                shutting_down,
            })
        };
        assert_eq!(flags(false, false, false), State::Accepting);
        assert_eq!(flags(true, false, false), State::Draining);
        assert_eq!(flags(true, true, false), State::Graceful);
        assert_eq!(
            flags(false, true, true),
            State::ShuttingDown,
            "a graceful shutdown at its end"
        );
        assert_eq!(
            flags(true, false, true),
            State::ShuttingDown,
            "a forced shutdown never says graceful"
        );
    }
}
