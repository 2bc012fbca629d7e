//! The model moves people when the real bridges and the real jicofo did, sample by sample.

mod common;
#[path = "common/replay.rs"]
mod replay;

use std::time::Duration;

use bridge::model::{BridgeConfig, Jitsi, Load, Stop};
use bridge::{Source, Time, request};
use common::{Said, timeline};
use replay::{recorded_bridge, recorded_jicofo};
use serde_json::Value;

/// 2026-11-21T09:00:00Z.
const NINE: Time = Time::from_millis(1_795_251_600_000);

fn at(minute: u64, millis: u64) -> Time {
    NINE + Duration::from_mins(minute) + Duration::from_millis(millis)
}

fn said(jitsi: &mut Jitsi, nick: &str, now: Time) -> Said {
    let request = request::stats(Source::ColibriStats, "127.0.0.1:8080");
    let reply = jitsi.bridge_request(nick, &request, now)?;
    let body: Value = serde_json::from_slice(reply.body()).expect("JSON");
    let flag = |name: &str| body[name].as_bool().expect("a flag");
    Some((
        body["local_endpoints"].as_u64().expect("a number"),
        flag("shutting_down"),
        flag("graceful_shutdown"),
    ))
}

/// Something that was done to the bridges or that people did.
type Deed = (Time, Box<dyn FnOnce(&mut Jitsi, Time)>);

fn deed(when: Time, what: impl FnOnce(&mut Jitsi, Time) + 'static) -> Deed {
    (when, Box::new(what))
}

fn shutdown(nick: &'static str, graceful: bool) -> impl FnOnce(&mut Jitsi, Time) {
    move |jitsi, now| {
        let request = request::shutdown("127.0.0.1:8080", graceful);
        jitsi.bridge_request(nick, &request, now).expect("a reply");
    }
}

/// Does all of it, and holds each recorded sample from `start` on against what the model's bridge says at that moment. A change may
/// be one sample earlier or later: they are half a second apart, and people's own moments are not recorded better than that.
fn live(jitsi: &mut Jitsi, scene: &str, start: Time, deeds: Vec<Deed>) {
    let mut deeds = deeds.into_iter().peekable();
    let mut samples = timeline(scene);
    samples.retain(|(when, ..)| *when >= start);
    for (now, nick, _) in &samples {
        while let Some((when, deed)) = deeds.next_if(|(when, _)| when <= now) {
            deed(jitsi, when);
        }
        let given = said(jitsi, nick, *now);
        let near = samples.iter().filter(|(when, whose, _)| {
            let apart = Duration::from_millis(750);
            whose == nick && when.since(*now) < apart && now.since(*when) < apart
        });
        let near: Vec<Said> = near.map(|(_, _, said)| *said).collect();
        assert!(
            near.contains(&given),
            "{scene} {nick} at {:?}: {given:?}, recorded {near:?}",
            now.since(NINE)
        );
    }
    assert!(deeds.next().is_none(), "{scene} went on for longer");
}

#[test]
fn a_forced_shutdown_and_signals_move_people_when_they_did() {
    let mut jitsi = Jitsi::new(recorded_jicofo(), at(15, 34_000));
    jitsi.start_bridge("jvb1", recorded_bridge("jvb1"), at(15, 34_603));
    let newer = BridgeConfig {
        statistics_offset: Duration::from_millis(4467),
        ..recorded_bridge("jvb2")
    };
    jitsi.start_bridge("jvb2", newer, at(19, 56_727));
    jitsi.advance(at(20, 1_000));
    // Both were idle, and the newer one was chosen.
    jitsi.set_load("jvb1", Load::Measured(0.05));
    let start =
        |nick| move |jitsi: &mut Jitsi, now| jitsi.start_bridge(nick, recorded_bridge(nick), now);
    let stop = |nick, how| move |jitsi: &mut Jitsi, now| jitsi.stop_bridge(nick, how, now);
    let deeds = vec![
        deed(at(20, 3_700), |jitsi, now| {
            jitsi.join("delta", "aaaa1111", now);
        }),
        deed(at(20, 3_800), |jitsi, now| {
            jitsi.join("delta", "bbbb2222", now);
        }),
        deed(at(20, 12_530), shutdown("jvb2", false)),
        deed(at(21, 15_137), start("jvb2")),
        deed(at(21, 27_304), stop("jvb1", Stop::Terminate)),
        deed(at(21, 34_045), start("jvb1")),
        deed(at(21, 46_265), stop("jvb2", Stop::Kill)),
        deed(at(21, 50_470), start("jvb2")),
        deed(at(22, 33_800), |jitsi, now| {
            jitsi.leave("delta", "aaaa1111", now);
        }),
        deed(at(22, 33_800), |jitsi, now| {
            jitsi.leave("delta", "bbbb2222", now);
        }),
    ];
    live(&mut jitsi, "C", at(20, 2_000), deeds);
    let ledger = jitsi.ledger();
    assert_eq!((ledger.moved, ledger.cut), (2, 4));
    // Twice each, but they are two people.
    let people = (ledger.came, ledger.disturbed, ledger.disturbed_by_cut);
    assert_eq!(people, (2, 2, 2));
}

#[test]
fn a_forced_shutdown_of_the_only_bridge_takes_people_off_with_the_presence_that_tells_it() {
    let mut jitsi = Jitsi::new(recorded_jicofo(), at(21, 0));
    jitsi.start_bridge("jvb1", recorded_bridge("jvb1"), at(21, 34_045));
    jitsi.start_bridge("jvb2", recorded_bridge("jvb2"), at(21, 50_470));
    jitsi.advance(at(26, 0));
    jitsi.set_load("jvb1", Load::Measured(0.05));
    let deeds = vec![
        deed(at(26, 24_800), |jitsi, now| {
            jitsi.join("zeta", "aaaa1111", now);
        }),
        deed(at(26, 32_600), |jitsi, now| {
            jitsi.stop_bridge("jvb1", Stop::Terminate, now);
        }),
        deed(at(26, 36_600), shutdown("jvb2", true)),
        deed(at(26, 43_900), shutdown("jvb2", false)),
    ];
    live(&mut jitsi, "D", at(26, 24_000), deeds);
    assert_eq!((jitsi.ledger().stranded, jitsi.ledger().cut), (1, 0));
}
