//! What the parts of the adapter have in common.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bridge::Time;
use reach::Clock;

use crate::health::Health;
use crate::telemetry::Telemetry;
use crate::telling::{Metrics, Rules, Store};

/// What the watch of pods, the loop that asks bridges, and the answers to requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The time.
    pub clock: Clock,
    /// The table of metrics.
    pub metrics: Arc<Metrics>,
    /// Alive, ready.
    pub health: Health,
    /// How we fare.
    pub telemetry: Telemetry,
    store: RwLock<Store>,
}

impl Shared {
    /// Nothing is known yet.
    pub(crate) fn new(clock: Clock, metrics: Metrics, rules: Rules) -> Self {
        let metrics = Arc::new(metrics);
        Self {
            health: Health::new(clock.now()),
            telemetry: Telemetry::new(),
            store: RwLock::new(Store::new(Arc::clone(&metrics), rules)),
            metrics,
            clock,
        }
    }

    /// Takes down that values of these times are told now, in this API group, and turns the times into the system's for whoever
    /// is told.
    pub(crate) fn tell<'t>(
        &self,
        group: &'static str,
        times: impl Iterator<Item = &'t mut Time>,
        now: Time,
    ) {
        let correction = self.clock.correction();
        let times = times.map(|at| std::mem::replace(at, correction.of(*at)));
        self.telemetry.told(group, times, now);
    }

    /// All bridges at one moment; whoever holds it keeps new answers out, so it is held briefly and never across an await.
    pub(crate) fn store(&self) -> RwLockReadGuard<'_, Store> {
        // Every change is complete once made, so what a panic left behind is still true.
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// All bridges, to be changed.
    pub(crate) fn store_mut(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }
}
