//! Rules about what belongs together.

use super::Rule;
use crate::spec::WorkloadRef;

/// That a block's first duration lasts no longer than its second. A text that is no duration passes: its type's own rule says so.
macro_rules! no_longer {
    ($first:literal, $second:literal) => {
        concat!(
            "duration(self.",
            $first,
            ") <= duration(self.",
            $second,
            ")",
            " || ![self.",
            $first,
            ", self.",
            $second,
            "].all(text, text.matches('^([0-9]+(h|m|s|ms))+$'))"
        )
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        at: "",
        cel: "size(self.metadata.name) <= 57",
        message: "metadata.name has more than 57 characters: choose a shorter one, because bridges are named after the pool and a host name ends at 63",
        holds: |pool| {
            let name = pool.metadata.name.as_ref();
            name.is_none_or(|name| name.len() <= 57)
        },
    },
    Rule {
        at: "spec",
        cel: "has(self.template) || has(self.workloadRef)",
        message: "template and workloadRef are both missing: give template, with a container named jvb",
        holds: |pool| pool.spec.template.is_some() || pool.spec.workload_ref.is_some(),
    },
    Rule {
        at: "spec",
        cel: "!has(self.template) || !has(self.workloadRef)",
        message: "template and workloadRef are both given: remove workloadRef to let the pool make its own pods, or template to scale a workload that is there",
        holds: |pool| pool.spec.template.is_none() || pool.spec.workload_ref.is_none(),
    },
    Rule {
        at: "spec.workloadRef",
        cel: "self.apiVersion == 'apps/v1' && self.kind == 'Deployment' && size(self.name) > 0",
        message: "must name a Deployment of apps/v1: a pool scales nothing else",
        holds: |pool| pool.spec.workload_ref.as_ref().is_none_or(is_deployment),
    },
    Rule {
        at: "spec",
        cel: "!has(self.maxReplicas) || self.minActive <= self.maxReplicas",
        message: "minActive is above maxReplicas: lower minActive or raise maxReplicas",
        holds: |pool| {
            let most = pool.spec.max_replicas;
            most.is_none_or(|most| pool.spec.min_active <= most)
        },
    },
    Rule {
        at: "spec.warm",
        cel: "self.min <= self.max",
        message: "min is above max: raise warm.max or lower warm.min",
        holds: |pool| pool.spec.warm.min <= pool.spec.warm.max,
    },
    Rule {
        at: "spec.capacity",
        cel: "self.targetStress <= self.maxStress",
        message: "targetStress is above maxStress: lower targetStress, or bridges are meant to be fuller than jicofo fills them",
        holds: |pool| pool.spec.capacity.target_stress <= pool.spec.capacity.max_stress,
    },
    Rule {
        at: "spec.evidence",
        cel: no_longer!("removalFreshness", "freshness"),
        message: "removalFreshness is longer than freshness: shorten removalFreshness or lengthen freshness, because a removal needs statistics that are known",
        holds: |pool| {
            let evidence = &pool.spec.evidence;
            evidence.removal_freshness <= evidence.freshness
        },
    },
    Rule {
        at: "spec.evidence",
        cel: no_longer!("freshness", "unreachableAfter"),
        message: "freshness is longer than unreachableAfter: shorten freshness or lengthen unreachableAfter, or a bridge is decided about by statistics from before it fell silent",
        holds: |pool| {
            let evidence = &pool.spec.evidence;
            evidence.freshness <= evidence.unreachable_after
        },
    },
    Rule {
        at: "spec.protect.nodeSignals",
        cel: "self.all(one, self.exists_one(other, other == one))",
        message: "names a sign twice: name each once",
        holds: |pool| {
            let mut signals = pool.spec.protect.node_signals.clone();
            signals.sort_unstable();
            signals.windows(2).all(|pair| pair[0] != pair[1])
        },
    },
    Rule {
        at: "spec",
        cel: "!has(self.slots) || has(self.maxReplicas)",
        message: "slots need maxReplicas: set it, so that there is a slot for every bridge that may run",
        holds: |pool| pool.spec.slots.is_none() || pool.spec.max_replicas.is_some(),
    },
    Rule {
        at: "spec",
        cel: "!has(self.slots) || (type(self.drain.maxConcurrent) == int && type(self.update.maxSurge) == int)",
        message: "slots need numbers of bridges: set drain.maxConcurrent and update.maxSurge to numbers such as 2, not to shares such as \"25%\"",
        holds: |pool| {
            let spec = &pool.spec;
            let counts = [spec.drain.max_concurrent, spec.update.max_surge];
            spec.slots.is_none() || counts.iter().all(|limit| limit.count().is_some())
        },
    },
    Rule {
        at: "spec",
        cel: "!has(self.slots) || !has(self.maxReplicas) || type(self.drain.maxConcurrent) != int || type(self.update.maxSurge) != int || self.slots.count >= self.maxReplicas + int(self.drain.maxConcurrent) + int(self.update.maxSurge) + self.warm.max",
        message: "slots.count is too small: make it at least maxReplicas + drain.maxConcurrent + update.maxSurge + warm.max, because each of those bridges holds a slot",
        holds: |pool| match (&pool.spec.slots, pool.spec.slots_needed()) {
            (Some(slots), Some(needed)) => u64::from(slots.count) >= needed,
            _ => true,
        },
    },
    Rule {
        at: "spec.slots",
        cel: "self.firstPort + self.count <= 65536",
        message: "the last slot's port is above 65535: lower firstPort or count",
        holds: |pool| {
            let slots = pool.spec.slots.as_ref();
            slots.is_none_or(|slots| u64::from(slots.first_port) + u64::from(slots.count) <= 65_536)
        },
    },
    Rule {
        at: "spec.region",
        cel: "size(self) > 0 && size(self) <= 63",
        message: "must have 1 to 63 characters: leave it out to tell jicofo no region",
        holds: |pool| {
            let region = pool.spec.region.as_ref();
            region.is_none_or(|region| (1..=63).contains(&region.chars().count()))
        },
    },
];

fn is_deployment(workload: &WorkloadRef) -> bool {
    workload.api_version == "apps/v1" && workload.kind == "Deployment" && !workload.name.is_empty()
}
