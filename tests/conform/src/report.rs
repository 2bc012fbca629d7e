//! What came of a run.

use serde::Serialize;

use crate::judge::Difference;
use crate::step::{Server, Step};

/// What came of one step.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The step's name.
    pub name: &'static str,
    /// Whom it asked.
    pub server: &'static str,
    /// What a real one does.
    pub says: &'static str,
    /// From where that is known.
    pub known_from: &'static str,
    /// What it changes, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<&'static str>,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What came of a step.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "verdict"
)]
pub enum Verdict {
    /// The reply was the expected one.
    AsExpected,
    /// It was another.
    Different {
        /// The request, in lines.
        request: Vec<String>,
        /// Where it differs.
        differences: Vec<Difference>,
        /// The beginning of the reply, or why there was none.
        reply: String,
    },
    /// It was left out, for this reason.
    LeftOut {
        /// Why.
        why: String,
    },
    /// It could not be asked, for this reason.
    NotAsked {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// Of this step.
    pub fn new(step: &Step, verdict: Verdict) -> Self {
        Self {
            name: step.name,
            server: step.server.name(),
            says: step.says,
            known_from: step.known_from,
            changes: step.effect.changes(),
            verdict,
        }
    }
}

/// A server that cannot be reached.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreachable {
    /// Which, as it is called in a sentence.
    pub server: &'static str,
    /// Where it was looked for.
    pub address: String,
    /// What came instead.
    pub why: String,
    /// What to do.
    pub hint: &'static str,
}

impl Unreachable {
    /// What to do about a server that cannot be reached.
    pub const fn hint(server: Server) -> &'static str {
        match server {
            Server::Bridge => {
                "check the address; where a bridge listens on its pod alone, `kubectl port-forward pod/NAME 8080:8080` \
                 and http://127.0.0.1:8080 reach it"
            }
            Server::Jicofo => {
                "check the address, and that jicofo.rest.enabled is on (in the image: JICOFO_ENABLE_REST=1); \
                 `kubectl port-forward pod/NAME 8888:8888` and http://127.0.0.1:8888 reach it"
            }
        }
    }
}

/// Something that was put back, or could not be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PutBack {
    /// What.
    pub what: String,
    /// Why it could not be; none: it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// The command that puts it back.
    pub command: String,
}

/// What came of a run.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The bridge's address.
    pub bridge: Option<String>,
    /// jicofo's address.
    pub jicofo: Option<String>,
    /// Who could not be reached.
    pub unreachable: Vec<Unreachable>,
    /// What came of each step.
    pub steps: Vec<Outcome>,
    /// What was put back.
    pub put_back: Vec<PutBack>,
    /// Whether somebody interrupted it.
    pub interrupted: bool,
}

/// How many steps came to what.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// As expected.
    pub as_expected: usize,
    /// Different.
    pub different: usize,
    /// Left out.
    pub left_out: usize,
    /// Not asked.
    pub not_asked: usize,
}

impl Report {
    /// How many steps came to what.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in &self.steps {
            match step.verdict {
                Verdict::AsExpected => counts.as_expected += 1,
                Verdict::Different { .. } => counts.different += 1,
                Verdict::LeftOut { .. } => counts.left_out += 1,
                Verdict::NotAsked { .. } => counts.not_asked += 1,
            }
        }
        counts
    }

    /// Whether nobody could be reached at all.
    pub fn reached_nobody(&self) -> bool {
        let named = usize::from(self.bridge.is_some()) + usize::from(self.jicofo.is_some());
        self.unreachable.len() == named
    }

    /// Whether everything that was asked is as expected, and at least something was; what was changed is as it was.
    pub fn succeeded(&self) -> bool {
        let counts = self.counts();
        counts.different == 0
            && counts.not_asked == 0
            && counts.as_expected > 0
            && self.unreachable.is_empty()
            && self
                .put_back
                .iter()
                .all(|put_back| put_back.failed.is_none())
    }

    /// The exit code of the process: 0 everything is as expected, 1 something is not, 2 nobody could be reached, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        if self.interrupted {
            130
        } else if self.reached_nobody() {
            2
        } else {
            u8::from(!self.succeeded())
        }
    }
}
