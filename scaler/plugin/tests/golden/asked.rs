//! `drain`, `undrain`, `pin`, `unpin`, `pause`, `resume`, `release`: what is written, and what is said of it.

use std::fmt::Write as _;

use bridgepool::change::{self, Change, Subject};
use bridgepool::show::consequences;
use bridgepool::trouble::Trouble;
use bridgepool::view::Seen;
use serde_json::json;

use super::pools;
use super::stage::{Actor, pen, pool, seen, uid};

fn of<T>(seen: &Seen, name: &str, ask: impl Fn(&Subject<'_>) -> T) -> T {
    let bridges = &seen.report.bridges;
    let bridge = bridges
        .iter()
        .find(|bridge| bridge.uid == uid(name))
        .unwrap();
    ask(&Subject {
        version: "41",
        bridge,
        pool: &seen.pool,
        report: &seen.report,
    })
}

fn add(text: &mut String, line: &str, outcome: Result<Change, Trouble>) {
    let said = match outcome {
        Ok(change) => {
            let patch = change
                .patch
                .as_ref()
                .map_or_else(|| "nothing".to_owned(), ToString::to_string);
            format!("{}(writes {patch})\n", consequences(&change, &pen()))
        }
        Err(trouble) => format!("error: {trouble}\nhint: {}\n", trouble.hint()),
    };
    let _ = writeln!(text, "$ kubectl bridgepool {line}\n{said}");
}

#[test]
fn what_is_asked_for_bridges_says_what_will_come_of_it() {
    let (calm, busy, leaving) = (pools::calm(), pools::busy(), pools::leaving());
    let mut text = String::new();
    for (seen, name) in [
        (&calm, "jvb-m8d5w"),
        (&calm, "jvb-7qzz9"),
        (&busy, "jvb-hush1"),
        (&busy, "jvb-lm3cc"),
        (&busy, "jvb-empty"),
        (&busy, "jvb-late1"),
        (&busy, "jvb-warm1"),
        (&busy, "jvb-torn1"),
        (&busy, "jvb-new01"),
        (&leaving, "jvb-4kx2p"),
    ] {
        let drain = of(seen, name, |subject| change::drain(subject, &pen()));
        add(&mut text, &format!("drain {name}"), drain);
        add(
            &mut text,
            &format!("undrain {name}"),
            of(seen, name, change::undrain),
        );
        add(
            &mut text,
            &format!("pin {name}"),
            Ok(of(seen, name, change::pin)),
        );
        add(
            &mut text,
            &format!("unpin {name}"),
            Ok(of(seen, name, change::unpin)),
        );
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_becomes_of_people_is_as_the_pool_says() {
    let mut text = String::new();
    for (deadline, people) in [
        ("Move", 12),
        ("Wait", 12),
        ("Kill", 12),
        ("Move", 1),
        ("Move", 0),
    ] {
        let spec = json!({ "replicas": 2, "drain": { "onDeadline": deadline, "deadline": "30m" } });
        let bridges = vec![
            Actor::new("jvb-1").with(people, 0.1),
            Actor::new("jvb-2").with(20, 0.2),
        ];
        let seen = seen(pool(&json!({ "spec": spec })), bridges);
        let drain = of(&seen, "jvb-1", |subject| change::drain(subject, &pen()));
        add(
            &mut text,
            &format!("drain jvb-1  # onDeadline: {deadline}"),
            drain,
        );
    }
    // The last one waits for its replacement.
    let seen = seen(
        pool(&json!({ "spec": { "replicas": 1 } })),
        vec![Actor::new("jvb-1").with(3, 0.1)],
    );
    let drain = of(&seen, "jvb-1", |subject| change::drain(subject, &pen()));
    add(&mut text, "drain jvb-1  # the last one", drain);
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_asked_for_pools_says_what_will_come_of_it() {
    let mut text = String::new();
    for (name, seen) in [
        ("calm", pools::calm()),
        ("busy", pools::busy()),
        ("leaving", pools::leaving()),
        ("mute", pools::mute()),
    ] {
        let Seen { pool, report, .. } = &seen;
        add(
            &mut text,
            &format!("pause {name}"),
            Ok(change::pause(pool, report)),
        );
        add(
            &mut text,
            &format!("resume {name}"),
            Ok(change::resume(pool, report)),
        );
        add(
            &mut text,
            &format!("release {name}"),
            change::release(pool, report),
        );
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_write_names_the_object_and_the_version_on_which_it_was_decided() {
    let seen = pools::calm();
    let changes = [
        of(&seen, "jvb-m8d5w", |subject| change::drain(subject, &pen())).unwrap(),
        of(&seen, "jvb-m8d5w", change::pin),
        of(&seen, "jvb-7qzz9", change::unpin),
        change::pause(&seen.pool, &seen.report),
    ];
    for change in changes {
        let metadata = &change.patch.as_ref().unwrap()["metadata"];
        let version = if change.kind == "Pod" { "41" } else { "77" };
        assert_eq!(metadata["resourceVersion"], version, "{change:?}");
        assert!(metadata["uid"].is_string(), "{change:?}");
    }
}
