//! Jicofo moves people away from overloaded bridges by itself, if it is told to.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use std::time::Duration;

use bridge::model::{JicofoConfig, Jitsi, Load, LoadRedistribution};
use deployment::{after, conference, deployed, drain, exposition, known, octo, people, single};

fn on(config: JicofoConfig) -> JicofoConfig {
    JicofoConfig {
        load_redistribution: Some(LoadRedistribution::default()),
        ..config
    }
}

/// Bridge a with people of one conference, then stressed so much; b is idle. Jicofo looks at 60 s, 120 s and so on.
fn stressed(config: JicofoConfig, size: usize, stress: f64) -> Jitsi {
    let mut jitsi = deployed(config, &["a", "b"]);
    jitsi.set_load("b", Load::Measured(0.3));
    jitsi.advance(after(52.0));
    conference(&mut jitsi, "talk", size, after(52.0));
    // Told with the presence of 81.5 s.
    jitsi.set_load("a", Load::Measured(stress));
    jitsi.set_load("b", Load::Measured(0.0));
    jitsi.advance(after(119.9));
    assert_eq!(people(&jitsi), [size as u32, 0]);
    jitsi
}

#[test]
fn it_is_off_unless_it_is_enabled_and_moves_ten_a_minute_from_ninety_percent_on() {
    assert_eq!(JicofoConfig::default().load_redistribution, None);
    let wanted = LoadRedistribution {
        interval: Duration::from_mins(1),
        stress_threshold: 0.9,
        timeout: Duration::from_mins(3),
        endpoints: 10,
    };
    assert_eq!(LoadRedistribution::default(), wanted);
    let mut jitsi = stressed(octo(), 25, 2.0);
    jitsi.advance(after(3600.0));
    assert_eq!((people(&jitsi), jitsi.ledger().moved), (vec![25, 0], 0));
}

#[test]
fn an_overloaded_bridge_loses_ten_people_and_then_is_left_alone_for_three_minutes() {
    let mut jitsi = stressed(on(octo()), 25, 0.95);
    jitsi.advance(after(121.0));
    assert_eq!(people(&jitsi), [15, 10]);
    jitsi.advance(after(359.9));
    assert_eq!(
        people(&jitsi),
        [15, 10],
        "three looks in vain, the last after exactly three minutes"
    );
    jitsi.advance(after(361.0));
    assert_eq!(people(&jitsi), [5, 20]);
    jitsi.advance(after(601.0));
    assert_eq!(people(&jitsi), [0, 25]);
    assert_eq!(jitsi.ledger().moved, 25);
}

#[test]
fn below_ninety_percent_nobody_is_moved_although_the_bridge_is_overloaded() {
    for (stress, wanted) in [(0.89, [25, 0]), (0.9, [15, 10])] {
        let mut jitsi = stressed(on(octo()), 25, stress);
        assert_eq!(known(&mut jitsi, "a", after(119.9))["overloaded"], true);
        jitsi.advance(after(121.0));
        assert_eq!(people(&jitsi), wanted, "{stress}");
    }
}

#[test]
fn it_looks_at_stress_and_not_at_drain() {
    let mut jitsi = stressed(on(octo()), 25, 0.5);
    drain(&mut jitsi, "a", true, after(119.9));
    jitsi.advance(after(3600.0));
    assert_eq!(people(&jitsi), [25, 0]);
}

#[test]
fn while_every_bridge_is_overloaded_nobody_is_moved() {
    for (stress, wanted, moved) in [(0.8, [25, 0], 0), (0.79, [15, 10], 10)] {
        let mut jitsi = deployed(on(octo()), &["a", "b"]);
        jitsi.set_load("b", Load::Measured(stress));
        jitsi.advance(after(50.0));
        conference(&mut jitsi, "talk", 25, after(50.0));
        jitsi.set_load("a", Load::Measured(0.95));
        jitsi.advance(after(121.0));
        assert_eq!(people(&jitsi), wanted, "{stress}");
        assert_eq!(jitsi.ledger().moved, moved, "{stress}");
    }
}

#[test]
fn without_relays_they_are_only_disturbed() {
    let mut jitsi = stressed(on(single()), 25, 0.95);
    jitsi.advance(after(120.0));
    assert_eq!(people(&jitsi), [15, 0], "on the way");
    jitsi.advance(after(121.0));
    assert_eq!((people(&jitsi), jitsi.ledger().moved), (vec![25, 0], 10));
}

#[test]
fn only_these_moves_are_counted_by_bridge() {
    let mut jitsi = stressed(on(octo()), 25, 0.95);
    let label = "jitsi_jicofo_bridge_endpoints_moved_total{jvb=\"a\",}";
    assert!(!exposition(&mut jitsi, after(119.9)).contains(label));
    for (now, moved) in [(121.0, 10.0), (361.0, 20.0)] {
        let text = exposition(&mut jitsi, after(now));
        for counter in [
            label,
            "jitsi_jicofo_load_redistributor_endpoints_moved_total",
            "jitsi_jicofo_participants_moved_total",
        ] {
            assert!(
                text.contains(&format!("\n{counter} {moved:.1}\n")),
                "{counter}: {text}"
            );
        }
        assert!(!text.contains(&label.replace("\"a\"", "\"b\"")));
    }
}

#[test]
fn a_new_jicofo_looks_a_minute_after_its_start() {
    let mut jitsi = stressed(on(octo()), 25, 0.95);
    jitsi.stop_jicofo(after(119.9));
    jitsi.advance(after(300.0));
    assert_eq!(people(&jitsi), [25, 0]);
    // Up at 304 s. Everybody begins anew, and b is the less stressed.
    jitsi.start_jicofo(after(300.0));
    jitsi.advance(after(310.0));
    assert_eq!(people(&jitsi), [0, 25]);
    jitsi.set_load("a", Load::Measured(0.0));
    jitsi.set_load("b", Load::Measured(0.95));
    jitsi.advance(after(363.9));
    assert_eq!(people(&jitsi), [0, 25]);
    jitsi.advance(after(365.0));
    assert_eq!(people(&jitsi), [10, 15]);
}
