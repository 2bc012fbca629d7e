//! The model answers what a real bridge and a real jicofo answered.

mod common;
#[path = "common/replay.rs"]
mod replay;

use std::time::Duration;

use bridge::model::{BridgeConfig, Health, Jitsi};
use replay::{ask, in_order, recorded_jicofo, same, two_bridges};

#[test]
fn every_accept_header_gets_the_recorded_form_of_metrics() {
    let exchanges = in_order("1-metrics");
    let mut jitsi = two_bridges(exchanges[0].0);
    for (at, path) in exchanges {
        same(&path, ask(&mut jitsi, &path, at).as_ref());
    }
}

#[test]
fn every_other_path_of_an_idle_bridge_answers_as_recorded() {
    let exchanges = in_order("2-stats");
    let mut jitsi = two_bridges(exchanges[0].0);
    for (at, path) in exchanges {
        same(&path, ask(&mut jitsi, &path, at).as_ref());
    }
}

#[test]
fn an_idle_bridge_answers_as_recorded_from_its_first_drain_to_its_exit() {
    let exchanges = in_order("3-drain");
    let mut jitsi = two_bridges(exchanges[0].0);
    for (at, path) in exchanges {
        if path.ends_with("36-after-exit-jicofo-debug.txt") {
            // Somebody else had begun a conference by then, outside of the recording.
            jitsi.join("test1", "aaaa1111", at);
            jitsi.join("test1", "bbbb2222", at);
        }
        same(&path, ask(&mut jitsi, &path, at).as_ref());
    }
    let exit = jitsi
        .bridge("jvb2")
        .and_then(bridge::model::Videobridge::exit);
    assert_eq!(exit.and_then(|exit| exit.code), Some(0));
}

#[test]
fn jicofo_with_two_idle_bridges_answers_as_recorded() {
    let exchanges = in_order("5-jicofo");
    let mut jitsi = two_bridges(exchanges[0].0);
    for (at, path) in exchanges {
        same(&path, ask(&mut jitsi, &path, at).as_ref());
    }
}

#[test]
fn a_bridge_with_the_default_configuration_answers_as_recorded() {
    let exchanges = in_order("7-default-config");
    let launch = exchanges[0].0 - Duration::from_secs(8);
    let mut jitsi = Jitsi::new(recorded_jicofo(), launch);
    let config = BridgeConfig {
        brewery: false,
        initial_drain_mode: true,
        health: Health::Bad("No valid IP addresses available for harvesting.".to_owned()),
        ..BridgeConfig::default()
    };
    jitsi.start_bridge("jvb3", config, launch);
    for (at, path) in exchanges {
        same(&path, ask(&mut jitsi, &path, at).as_ref());
    }
}
