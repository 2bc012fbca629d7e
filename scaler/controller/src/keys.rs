//! The keys that sign what bridges are told, and how their public halves come to the pods.
//!
//! A Secret in the controller's own namespace holds the seeds. Each namespace with a pool has a ConfigMap with the public keys,
//! which the kubelet brings to the pods; what somebody else writes into it is mended. What is due is decided in [`plan`], which
//! does no I/O; the [`keeper`] reads, writes and publishes, and the [`signer`] signs with what the keeper last read.
//!
//! ```text
//! a key's life:   made, published     signs                        signs no more          forgotten
//!                 |--- refresh ------>|---- rotation ---|- refresh ->|------ overlap ------>|
//!                                     the next one's:   made ...     signs ...
//! ```
//!
//! No key signs before every namespace has had it for as long as the kubelet may take to bring it to a pod, but for the first one:
//! there is no better. Each write of the Secret names the version that was read, so that of two controllers one is first, and the
//! other reads what it wrote. A controller that could not read the Secret for long signs no more, and only after that is a key
//! forgotten that it may have signed with: a rotation loses no command.

mod held;
mod keeper;
mod plan;
mod published;
mod signer;

use std::time::Duration;

pub(crate) use keeper::Keeper;
pub(crate) use signer::Signer;

/// How long one look at all of it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The times of the keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Pace {
    /// How long a key signs before the next one is made.
    pub(crate) rotation: Duration,
    /// How long a public key was published everywhere before its other half signs.
    pub(crate) refresh: Duration,
    /// How long a public key stays published after its other half signed for the last time, as far as is known.
    pub(crate) overlap: Duration,
}

impl Pace {
    /// What the overlap is longer by than the time for which a controller signs with what it has read: a token's life, the
    /// differences of clocks on both sides, and the time that a write takes to arrive.
    const BESIDE: Duration = Duration::from_secs(
        scaler_token::LIFETIME.as_secs() + 2 * scaler_token::SKEW.as_secs() + PATIENCE.as_secs(),
    );

    /// The shortest overlap: what is left for a controller is several looks.
    pub(crate) const SHORTEST_OVERLAP: Duration = Duration::from_mins(2);

    /// For how long it is signed with what the Secret held when it was read.
    fn trust(&self) -> Duration {
        self.overlap.saturating_sub(Self::BESIDE)
    }

    /// How often it is looked whether something is due, or was changed by somebody else.
    fn look_every(&self) -> Duration {
        (self.refresh / 6).clamp(Duration::from_millis(200), Duration::from_secs(30))
    }
}
