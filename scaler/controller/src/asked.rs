//! Questions about a pool, on their way from the server to the loop that knows the pool.

use std::time::Duration;

use scaler_policy::Report;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use crate::mind::PoolKey;

/// So many may wait at the same time: people, not machines, ask.
const WAITING: usize = 16;

/// How long the loop has for an answer: it comes round in milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// A question about a pool.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The pool.
    pub(crate) pool: PoolKey,
    answer: oneshot::Sender<Option<Report>>,
}

/// Where questions are put.
#[derive(Clone, Debug)]
pub(crate) struct Desk(Sender<Asked>);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unanswered {
    /// The pool is not looked after: there is none of this name, or it is not understood.
    NoSuchPool,
    /// Too many ask, or the loop has too much to do.
    Busy,
}

impl Desk {
    /// A desk, and its other end.
    pub(crate) fn new() -> (Self, Receiver<Asked>) {
        let (sender, receiver) = channel(WAITING);
        (Self(sender), receiver)
    }

    /// How a pool is.
    ///
    /// # Errors
    /// When nobody can say.
    pub(crate) async fn ask(&self, pool: PoolKey) -> Result<Report, Unanswered> {
        let (answer, answered) = oneshot::channel();
        self.0
            .try_send(Asked { pool, answer })
            .map_err(|_| Unanswered::Busy)?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(report)) => report.ok_or(Unanswered::NoSuchPool),
            // Nobody leads, or not any more.
            Ok(Err(_)) | Err(_) => Err(Unanswered::Busy),
        }
    }
}

impl Asked {
    /// Answers; `None` where the pool is not looked after.
    pub(crate) fn answer(self, report: Option<Report>) {
        // Whoever asked may have lost patience.
        let _ = self.answer.send(report);
    }
}
