//! By what one victim stands before another.

use serde::{Deserialize, Serialize};

use crate::order::VictimKey;

/// By what two victims differ first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Criterion {
    /// An operator asked for one of them.
    Operator,
    /// One of them never ran.
    NeverStarted,
    /// The node of one of them leaves.
    NodeLeaving,
    /// One of them is of an older revision.
    Outdated,
    /// People, in powers of two.
    People,
    /// The largest conference.
    Largest,
    /// Other protected pods on the node.
    Neighbours,
    /// Counted pods in the zone.
    Zone,
    /// Stress.
    Stress,
    /// The age.
    Created,
    /// The UID: otherwise they are alike.
    Uid,
}

impl Criterion {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 11] = [
        Self::Operator,
        Self::NeverStarted,
        Self::NodeLeaving,
        Self::Outdated,
        Self::People,
        Self::Largest,
        Self::Neighbours,
        Self::Zone,
        Self::Stress,
        Self::Created,
        Self::Uid,
    ];

    /// Which of two bridges is drained first by it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Operator => "an operator asked for it",
            Self::NeverStarted => "it never ran",
            Self::NodeLeaving => "its node leaves",
            Self::Outdated => "it is outdated",
            Self::People => "fewest people, in powers of two (9 and 15 are alike)",
            Self::Largest => "smallest largest conference",
            Self::Neighbours => "fewest other protected pods on its node",
            Self::Zone => "the zone with most bridges",
            Self::Stress => "least stress",
            Self::Created => "youngest",
            Self::Uid => "UID",
        }
    }
}

impl VictimKey {
    /// By what this one stands before or behind another; `None` where they are the same.
    pub fn criterion(&self, other: &Self) -> Option<Criterion> {
        let parts = [
            (self.operator.cmp(&other.operator), Criterion::Operator),
            (
                self.never_started.cmp(&other.never_started),
                Criterion::NeverStarted,
            ),
            (
                self.node_leaving.cmp(&other.node_leaving),
                Criterion::NodeLeaving,
            ),
            (self.outdated.cmp(&other.outdated), Criterion::Outdated),
            (self.people.cmp(&other.people), Criterion::People),
            (self.largest.cmp(&other.largest), Criterion::Largest),
            (
                self.neighbours.cmp(&other.neighbours),
                Criterion::Neighbours,
            ),
            (self.zone.cmp(&other.zone), Criterion::Zone),
            (self.stress.cmp(&other.stress), Criterion::Stress),
            (self.created.cmp(&other.created), Criterion::Created),
            (self.uid.cmp(&other.uid), Criterion::Uid),
        ];
        parts
            .into_iter()
            .find_map(|(order, criterion)| order.is_ne().then_some(criterion))
    }
}
