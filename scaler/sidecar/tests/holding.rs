//! What is held over restarts of the bridge and of the sidecar: the drain mode and readiness.

mod support;

use std::fs;
use std::time::Duration;

use bridge::model::{BridgeConfig, Stop};
use scaler_token::SigningKey;

use support::client::{get, post};
use support::mock::{Fault, Mock, quick};
use support::pod::{Pod, claims, now, signed};
use support::{soon, within};

const ENABLE: &str = "/colibri/drain/enable";
const DISABLE: &str = "/colibri/drain/disable";
const WANTED_BY_COMMAND: &str = r#"jvb_sidecar_drain_wanted{by="command"}"#;

fn hidden() -> BridgeConfig {
    BridgeConfig {
        initial_drain_mode: true,
        ..quick()
    }
}

fn pod(config: BridgeConfig) -> Pod {
    let pod = Pod::started(|address| Mock::start(address, config), &[]);
    soon("the bridge has joined", || pod.is_ready());
    pod
}

fn restart(pod: &Pod, config: BridgeConfig) {
    pod.bridge.stop(Stop::Kill);
    std::thread::sleep(Duration::from_millis(50));
    pod.bridge.launch(config);
}

#[test]
fn a_bridge_that_is_started_anew_is_drained_within_seconds_by_the_last_command() {
    let pod = pod(quick());
    assert_eq!(pod.order(ENABLE, "").status(), 200);
    restart(&pod, quick());
    assert!(!pod.bridge.drains(), "a new run has forgotten it");
    within(Duration::from_secs(3), "it drains again", || {
        pod.bridge.drains()
    });
    assert!(pod.number("jvb_sidecar_bridge_restarts_total").is_some());
    assert!(
        pod.number(r#"jvb_sidecar_mode_held_total{mode="drained"}"#)
            .is_some()
    );
}

#[test]
fn a_bridge_that_is_started_hidden_is_shown_by_the_annotation_without_a_controller() {
    let pod = Pod::new(|address| Mock::start(address, hidden()));
    pod.annotate("active", "2026-03-02T09:30:00Z");
    let mut pod = pod;
    pod.start();
    soon("it serves", || {
        pod.bridge
            .is(|bridge| bridge.listening() && !bridge.flags().drain)
    });
    restart(&pod, hidden());
    soon("and again", || {
        pod.bridge
            .is(|bridge| bridge.listening() && !bridge.flags().drain)
    });
}

#[test]
fn without_a_word_from_anybody_the_bridge_keeps_the_mode_that_it_has() {
    for config in [quick(), hidden()] {
        let drains = config.initial_drain_mode;
        let pod = pod(config);
        std::thread::sleep(Duration::from_millis(800));
        assert_eq!(pod.bridge.drains(), drains);
        assert_eq!(pod.bridge.heard(), Vec::<String>::new());
    }
}

#[test]
fn of_the_annotation_and_the_command_the_newer_counts() {
    let pod = pod(quick());
    assert_eq!(pod.order(ENABLE, "").status(), 200);
    pod.annotate("active", "2020-01-01T00:00:00Z");
    std::thread::sleep(Duration::from_millis(800));
    assert!(pod.bridge.drains(), "the annotation is older");
    assert_eq!(pod.number(WANTED_BY_COMMAND).as_deref(), Some("1"));
    pod.annotate("active", "2090-01-01T00:00:00Z");
    soon("the annotation is newer", || !pod.bridge.drains());
    pod.annotate("pause", "2091-01-01T00:00:00Z");
    std::thread::sleep(Duration::from_millis(800));
    assert!(
        !pod.bridge.drains(),
        "one that is not understood changes nothing"
    );
    assert!(
        pod.log().contains("bridgetender.dev/intent"),
        "{}",
        pod.log()
    );
    pod.annotate("drain", "2092-01-01T00:00:00Z");
    soon("the next one is understood", || pod.bridge.drains());
}

#[test]
fn a_command_counts_although_the_bridge_was_away() {
    let pod = pod(quick());
    pod.bridge.stop(Stop::Kill);
    soon("it is gone", || get(pod.at, "/metrics").status() == 503);
    assert_eq!(pod.order(ENABLE, "").status(), 503);
    pod.bridge.launch(quick());
    soon("it is told as soon as it is there", || pod.bridge.drains());
}

#[test]
fn a_bridge_that_says_yes_and_does_nothing_is_told_again() {
    let pod = pod(quick());
    pod.bridge.fault(Fault::Lies);
    assert_eq!(pod.order(ENABLE, "").status(), 200);
    assert!(!pod.bridge.drains());
    pod.bridge.fault(Fault::None);
    within(Duration::from_secs(3), "it is told again", || {
        pod.bridge.drains()
    });
}

#[test]
fn a_sidecar_that_is_started_anew_keeps_the_command_and_readiness() {
    let mut pod = pod(quick());
    assert_eq!(pod.order(ENABLE, "").status(), 200);
    soon("both are written down", || {
        let written = |name| pod.path("volume/state").join(name).exists();
        written("command") && written("ready")
    });
    pod.kill();
    // Neither prosody nor the bridge has to be there for it.
    pod.bridge.fault(Fault::Hung);
    pod.start();
    assert!(pod.is_ready());
    pod.bridge.fault(Fault::None);
    pod.kill();
    restart(&pod, quick());
    pod.start();
    soon("the mode is held", || pod.bridge.drains());
}

#[test]
fn readiness_falls_for_another_run_of_the_bridge_and_for_nothing_else() {
    let pod = pod(quick());
    assert_eq!(pod.order(ENABLE, "").status(), 200);
    assert!(pod.is_ready(), "draining");
    for fault in [
        Fault::Hung,
        Fault::Says("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"),
    ] {
        pod.bridge.fault(fault);
        std::thread::sleep(Duration::from_millis(600));
        assert!(pod.is_ready(), "{fault:?}");
    }
    pod.bridge.fault(Fault::None);
    let outcast = BridgeConfig {
        brewery: false,
        ..quick()
    };
    restart(&pod, outcast);
    soon("the new run has not joined", || !pod.is_ready());
    restart(&pod, quick());
    soon("the next one joins", || pod.is_ready());
}

#[test]
fn keys_that_are_changed_count_at_once_and_those_that_cannot_be_read_do_not() {
    let pod = pod(quick());
    let next = SigningKey::from_seed(&[3; 32]);
    let signed = |key: &SigningKey| signed(key, &claims(ENABLE, now()));
    assert_eq!(post(pod.at, ENABLE, &signed(&next), "").status(), 401);
    pod.keys(&[&pod.key, &next]);
    for key in [&pod.key, &next] {
        assert_eq!(
            post(pod.at, ENABLE, &signed(key), "").status(),
            200,
            "both while one follows the other"
        );
    }
    pod.keys(&[&next]);
    assert_eq!(post(pod.at, ENABLE, &signed(&pod.key), "").status(), 401);
    pod.write("keys.json", "{");
    assert_eq!(
        post(pod.at, ENABLE, &signed(&next), "").status(),
        200,
        "those from before"
    );
    soon("it is told", || {
        pod.number(r#"jvb_sidecar_file_errors_total{file="keys",tried="read"}"#)
            .is_some()
    });
    fs::remove_file(pod.path("keys.json")).unwrap();
    assert_eq!(
        post(pod.at, ENABLE, &signed(&next), "").status(),
        401,
        "taken away"
    );
}

#[test]
fn a_volume_that_takes_nothing_stops_nothing_and_is_told() {
    let mut pod = Pod::new(|address| Mock::start(address, quick()));
    // No user can write below a file, root neither.
    fs::write(pod.path("volume"), "").unwrap();
    pod.start();
    soon("it is ready all the same", || pod.is_ready());
    assert_eq!(pod.order(ENABLE, "").status(), 200);
    assert!(pod.bridge.drains());
    restart(&pod, quick());
    soon("the mode is held", || pod.bridge.drains());
    assert!(
        pod.log().contains("cannot write to the shared volume"),
        "{}",
        pod.log()
    );
    let waiting = pod.number("jvb_sidecar_files_unwritten").expect("a number");
    assert_ne!(waiting, "0");
    fs::remove_file(pod.path("volume")).unwrap();
    soon("it is written when it can be", || {
        pod.number("jvb_sidecar_files_unwritten").as_deref() == Some("0")
    });
    assert!(pod.path("volume/state/command").exists());
    assert!(pod.path("volume/bin/jvb-sidecar").exists());
}

#[test]
fn what_was_written_down_and_cannot_be_understood_is_found_out_anew() {
    let mut pod = Pod::new(|address| Mock::start(address, quick()));
    fs::create_dir_all(pod.path("volume/state")).unwrap();
    for name in ["command", "ready", "hidden"] {
        fs::write(pod.path("volume/state").join(name), "\0half").unwrap();
    }
    pod.start();
    soon("it is ready", || pod.is_ready());
    assert!(
        pod.number(r#"jvb_sidecar_file_errors_total{file="command",tried="read"}"#)
            .is_some()
    );
    assert_eq!(pod.order(DISABLE, "").status(), 200);
}
