//! Rarer things that jicofo takes into account when it chooses a bridge.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use std::time::Duration;

use bridge::model::JicofoConfig;
use deployment::{after, conference, deployed, octo, people};

#[test]
fn a_bridge_that_got_many_people_of_a_conference_within_the_interval_gets_no_more_of_them() {
    for (max, spread) in [(None, [40, 0]), (Some(30), [30, 10])] {
        let config = JicofoConfig {
            max_bridge_participants_per_interval: max,
            ..octo()
        };
        let mut jitsi = deployed(config, &["a", "b"]);
        conference(&mut jitsi, "talk", 40, after(31.0));
        assert_eq!(people(&jitsi), spread, "{max:?}");
    }
}

#[test]
fn the_limit_per_interval_is_over_with_the_interval_and_counts_each_conference_alone() {
    let config = JicofoConfig {
        max_bridge_participants_per_interval: Some(3),
        ..octo()
    };
    let mut jitsi = deployed(config, &["a", "b"]);
    conference(&mut jitsi, "talk", 3, after(31.0));
    conference(&mut jitsi, "other", 3, after(31.0));
    assert_eq!(people(&jitsi), [3, 3], "one on each");
    jitsi.join("talk", "at-once", after(90.9));
    assert_eq!(people(&jitsi), [3, 4]);
    // The interval is over for a, which is now the less stressed of the conference's two.
    jitsi.join("talk", "later", after(91.0));
    assert_eq!(people(&jitsi), [4, 4]);
}

#[test]
fn without_relays_the_limit_per_interval_means_nothing() {
    let config = JicofoConfig {
        max_bridge_participants_per_interval: Some(3),
        octo: false,
        ..octo()
    };
    let mut jitsi = deployed(config, &["a", "b"]);
    conference(&mut jitsi, "talk", 5, after(31.0));
    assert_eq!(people(&jitsi), [5, 0]);
}

#[test]
fn there_is_no_limit_per_interval_by_default_and_the_interval_is_a_minute() {
    let config = JicofoConfig::default();
    assert_eq!(config.max_bridge_participants_per_interval, None);
    assert_eq!(
        config.max_bridge_participants_interval,
        Duration::from_mins(1)
    );
}
