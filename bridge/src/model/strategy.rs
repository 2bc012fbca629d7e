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
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `name:region:stress`, with `-` for no region, and behind that what the bridge holds of the conference: `*endpoints`, then
    /// perhaps `+recent`, then `~` if they only watch. The bridges that hold it are its bridges in this order; one whose name begins
    /// with `!` was left out by the filters.
    fn chosen(
        config: &JicofoConfig,
        strategy: &SelectionStrategy,
        region: &str,
        visitor: bool,
        bridges: &str,
    ) -> String {
        let optional = |region| (region != "-").then_some(region);
        let names: Vec<Name> = bridges
            .split(' ')
            .map(|bridge| bridge.split(':').next().unwrap().into())
            .collect();
        let mut candidates = Vec::new();
        let mut holders = Vec::new();
        for (bridge, name) in bridges.split(' ').zip(&names) {
            let fields: Vec<_> = bridge.split(':').collect();
            let (stress, held) = fields[2]
                .split_once('*')
                .map_or((fields[2], None), |(stress, held)| (stress, Some(held)));
            if let Some(held) = held {
                let (held, visitors) = held
                    .strip_suffix('~')
                    .map_or((held, false), |held| (held, true));
                let (endpoints, recent) = held.split_once('+').unwrap_or((held, "0"));
                holders.push(Holder {
                    name,
                    region: optional(fields[1]),
                    endpoints: endpoints.parse().unwrap(),
                    recent: recent.parse().unwrap(),
                    visitors,
                });
            }
            if !name.starts_with('!') {
                candidates.push(Candidate {
                    name,
                    region: optional(fields[1]),
                    stress: stress.parse().unwrap(),
                });
            }
        }
        let choice = Choice {
            config,
            candidates: &candidates,
            holders: &holders,
            region: optional(region),
            visitor,
        };
        choice.by(strategy).map_or("none", AsRef::as_ref).to_owned()
    }

    fn config(local: Option<&str>) -> JicofoConfig {
        let group = |regions: [&str; 2]| BTreeSet::from(regions.map(str::to_owned));
        JicofoConfig {
            region_groups: vec![group(["here", "near"]), group(["home", "close"])],
            local_region: local.map(str::to_owned),
            max_bridge_participants: 10,
            max_bridge_participants_per_interval: Some(5),
            ..JicofoConfig::default()
        }
    }

    fn check(local: Option<&str>, strategy: &SelectionStrategy, cases: &[(&str, &str, &str)]) {
        for (region, bridges, wanted) in cases {
            let is = chosen(&config(local), strategy, region, false, bridges);
            assert_eq!(is, *wanted, "{region} of {bridges}");
        }
    }

    #[test]
    fn by_region_each_wish_gives_way_to_the_next() {
        check(
            None,
            &SelectionStrategy::RegionBased,
            &[
                ("here", "a:here:0.0 b:here:0.3*1", "b"),
                ("here", "a:here:0.0 b:near:0.3*1", "b"),
                ("here", "a:here:0.2*1 b:near:0.1*1", "a"),
                ("here", "a:near:0.0 b:here:0.3 c:far:0.0*1", "b"),
                ("here", "a:near:0.5 c:far:0.0*1", "a"),
                ("here", "a:here:0.9 b:near:0.8 c:far:0.5*1 d:far:0.0", "c"),
                ("here", "a:here:0.85*1 b:far:0.95 c:far:0.5", "c"),
                ("here", "a:here:0.85 b:here:0.9*10 c:far:0.95*2", "c"),
                ("here", "a:here:0.9 b:here:0.85*10", "b"),
            ],
        );
    }

    #[test]
    fn whoever_has_no_region_goes_anywhere() {
        check(
            None,
            &SelectionStrategy::RegionBased,
            &[
                ("-", "a:here:0.3*1 b:far:0.1", "a"),
                ("-", "a:here:0.3 b:far:0.1", "b"),
                ("-", "a:-:0.3 b:here:0.4", "a"),
                ("nowhere", "a:here:0.3 b:-:0.1", "b"),
            ],
        );
    }

    #[test]
    fn from_the_threshold_on_and_at_its_maximum_a_bridge_is_overloaded() {
        check(
            None,
            &SelectionStrategy::RegionBased,
            &[
                ("here", "a:here:0.8 b:far:0.79", "b"),
                ("here", "a:here:0.79 b:far:0.0", "a"),
                ("here", "a:here:0.0*10 b:here:0.1", "b"),
                ("here", "a:here:0.0*9 b:here:0.1", "a"),
                ("here", "a:here:0.0*1+5 b:here:0.1", "b"),
                ("here", "a:here:0.0*1+4 b:here:0.1", "a"),
                // The last resort minds how many there are, and not how fast they came.
                ("here", "a:here:0.9*1+5 b:here:0.85", "a"),
            ],
        );
    }

    #[test]
    fn jicofos_own_region_stands_in_for_one_without_bridges() {
        check(
            Some("home"),
            &SelectionStrategy::RegionBased,
            &[
                ("-", "h:home:0.5 f:far:0.0*1", "h"),
                ("nowhere", "h:home:0.5 f:far:0.0*1", "h"),
                ("far", "h:home:0.0 f:far:0.5", "f"),
                // Whoever begins a conference close to home is expected to meet somebody at home.
                ("close", "h:home:0.5 c:close:0.0", "h"),
                ("close", "h:home:0.0 c:close:0.3 f:far:0.0*1", "c"),
            ],
        );
        check(
            None,
            &SelectionStrategy::RegionBased,
            &[
                ("nowhere", "h:home:0.5 f:far:0.0*1", "f"),
                ("close", "h:home:0.5 c:close:0.0", "c"),
            ],
        );
    }

    #[test]
    fn within_one_region_a_conference_never_leaves_that_of_its_first_bridge() {
        check(
            Some("home"),
            &SelectionStrategy::IntraRegion,
            &[
                ("here", "a:here:0.5 b:far:0.0", "a"),
                ("here", "a:here:0.8 b:near:0.0", "b"),
                ("-", "a:here:0.5 b:far:0.0", "b"),
                ("far", "a:here:0.5*1 b:far:0.0 c:here:0.1", "a"),
                ("far", "a:here:0.8*1 b:far:0.0 c:here:0.1", "c"),
                ("far", "a:here:0.5*1+5 b:far:0.0 c:here:0.6", "c"),
                ("far", "a:here:0.9*1 b:far:0.0 c:here:0.85", "a"),
                ("far", "!a:here:0.5*1 b:far:0.0", "none"),
                ("-", "a:-:0.0*1 b:-:0.0", "none"),
            ],
        );
    }

    #[test]
    fn a_single_bridge_is_chosen_by_region_whatever_its_stress() {
        check(
            None,
            &SelectionStrategy::Single,
            &[
                ("here", "a:here:0.9 b:here:1.1 c:near:0.0", "a"),
                ("nowhere", "a:here:0.9 b:here:1.1 c:near:0.0", "c"),
                ("here", "a:here:0.0 !b:far:2.0*99", "!b"),
                ("here", "a:here:0.0*1 b:far:0.0*1", "none"),
            ],
        );
    }

    #[test]
    fn for_testing_a_conference_is_split_over_all_bridges() {
        check(
            None,
            &SelectionStrategy::Split,
            &[
                ("here", "a:here:0.5 b:far:0.9 c:far:0.6*1", "a"),
                ("here", "a:here:0.0*3 b:far:0.9*1 c:far:0.6*2", "b"),
                ("here", "a:here:0.0*3 !b:far:0.9*1 c:far:0.6*2", "c"),
            ],
        );
    }

    #[test]
    fn whoever_only_watches_is_kept_apart_while_there_are_bridges() {
        let strategy = SelectionStrategy::Visitor {
            participants: Box::new(SelectionStrategy::RegionBased),
            visitors: Box::new(SelectionStrategy::Single),
        };
        for (visitor, bridges, wanted) in [
            (true, "a:here:0.0*5 b:here:0.5", "b"),
            (true, "a:here:0.0*5 b:here:0.5 c:here:0.6*1~", "c"),
            (false, "a:here:0.0*5 b:here:0.5 c:here:0.6*1~", "a"),
            (false, "b:here:0.5 c:here:0.0*1~", "b"),
            // There are none: they are mixed.
            (true, "a:here:0.0*5", "a"),
            (false, "c:here:0.0*1~", "c"),
        ] {
            let is = chosen(&config(None), &strategy, "here", visitor, bridges);
            assert_eq!(is, wanted, "{visitor} of {bridges}");
        }
    }
}
