//! What is shown of a pool: made of the API server's object and of the leader's report, without I/O. Written as JSON it is what
//! `-o json` prints.

mod finding;
mod row;
mod silence;
mod template;

use bridge::Time;
use jiff::Timestamp;
use scaler_api::key::timestamp;
use scaler_policy::report::{Hold, Report, Room};
use scaler_policy::world::Pool;
use scaler_policy::{RescueRank, Tally, report::Victim};
use serde::Serialize;

pub use finding::Finding;
pub use row::{Row, after_the_deadline};
pub use silence::{Silence, Why};
pub use template::PodTemplate;

/// The form of what `-o json` prints. It is raised when a field goes or changes its meaning; fields may come.
pub const FORM: u32 = 1;

/// A pool, as it was found.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The object.
    pub pool: Pool,
    /// How it is: by the leader, or, where there is a silence, by the API server's objects alone.
    pub report: Report,
    /// Why the leader does not tell it.
    pub silence: Option<Silence>,
}

/// What is shown of a pool.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Of which moment all this is.
    pub at: Timestamp,
    /// Whether nothing is wrong with it.
    pub well: bool,
    /// The numbers. Where the leader does not tell them, those of the pool's status.
    pub counts: Tally,
    /// How many more people fit; `None` where the leader does not tell it.
    pub room: Option<Room>,
    /// What is wrong, or should be known.
    pub findings: Vec<Finding>,
    /// Why the leader does not tell how the bridges are: people and stress are then unknown.
    pub silence: Option<String>,
    /// The bridges.
    pub bridges: Vec<Row>,
    /// What was decided last.
    pub last_decision: Option<LastDecision>,
}

/// What was decided last.
#[derive(Clone, Debug, Serialize)]
pub struct LastDecision {
    /// When.
    pub time: Timestamp,
    /// Why, in a word.
    pub reason: String,
    /// What was done to which bridge.
    pub message: String,
}

/// Who is drained first and who taken back first, as the leader decides it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Namespace of the pool.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Of which moment this is.
    pub at: Timestamp,
    /// The numbers.
    pub counts: Tally,
    /// What holds everything of a kind back.
    pub holds: Vec<Hold>,
    /// The bridges of which one is drained when the pool is to be smaller, the first one first.
    pub drained: Vec<Victim>,
    /// Those of which one is taken back when it is to be larger, the first one first.
    pub taken_back: Vec<RescueRank>,
    /// All bridges.
    pub bridges: Vec<Row>,
}

impl View {
    /// What is shown of a pool.
    pub fn new(seen: &Seen) -> Self {
        let Seen {
            pool,
            report,
            silence,
        } = seen;
        let findings = finding::findings(seen);
        Self {
            namespace: pool.namespace.clone(),
            name: pool.name.clone(),
            at: timestamp(report.at),
            well: findings.iter().all(|finding| !finding.wrong),
            counts: match silence {
                None => report.tally.clone(),
                Some(_) => from_status(pool),
            },
            room: silence.is_none().then_some(report.room),
            findings,
            silence: silence.as_ref().map(ToString::to_string),
            bridges: rows(report),
            last_decision: pool.status.last_decision.as_ref().map(|last| LastDecision {
                time: last.time.0,
                reason: last.reason.clone(),
                message: last.message.clone(),
            }),
        }
    }
}

impl Order {
    /// The order of a pool's bridges.
    pub fn new(report: &Report) -> Self {
        Self {
            namespace: report.namespace.clone(),
            name: report.pool.clone(),
            at: timestamp(report.at),
            counts: report.tally.clone(),
            holds: report.holds.clone(),
            drained: report.victims.clone(),
            taken_back: report.rescues.clone(),
            bridges: rows(report),
        }
    }
}

/// The numbers as the pool's status has them: as they were when it was written.
fn from_status(pool: &Pool) -> Tally {
    let status = &pool.status;
    Tally {
        counted: status.replicas,
        wanted: pool.wanted(true),
        ready: status.ready_replicas,
        active: status.active,
        draining: status.draining,
        warm: status.warm,
        unknown: status.unknown,
        updated: status.updated_replicas,
        outdated: status.outdated,
        oldest_drain: status.oldest_drain.as_ref().map(|at| moment(at.0)),
        ..Tally::default()
    }
}

fn rows(report: &Report) -> Vec<Row> {
    let known = report.bridges.iter().map(Row::new);
    let frozen = report.frozen.iter().map(Row::frozen);
    let mut rows: Vec<Row> = known.chain(frozen).collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    rows
}

/// A report of a world in which no bridge was asked: what only the one that decides can tell is left out of it.
pub fn unasked(mut report: Report) -> Report {
    report.holds.clear();
    report.victims.clear();
    report.rescues.clear();
    for bridge in &mut report.bridges {
        bridge.unreachable = false;
        bridge.doubt = None;
    }
    report
}

/// The moment of a text of JSON.
pub(crate) fn moment(at: Timestamp) -> Time {
    Time::from_millis(at.as_millisecond())
}
