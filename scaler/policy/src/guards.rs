//! The guards that stand between a bridge and harm, each by name.
//!
//! All are on. A test may switch one off to show that something notices: a guard nobody misses guards nothing.

/// One condition without which something is not done.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Guard {
    /// Emptiness counts only of the run of the bridge that confirmed its drain.
    AckOfThisRun,
    /// A bridge is removed only after it was empty for the settle time.
    SettleTime,
    /// … and in enough looks.
    SettleLooks,
    /// … the last of them just now.
    RemovalFreshness,
    /// A bridge with relayed conferences alone is not empty.
    ConferencesCount,
    /// A bridge that has left its brewery is not taken to be empty: its people may be away for as long as prosody is.
    EmptyInBrewery,
    /// A leader that has just begun to ask bridges takes none to be empty: it would not have seen many fall to zero at once.
    WatchedLongEnough,
    /// What a kubelet said of a bridge that does not run holds only while its node is ready: cut off, it may start one.
    KubeletHeard,
    /// A bridge is looked at once more between the decision to remove it and the deletion.
    ProofBeforeDelete,
    /// A bridge is told to shut down before its pod is deleted, so that jicofo does not lose it.
    ShutdownBeforeDelete,
    /// jicofo has two presences' time to learn of a shutdown before the pod is deleted.
    PresencesBeforeDelete,
    /// A DELETE names the version of the object on which it was decided.
    DeleteFenced,
    /// A patch names the object and its version on which it was decided.
    PatchFenced,
    /// A drain leaves at least `minActive` bridges that take conferences.
    ActiveFloor,
    /// The last bridge of an old revision drains only when the new one takes conferences.
    RevisionFloor,
    /// No more than `drain.maxConcurrent` drain at once.
    ConcurrentDrains,
    /// Nothing is decided by old statistics.
    FreshnessOfVictims,
    /// A bridge of which nothing is known is not taken to be empty.
    UnknownIsBusy,
    /// A deadline, once set, is not set anew while the drain goes on.
    DeadlineSetOnce,
    /// Many bridges that fall to zero at once are an outage.
    MassEmpty,
    /// Many bridges that are unhealthy at once are an outage.
    MassUnhealthy,
    /// Nobody is moved while jicofo is away.
    JicofoPresent,
    /// Nobody is moved unless another bridge can take them.
    MoveTarget,
    /// Conferences are moved one at a time.
    MovePace,
    /// An outdated bridge drains only when its replacement takes conferences.
    SurgeFirst,
    /// A creation that is not answered yet counts.
    CreationsExpected,
    /// A bridge that is taken back is protected before it takes people.
    ProtectionOnRescue,
    /// A pinned bridge is left alone.
    Pinned,
    /// A young bridge is left alone.
    MinLifetime,
    /// A bridge takes conferences only once it is in its brewery.
    BreweryJoined,
    /// A surge bridge is not counted before what it replaces is not.
    SurgeUncounted,
    /// A bridge that was started anew while draining is drained anew.
    DrainAfterRestart,
    /// `maxReplicas` holds.
    Ceiling,
    /// Nothing is begun while the API server tells nothing.
    WatchAlive,
    /// No deadline is acted upon while the clocks differ.
    ClocksAgree,
    /// A draining bridge is taken back before another is started.
    RescueFirst,
    /// A pod of another owner is not touched.
    OwnPodsOnly,
    /// An event that is older than what was written is not believed.
    OldEventsIgnored,
    /// A new leader lists all pods from the API server itself before it decides anything.
    ListFirst,
    /// Nothing is decided about a pod while something about it is under way.
    OneAtATime,
    /// What an earlier leader began is gone on with.
    BegunIsKeptUp,
    /// A bridge whose mode somebody else changed is told again what is intended with it.
    ModeKept,
    /// What is written down is by the API server's clock.
    ServersClock,
    /// A pod that cannot be understood counts as what its labels say.
    MalformedCounts,
    /// A pool that is deleted is held until its bridges are drained.
    PoolHeld,
    /// A status is written when something changed, and not too often.
    StatusPaced,
    /// A status that somebody else wrote is written anew.
    StatusCorrected,
    /// In a paused pool nothing is begun.
    Paused,
}

impl Guard {
    /// All of them.
    pub const ALL: [Self; 48] = [
        Self::AckOfThisRun,
        Self::SettleTime,
        Self::SettleLooks,
        Self::RemovalFreshness,
        Self::ConferencesCount,
        Self::EmptyInBrewery,
        Self::WatchedLongEnough,
        Self::KubeletHeard,
        Self::ProofBeforeDelete,
        Self::ShutdownBeforeDelete,
        Self::PresencesBeforeDelete,
        Self::DeleteFenced,
        Self::PatchFenced,
        Self::ActiveFloor,
        Self::RevisionFloor,
        Self::ConcurrentDrains,
        Self::FreshnessOfVictims,
        Self::UnknownIsBusy,
        Self::DeadlineSetOnce,
        Self::MassEmpty,
        Self::MassUnhealthy,
        Self::JicofoPresent,
        Self::MoveTarget,
        Self::MovePace,
        Self::SurgeFirst,
        Self::CreationsExpected,
        Self::ProtectionOnRescue,
        Self::Pinned,
        Self::MinLifetime,
        Self::BreweryJoined,
        Self::SurgeUncounted,
        Self::DrainAfterRestart,
        Self::Ceiling,
        Self::WatchAlive,
        Self::ClocksAgree,
        Self::RescueFirst,
        Self::OwnPodsOnly,
        Self::OldEventsIgnored,
        Self::ListFirst,
        Self::OneAtATime,
        Self::BegunIsKeptUp,
        Self::ModeKept,
        Self::ServersClock,
        Self::MalformedCounts,
        Self::PoolHeld,
        Self::StatusPaced,
        Self::StatusCorrected,
        Self::Paused,
    ];
}

/// Which guards are on. There is no way to this from any configuration.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Guards {
    off: u64,
}

impl Default for Guards {
    /// All on.
    fn default() -> Self {
        Self { off: 0 }
    }
}

impl Guards {
    /// All on but this one.
    #[cfg(any(test, feature = "seeded-bugs"))]
    pub(crate) const fn without(guard: Guard) -> Self {
        Self {
            off: 1 << guard as u8,
        }
    }

    /// Whether this guard is on.
    pub const fn on(self, guard: Guard) -> bool {
        self.off & (1 << guard as u8) == 0
    }

    /// Whether the guard lets pass what fulfils `condition`; one that is off lets everything pass.
    pub const fn hold(self, guard: Guard, condition: bool) -> bool {
        condition || !self.on(guard)
    }
}
