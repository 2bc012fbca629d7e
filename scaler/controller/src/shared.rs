//! What the parts of the controller have in common.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use bridge::Time;
use reach::Clock;

use crate::telemetry::Telemetry;

/// No moment.
const NEVER: i64 = i64::MIN;

/// The time, whether we lead, and how we fare.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The time.
    pub(crate) clock: Clock,
    /// How we fare.
    pub(crate) telemetry: Telemetry,
    /// Until when this replica leads if nothing more succeeds.
    leads_until: AtomicI64,
    /// Whether this replica is about to end: it holds the Lease, and does nothing new by it.
    ending: AtomicBool,
    /// When the Lease was read or written last.
    elected: AtomicI64,
    /// When the leader's loop last came round; never where it does not run.
    beat: AtomicI64,
}

impl Shared {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        Self {
            clock: Clock::system(),
            telemetry: Telemetry::new(),
            leads_until: AtomicI64::new(NEVER),
            ending: AtomicBool::new(false),
            elected: AtomicI64::new(NEVER),
            beat: AtomicI64::new(NEVER),
        }
    }

    /// The API server answered about the Lease: until when this replica leads, if it does.
    pub(crate) fn elected(&self, until: Option<Time>) {
        let until = until.map_or(NEVER, Time::as_millis);
        self.leads_until.store(until, Ordering::Relaxed);
        self.elected
            .store(self.clock.now().as_millis(), Ordering::Relaxed);
    }

    /// Whether this replica leads now: whatever is sent is sent only then.
    pub(crate) fn leads(&self) -> bool {
        let until = self.leads_until.load(Ordering::Relaxed);
        self.clock.now().as_millis() < until && !self.ends()
    }

    /// This replica is about to end: nothing more is sent, though it holds the Lease until what was sent is answered.
    pub(crate) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    /// Whether it is about to.
    pub(crate) fn ends(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// When the API server last answered about the Lease.
    pub(crate) fn last_elected(&self) -> Option<Time> {
        moment(&self.elected)
    }

    /// The leader's loop came round.
    pub(crate) fn beat(&self) {
        self.beat
            .store(self.clock.now().as_millis(), Ordering::Relaxed);
    }

    /// When it last did.
    pub(crate) fn last_beat(&self) -> Option<Time> {
        moment(&self.beat)
    }
}

fn moment(at: &AtomicI64) -> Option<Time> {
    let at = at.load(Ordering::Relaxed);
    (at != NEVER).then(|| Time::from_millis(at))
}
