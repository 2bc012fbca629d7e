//! Which bridge each strategy chooses.

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
