//! The suite expects what real ones answered: each recorded exchange that asks what a step asks is held against the step.

#[path = "../../../bridge/tests/common/mod.rs"]
mod recordings;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::ErrorKind;

use bridge::jicofo::reply::debug;
use bytes::Bytes;
use conform::expect::{Body, Expected, Reply, Want};
use conform::judge::judge;
use conform::known::{Known, Names};
use conform::note;
use conform::step::{Command, Connection, Server, Step, Wait};
use conform::suite::steps;
use conform::survey::{Look, Survey};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, Response};
use reach::Failure;
use serde_json::Value;

/// A bridge of the recordings, and what was so before the first of them.
struct Scene {
    folder: &'static str,
    /// How the names of its files begin.
    beginning: &'static str,
    host: &'static str,
    /// Its nickname, where the recordings of jicofo are of this bridge at that time.
    nick: Option<&'static str>,
    default_configuration: bool,
    draining: bool,
    people: Option<u64>,
}

const IDLE: Scene = Scene {
    folder: "",
    beginning: "",
    host: "127.0.1.1",
    nick: Some("jvb1"),
    default_configuration: false,
    draining: false,
    people: None,
};

/// Between the parts of 6-conference bridges were started anew, and which ones lived jicofo's dumps alone tell.
const fn conference(beginning: &'static str, host: &'static str) -> Scene {
    Scene {
        folder: "6-conference",
        beginning,
        host,
        nick: None,
        ..IDLE
    }
}

const SCENES: &[Scene] = &[
    Scene {
        folder: "1-metrics",
        ..IDLE
    },
    Scene {
        folder: "2-stats",
        ..IDLE
    },
    Scene {
        folder: "3-drain",
        host: "127.0.1.2",
        nick: Some("jvb2"),
        ..IDLE
    },
    Scene {
        folder: "5-jicofo",
        people: Some(0),
        ..IDLE
    },
    conference("A", "127.0.1.1"),
    conference("A", "127.0.1.2"),
    conference("B", "127.0.1.1"),
    conference("B", "127.0.1.2"),
    conference("C", "127.0.1.2"),
    conference("D", "127.0.1.2"),
    Scene {
        folder: "7-default-config",
        host: "127.0.1.3",
        nick: None,
        default_configuration: true,
        draining: true,
        ..IDLE
    },
];

/// Steps that no recording answers, and why.
const UNRECORDED: &[(&str, &str)] = &[
    (
        "metrics-as-asked-by-us",
        "a header of ours; the recorded one of Prometheus has other versions in it",
    ),
    (
        "shutdown-get-off",
        "it was asked by POST, which shutdown-off holds",
    ),
    ("shutdown-connections", "curl keeps none open"),
    ("jicofo-health-off", "the recorded one has health checks"),
    (
        "jicofo-conferences-full",
        "another path than the dumps that were recorded",
    ),
];

impl Scene {
    fn known(&self) -> Known {
        let text = str::to_owned;
        let address = |nick| format!("jvbbrewery@internal.auth.meet.local/{nick}");
        let names = Names {
            member: self.nick.map(address),
            room: text("room1@conference.meet.local"),
            elsewhere: text("nope@conference.meet.local"),
            stranger: text("nope"),
            endpoint: text("abcd1234"),
            version: text("2.3.SNAPSHOT"),
            ..Names::new(&format!("{}:8080", self.host), "127.0.0.1:8888")
        };
        let mut known = Known::new(names);
        known.colibri_rest = !self.default_configuration;
        known.shutdown_rest = !self.default_configuration;
        known.draining = Some(self.draining);
        known.people = self.people;
        known
    }

    /// Its exchanges in the order in which they were made.
    fn exchanges(&self) -> Vec<(String, Option<Response<Vec<u8>>>)> {
        let mut all = recordings::replies(self.folder, ".txt");
        let begins = format!("{}/{}", self.folder, self.beginning);
        all.retain(|(path, _)| path.starts_with(&begins));
        assert!(!all.is_empty(), "{begins}");
        all.sort_by_key(|(path, _)| (recordings::sent_at(path), path.clone()));
        all
    }
}

/// Whether it is the same question: curl took anything of what the product takes as JSON.
fn same(asked: &Request<Vec<u8>>, recorded: &Request<Vec<u8>>) -> bool {
    let json = |body: &[u8]| serde_json::from_slice::<Value>(body).ok();
    let bodies = asked.body() == recorded.body()
        || json(asked.body()).is_some_and(|body| Some(body) == json(recorded.body()));
    let accept = |request: &Request<Vec<u8>>| request.headers().get(ACCEPT).cloned();
    let (wanted, taken) = (accept(asked), accept(recorded));
    let json_of_anything = taken.as_ref().is_some_and(|taken| taken == "*/*")
        && wanted
            .as_ref()
            .is_some_and(|wanted| wanted == "application/json")
        && asked.uri().path() != "/metrics";
    asked.method() == recorded.method()
        && asked.uri() == recorded.uri()
        && bodies
        && asked.headers().get(CONTENT_TYPE) == recorded.headers().get(CONTENT_TYPE)
        && (wanted == taken || json_of_anything)
}

/// In which state a step waits for what it expects: the values of what is known that it compares with.
fn state(step: &Step, known: &Known) -> String {
    let Expected::Reply(Reply {
        body: Body::Json(fields),
        ..
    }) = &step.expected
    else {
        return String::new();
    };
    let values = fields.iter().filter_map(|(_, want)| match want {
        Want::Draining => Some(known.draining),
        Want::Graceful => Some(known.graceful),
        Want::ShuttingDown => Some(known.shutting_down),
        _ => None,
    });
    format!("{:?}", values.collect::<Vec<_>>())
}

/// What became of the steps: which recordings each was held against, and in which states one that waits was not met by any.
#[derive(Default)]
struct Replay {
    held: BTreeMap<&'static str, BTreeSet<String>>,
    waiting: BTreeMap<(&'static str, String), Option<String>>,
    differences: Vec<String>,
}

impl Replay {
    fn hold(
        &mut self,
        step: &Step,
        known: &Known,
        path: &str,
        heard: Result<&Response<Bytes>, &Failure>,
    ) {
        let gone = step.expected == Expected::Nobody;
        let unasked = step.connection == Connection::Again || heard.is_err() != gone;
        if unasked || !step.given.iter().all(|given| given.holds(known)) {
            return;
        }
        let differences = judge(&step.expected, known, heard);
        let told = format!("{path} is not what {} expects: {differences:#?}", step.name);
        if step.wait == Wait::Never {
            if !differences.is_empty() {
                self.differences.push(told);
                return;
            }
        } else {
            // The folder, and within it the part that the first letter of a name tells.
            let part = &path[..path.find('/').map_or(0, |slash| slash + 2)];
            let state = format!("{} {part} {}", known.names.bridge, state(step, known));
            let met = self
                .waiting
                .entry((step.name, state))
                .or_insert_with(|| Some(told));
            if !differences.is_empty() {
                return;
            }
            *met = None;
        }
        self.held
            .entry(step.name)
            .or_default()
            .insert(path.to_owned());
    }

    fn play(&mut self, scene: &Scene, steps: &[Step]) {
        let mut known = scene.known();
        for (path, reply) in scene.exchanges() {
            let recorded = recordings::requested(&path);
            let authority = recorded
                .uri()
                .authority()
                .map(ToString::to_string)
                .unwrap_or_default();
            if authority != known.names.bridge && authority != known.names.jicofo {
                continue;
            }
            let reply = reply.map(|reply| reply.map(Bytes::from));
            let nobody = Failure::Connect(ErrorKind::ConnectionRefused);
            let heard = reply.as_ref().ok_or(&nobody);
            learn(&recorded, heard, &mut known);
            let asked: Vec<&Step> = steps
                .iter()
                .filter(|step| same(&(step.request)(&known.names), &recorded))
                .collect();
            let obeyed = heard.is_ok_and(|reply| reply.status().is_success());
            if obeyed && let Some(command) = command(&asked, &recorded) {
                known.obeyed(command);
            }
            for step in &asked {
                self.hold(step, &known, &path, heard);
            }
            let Ok(reply) = heard else { continue };
            for step in asked {
                note(step, reply, &mut known);
            }
        }
    }
}

/// What the runner learns by looking, and by nobody answering any more.
fn learn(
    recorded: &Request<Vec<u8>>,
    heard: Result<&Response<Bytes>, &Failure>,
    known: &mut Known,
) {
    let of_the_bridge = recorded
        .uri()
        .authority()
        .is_some_and(|authority| authority.as_str() == known.names.bridge);
    let Ok(reply) = heard else {
        known.gone = of_the_bridge;
        return;
    };
    match recorded.uri().path() {
        "/about/health" if of_the_bridge => {
            Look::Health.learn(reply, None, known, &mut Survey::default());
        }
        "/debug" if !of_the_bridge => {
            known.bridges = debug(reply.status(), reply.body())
                .ok()
                .map(|bridges| bridges.len() as u64);
        }
        _ => {}
    }
}

/// What a request did: a forced shutdown is no step.
fn command(asked: &[&Step], recorded: &Request<Vec<u8>>) -> Option<Command> {
    let forced = serde_json::from_slice::<Value>(recorded.body())
        .is_ok_and(|body| body["graceful-shutdown"] == false);
    if forced {
        return Some(Command::Shutdown(false));
    }
    asked.iter().find_map(|step| step.command)
}

fn replayed() -> Replay {
    let steps = steps();
    let mut replay = Replay::default();
    for scene in SCENES {
        replay.play(scene, &steps);
    }
    replay
}

#[test]
fn every_recorded_reply_is_what_the_steps_expect_that_ask_for_it() {
    let replay = replayed();
    let waiting = replay.waiting.into_values().flatten();
    let differences: Vec<_> = replay.differences.into_iter().chain(waiting).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_step_is_answered_by_a_recording_or_known_to_have_none() {
    let replay = replayed();
    let unrecorded: BTreeSet<_> = UNRECORDED.iter().map(|(name, _)| *name).collect();
    for step in steps() {
        let held = replay.held.contains_key(step.name);
        assert!(
            held || unrecorded.contains(step.name),
            "{} has no recording",
            step.name
        );
        assert!(
            !(held && unrecorded.contains(step.name)),
            "{} has a recording",
            step.name
        );
    }
}

#[test]
fn which_recording_holds_which_step_is_known() {
    let mut text = String::new();
    for (name, paths) in replayed().held {
        writeln!(text, "{name}").unwrap();
        for path in paths {
            writeln!(text, "    {path}").unwrap();
        }
    }
    insta::assert_snapshot!("replayed", text);
}

#[test]
fn a_recorded_reply_that_was_changed_is_found_out() {
    let steps = steps();
    let step = steps
        .iter()
        .find(|step| step.name == "drain-enable-get")
        .unwrap();
    assert_eq!(step.server, Server::Bridge);
    let reply = recordings::replied("3-drain/02-drain-enable-get.txt")
        .unwrap()
        .map(Bytes::from);
    let known = IDLE.known();
    assert_eq!(judge(&step.expected, &known, Ok(&reply)), []);
    let (mut head, body) = reply.into_parts();
    head.headers.insert("allow", "GET,OPTIONS".parse().unwrap());
    let changed = Response::from_parts(head, body);
    let differences = judge(&step.expected, &known, Ok(&changed));
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0].at, "header allow");
    assert_eq!(differences[0].got, "GET,OPTIONS");
}
