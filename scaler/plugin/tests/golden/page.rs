//! The examples of `docs/kubectl-bridgepool.md` are what is printed.

use std::path::{Path, PathBuf};

use bridgepool::change::{self, Subject};
use bridgepool::changes::changes;
use bridgepool::show;
use bridgepool::view::{Order, View};
use serde_json::json;

use super::pools;
use super::stage::{Actor, pen, pool, seen, uid};

const BEGIN: &str = "```console\n$ kubectl bridgepool ";
const END: &str = "```\n";

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/kubectl-bridgepool.md")
}

/// What a command of the page prints.
fn printed(command: &str) -> String {
    let seen = pools::busy();
    let bridge = |name: &str| {
        let bridges = &seen.report.bridges;
        bridges
            .iter()
            .find(|bridge| bridge.uid == uid(name))
            .unwrap()
    };
    match command.split_once(' ').unwrap_or((command, "")) {
        ("status", _) => show::status(&[View::new(&seen)], &pen()),
        ("explain", "") => show::order(&Order::new(&seen.report), &pen()),
        ("explain", name) => show::story(&seen.report, bridge(name), &seen.pool.spec, &pen()),
        ("drain", name) => {
            let subject = Subject {
                version: "41",
                bridge: bridge(name),
                pool: &seen.pool,
                report: &seen.report,
            };
            show::consequences(&change::drain(&subject, &pen()).unwrap(), &pen())
        }
        ("watch", _) => watched(),
        other => panic!("the page shows {other:?}, and this test does not know how"),
    }
}

fn watched() -> String {
    let spec = |replicas: u32| json!({ "spec": { "replicas": replicas } });
    let stays = || Actor::new("jvb-4kx2p").with(34, 0.41);
    let goes = || {
        Actor::new("jvb-lm3cc").drained("ScaleDown", "2026-03-02T14:05:00Z", "2026-03-02T15:05:00Z")
    };
    let moments = vec![
        seen(
            pool(&spec(2)),
            vec![stays(), Actor::new("jvb-lm3cc").with(4, 0.05)],
        ),
        seen(pool(&spec(1)), vec![stays(), goes().with(4, 0.05)]),
        seen(
            pool(&spec(1)),
            vec![
                stays(),
                goes()
                    .with(0, 0.0)
                    .annotated("zero-since", Some("2026-03-02T14:05:00Z")),
            ],
        ),
        seen(pool(&spec(1)), vec![stays()]),
    ];
    let mut before: Option<View> = None;
    let mut text = String::new();
    for seen in &moments {
        let view = View::new(seen);
        text += &show::changes(&changes(before.as_ref(), &view), &pen());
        before = Some(view);
    }
    text
}

#[test]
fn the_examples_of_the_page_are_what_is_printed() {
    let page = std::fs::read_to_string(path()).unwrap();
    let mut parts = page.split(BEGIN);
    let mut written = parts.next().unwrap().to_owned();
    let mut examples = 0;
    for part in parts {
        let (example, rest) = part.split_once(END).unwrap();
        let command = example.lines().next().unwrap();
        written.extend([BEGIN, command, "\n", &printed(command), END, rest]);
        examples += 1;
    }
    assert_eq!(examples, 5);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(path(), &written).unwrap();
        return;
    }
    assert!(
        page == written,
        "docs/kubectl-bridgepool.md shows something else: run `make golden` and look at the difference"
    );
}
