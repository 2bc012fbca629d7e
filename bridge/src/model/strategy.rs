//! The strategies by which jicofo chooses among the bridges that its filters leave (jicofo's source).

use super::agenda::Name;
use super::jicofo_config::JicofoConfig;

/// `bridge.selection-strategy`. Without [`JicofoConfig::octo`] each keeps a conference on its first bridge.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum SelectionStrategy {
    /// A conference stays on one bridge: the least loaded in the region of its first person, or else the least loaded of all.
    #[default]
    Single,
    /// For testing: every person on another bridge, as long as there is one that does not hold the conference.
    Split,
    /// Each person on a bridge in their region, or in a region close to it, as long as one is below the threshold.
    RegionBased,
    /// A conference spreads over the bridges of one region, that of its first bridge.
    IntraRegion,
    /// People who only watch on other bridges than those who take part, as long as there are enough.
    Visitor {
        /// `bridge.participant-selection-strategy`
        participants: Box<SelectionStrategy>,
        /// `bridge.visitor-selection-strategy`
        visitors: Box<SelectionStrategy>,
    },
}

impl SelectionStrategy {
    /// The name that jicofo has for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Single => "SingleBridgeSelectionStrategy",
            Self::Split => "SplitBridgeSelectionStrategy",
            Self::RegionBased => "RegionBasedBridgeSelectionStrategy",
            Self::IntraRegion => "IntraRegionBridgeSelectionStrategy",
            Self::Visitor { .. } => "VisitorSelectionStrategy",
        }
    }
}

/// A bridge that the filters leave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) name: &'a Name,
    pub(super) region: Option<&'a str>,
    /// As corrected by jicofo.
    pub(super) stress: f64,
}

/// A bridge that holds the conference, whether the filters leave it or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder<'a> {
    pub(super) name: &'a Name,
    pub(super) region: Option<&'a str>,
    /// Endpoints of the conference there.
    pub(super) endpoints: usize,
    /// How many came there lately.
    pub(super) recent: usize,
    /// Whether it holds people who only watch.
    pub(super) visitors: bool,
}

/// One person to be put on a bridge, and all that a strategy looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a, 'b> {
    pub(super) config: &'a JicofoConfig,
    pub(super) candidates: &'b [Candidate<'a>],
    /// The oldest first.
    pub(super) holders: &'b [Holder<'a>],
    pub(super) region: Option<&'a str>,
    pub(super) visitor: bool,
}

impl<'a> Choice<'a, '_> {
    /// The bridge by this strategy.
    pub(super) fn by(&self, strategy: &SelectionStrategy) -> Option<&'a Name> {
        match strategy {
            SelectionStrategy::Single => self.single(),
            SelectionStrategy::Split => self.split(),
            SelectionStrategy::RegionBased => self.region_based(),
            SelectionStrategy::IntraRegion => self.intra_region(),
            SelectionStrategy::Visitor {
                participants,
                visitors,
            } => self.apart(if self.visitor { visitors } else { participants }),
        }
    }

    fn single(&self) -> Option<&'a Name> {
        match self.holders {
            [] => self
                .first(&|candidate| in_region(candidate, self.region))
                .or_else(|| self.first(&|_| true)),
            [only] => Some(only.name),
            // It was another strategy that spread the conference.
            _ => None,
        }
    }

    fn split(&self) -> Option<&'a Name> {
        let candidate =
            |holder: &&Holder<'_>| self.candidates.iter().any(|c| c.name == holder.name);
        let fewest = || {
            self.holders
                .iter()
                .filter(candidate)
                .min_by_key(|holder| holder.endpoints)
        };
        self.first(&|candidate| self.holder(candidate).is_none())
            .or_else(|| fewest().map(|holder| holder.name))
    }

    fn region_based(&self) -> Option<&'a Name> {
        let region = self.desired_region();
        let close = region.map(|region| self.config.region_group(region));
        let near = |c: &Candidate<'_>| {
            close
                .as_ref()
                .zip(c.region)
                .is_some_and(|(close, region)| close(region))
        };
        let here = |c: &Candidate<'_>| in_region(c, region);
        let holds = |c: &Candidate<'_>| self.holder(c).is_some();
        let takes = |c: &Candidate<'_>| !self.overloaded(c);
        self.first(&|c| takes(c) && holds(c) && here(c))
            .or_else(|| self.first(&|c| takes(c) && holds(c) && near(c)))
            .or_else(|| self.first(&|c| takes(c) && here(c)))
            .or_else(|| self.first(&|c| takes(c) && near(c)))
            .or_else(|| self.first(&|c| takes(c) && holds(c)))
            .or_else(|| self.first(&takes))
            .or_else(|| self.first(&|c| holds(c) && !self.full(c)))
            .or_else(|| self.first(&|_| true))
    }

    /// The region in which to look for this person.
    fn desired_region(&self) -> Option<&'a str> {
        let local = self.config.local_region.as_deref();
        let (Some(region), Some(local)) = (self.region.or(local), local) else {
            return self.region;
        };
        let close = self.config.region_group(region);
        // Of a conference's first two people the other one is likely to be in jicofo's own region.
        let beginning = self.holders.is_empty() && close(local);
        let served = self.candidates.iter().filter_map(|c| c.region).any(close);
        Some(if beginning || !served { local } else { region })
    }

    fn intra_region(&self) -> Option<&'a Name> {
        let holds = |c: &Candidate<'_>| self.holder(c).is_some();
        let takes = |c: &Candidate<'_>| !self.overloaded(c);
        let Some(oldest) = self.holders.first() else {
            return self
                .first(&|c| takes(c) && in_region(c, self.region))
                .or_else(|| self.first(&|_| true));
        };
        // A bridge without a region is in no region, not even in its own.
        let here = |c: &Candidate<'_>| in_region(c, oldest.region);
        self.first(&|c| takes(c) && holds(c) && here(c))
            .or_else(|| self.first(&|c| takes(c) && here(c)))
            .or_else(|| self.first(&|c| holds(c) && here(c)))
    }

    /// Among the bridges that hold nobody of the other kind, or if that gives none, among all.
    fn apart(&self, strategy: &SelectionStrategy) -> Option<&'a Name> {
        let own = |holder: &Holder<'_>| holder.visitors == self.visitor;
        let candidates = self.candidates.iter().copied();
        let candidates: Vec<_> = candidates
            .filter(|c| self.holder(c).is_none_or(own))
            .collect();
        let holders: Vec<_> = self.holders.iter().copied().filter(own).collect();
        let apart = Choice {
            candidates: &candidates,
            holders: &holders,
            ..*self
        };
        apart.by(strategy).or_else(|| self.by(strategy))
    }

    /// The least loaded of those for which this holds.
    fn first(&self, which: &dyn Fn(&Candidate<'_>) -> bool) -> Option<&'a Name> {
        self.candidates
            .iter()
            .filter(|candidate| which(candidate))
            .min_by(|a, b| a.stress.total_cmp(&b.stress).then(a.name.cmp(b.name)))
            .map(|candidate| candidate.name)
    }

    fn holder(&self, candidate: &Candidate<'_>) -> Option<&Holder<'a>> {
        let mut holders = self.holders.iter();
        holders.find(|holder| holder.name == candidate.name)
    }

    /// Overloaded for this conference: by its stress, or by too many of its people there, now or lately.
    fn overloaded(&self, candidate: &Candidate<'_>) -> bool {
        let rushed = self
            .holder(candidate)
            .zip(self.config.max_bridge_participants_per_interval)
            .is_some_and(|(holder, max)| holder.recent >= max);
        candidate.stress >= self.config.stress_threshold || self.full(candidate) || rushed
    }

    fn full(&self, candidate: &Candidate<'_>) -> bool {
        self.holder(candidate)
            .is_some_and(|holder| holder.endpoints >= self.config.max_bridge_participants)
    }
}

fn in_region(candidate: &Candidate<'_>, region: Option<&str>) -> bool {
    region.is_some() && candidate.region == region
}

#[cfg(test)]
mod tests;
