//! How many bridges there are where: for the order in which they go.

use std::collections::BTreeMap;

use crate::scene::{Scene, Sight};

/// How many bridges there are on each node and in each zone.
pub(crate) struct Crowding {
    /// Protected pods on each node, by its number.
    protected: Vec<u32>,
    /// Counted pods in the zone of each node, by its number.
    zone: Vec<u32>,
    /// Counted pods in no zone.
    nowhere: u32,
}

impl Crowding {
    pub(crate) fn new(scene: &Scene<'_>) -> Self {
        let nodes = &scene.world.nodes;
        let zone = |number| nodes.at(number).map_or("", |node| node.zone.as_str());
        let mut protected = vec![0; nodes.numbers()];
        let mut counted = vec![0; nodes.numbers()];
        let mut zones = BTreeMap::from([("", 0)]);
        for sight in &scene.sights {
            match sight.node_number {
                Some(number) => {
                    protected[number] += u32::from(sight.marks.protected);
                    counted[number] += u32::from(sight.counted());
                }
                None => *zones.entry("").or_insert(0) += u32::from(sight.counted()),
            }
        }
        for (number, counted) in counted.iter().enumerate() {
            *zones.entry(zone(number)).or_insert(0) += counted;
        }
        let total = |name| zones.get(name).copied().unwrap_or(0);
        Self {
            zone: (0..nodes.numbers())
                .map(|number| total(zone(number)))
                .collect(),
            nowhere: total(""),
            protected,
        }
    }

    /// Other protected pods on the bridge's node.
    pub(crate) fn neighbours(&self, sight: &Sight<'_>) -> u32 {
        let protected = sight.node_number.map_or(0, |number| self.protected[number]);
        protected.saturating_sub(u32::from(sight.marks.protected))
    }

    /// Counted pods in the bridge's zone.
    pub(crate) fn in_zone(&self, sight: &Sight<'_>) -> u32 {
        sight
            .node_number
            .map_or(self.nowhere, |number| self.zone[number])
    }
}
