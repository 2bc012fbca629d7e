//! Pools to be looked at.

use bridge::Time;
use bridge::stats::{Flags, StartupTime};
use bridgepool::show::Pen;
use bridgepool::view::{Seen, Silence, unasked};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use scaler_api::cases;
use scaler_policy::world::{Look, Pool, Presence, Tuning, Uid};
use scaler_policy::{World, observe, report};
use serde_json::{Value, json};

/// The moment of all that is seen.
pub(crate) const NOW: &str = "2026-03-02T14:05:00Z";

/// A bridge, before it is put on stage.
pub(crate) struct Actor {
    name: &'static str,
    object: Value,
    look: Option<Look>,
}

pub(crate) fn moment(text: &str) -> Time {
    let moment: Timestamp = text.parse().unwrap();
    Time::from_millis(moment.as_millisecond())
}

/// As it is written into a pipe, in the time of Greenwich.
pub(crate) fn pen() -> Pen {
    Pen::new(None, false, TimeZone::UTC)
}

/// The pool jitsi/jvb with this put upon it.
pub(crate) fn pool(change: &Value) -> Pool {
    let mut object = cases::pool(&json!({ "spec": change["spec"] }));
    object["metadata"] = json!({
        "name": "jvb", "namespace": "jitsi", "uid": "pool", "resourceVersion": "77", "generation": 3,
    });
    for (key, value) in change["metadata"].as_object().into_iter().flatten() {
        object["metadata"][key] = value.clone();
    }
    object["status"] = json!({
        "replicas": 3, "selector": "", "active": 3, "observedGeneration": 3, "currentRevision": "5f0c1e2d3a",
        "controller": {"namespace": "bridgetender", "lease": "jvb-scaler", "holder": "jvb-scaler-0_1f", "podNamespace": "bridgetender", "pod": "jvb-scaler-0", "port": 8081},
    });
    for (key, value) in change["status"].as_object().into_iter().flatten() {
        object["status"][key] = value.clone();
    }
    observe::pool(scaler_api::read(object).unwrap(), "5f0c1e2d3a".to_owned()).unwrap()
}

/// A condition of a pool.
pub(crate) fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": "2026-03-02T13:53:00Z",
    })
}

impl Actor {
    /// A bridge that has taken conferences for two hours, and says nothing yet.
    pub(crate) fn new(name: &'static str) -> Self {
        let object = json!({
            "metadata": {
                "name": name, "namespace": "jitsi", "uid": format!("uid-{name}"), "resourceVersion": "41",
                "creationTimestamp": "2026-03-02T12:04:00Z",
                "ownerReferences": [{"apiVersion": "bridgetender.dev/v1alpha1", "kind": "BridgePool", "name": "jvb", "uid": "pool", "controller": true}],
                "labels": {
                    "bridgetender.dev/pool": "jvb", "bridgetender.dev/counted": "true",
                    "bridgetender.dev/protected": "true", "bridgetender.dev/revision": "5f0c1e2d3a",
                },
                "annotations": {
                    "bridgetender.dev/intent": "active", "bridgetender.dev/intent-reason": "ScaleUp",
                    "bridgetender.dev/intent-since": "2026-03-02T12:04:00Z",
                    "bridgetender.dev/drain-acked": acked(name, false),
                },
            },
            "spec": {"nodeName": "node-1", "containers": [{"name": "jvb"}]},
            "status": {
                "phase": "Running", "podIP": "10.1.2.3",
                "containerStatuses": [{
                    "name": "jvb", "restartCount": 0, "image": "", "imageID": "", "ready": true, "containerID": format!("c-{name}"),
                    "state": {"running": {"startedAt": "2026-03-02T12:04:05Z"}},
                }],
            },
        });
        Self {
            name,
            object,
            look: None,
        }
    }

    /// It said a second ago that so many people are on it.
    pub(crate) fn with(mut self, people: u64, stress: f64) -> Self {
        let drain = self.object["metadata"]["annotations"]["bridgetender.dev/intent"] != "active";
        self.look = Some(Look {
            at: moment("2026-03-02T14:04:59Z"),
            startup: StartupTime(moment("2026-03-02T12:04:06Z")),
            flags: Flags {
                drain,
                ..Flags::default()
            },
            people: Some(people),
            conferences: Some(people.div_ceil(5)),
            largest: Some(people.min(5)),
            stress: Some(stress),
            healthy: Some(true),
            joined: true,
        });
        self
    }

    /// It said so long ago.
    pub(crate) fn heard(mut self, at: &str) -> Self {
        if let Some(look) = &mut self.look {
            look.at = moment(at);
        }
        self
    }

    /// With this put upon its labels, or taken away.
    pub(crate) fn labelled(mut self, key: &str, value: Option<&str>) -> Self {
        set(&mut self.object["metadata"]["labels"], key, value);
        self
    }

    /// With this put upon its annotations, or taken away.
    pub(crate) fn annotated(mut self, key: &str, value: Option<&str>) -> Self {
        set(&mut self.object["metadata"]["annotations"], key, value);
        self
    }

    /// It has been drained for this reason since then, and confirmed it.
    pub(crate) fn drained(self, why: &str, since: &str, deadline: &str) -> Self {
        let acked = acked(self.name, true);
        self.labelled("counted", None)
            .annotated("intent", Some("drain"))
            .annotated("intent-reason", Some(why))
            .annotated("intent-since", Some(since))
            .annotated("deadline", Some(deadline))
            .annotated("drain-acked", Some(&acked))
    }

    /// Its container has not been started yet.
    pub(crate) fn pending(mut self) -> Self {
        self.object["status"] = json!({"phase": "Pending"});
        self.object["metadata"]["creationTimestamp"] = "2026-03-02T14:04:40Z".into();
        self.annotated("drain-acked", None)
            .annotated("intent-since", Some("2026-03-02T14:04:40Z"))
    }

    /// Somebody deletes it.
    pub(crate) fn deleted(mut self) -> Self {
        self.object["metadata"]["deletionTimestamp"] = "2026-03-02T14:10:00Z".into();
        self
    }
}

fn acked(name: &str, drain: bool) -> String {
    json!({"containerID": format!("c-{name}"), "startup_time": moment("2026-03-02T12:04:06Z"), "drain": drain}).to_string()
}

fn set(texts: &mut Value, key: &str, value: Option<&str>) {
    let key = format!("bridgetender.dev/{key}");
    match value {
        Some(value) => texts[&key] = value.into(),
        None => drop(texts.as_object_mut().unwrap().remove(&key)),
    }
}

/// A pool as its leader tells it.
pub(crate) fn seen(pool: Pool, actors: Vec<Actor>) -> Seen {
    let now = moment(NOW);
    let mut world = World::new(pool.clone(), Tuning::default(), now);
    world.observe_skew(0);
    world.observe_jicofo(Presence::Here(
        actors.iter().map(|actor| actor.name.to_owned()).collect(),
    ));
    for actor in actors {
        let object = serde_json::from_value(actor.object).unwrap();
        let pod = observe::pod(&object, &pool.uid, &pool.name).unwrap();
        let (uid, container) = (pod.uid.clone(), pod.running().map(str::to_owned));
        // Seen when it was created, so that its silence is long enough.
        world.observe_pod(pod, moment("2026-03-02T12:04:05Z"));
        if let (Some(look), Some(container)) = (actor.look, container) {
            world.observe_look(&uid, &container, look);
        }
    }
    world.hear(now);
    let mut report = report(&world, now);
    // A lead that is older than its first list.
    report
        .holds
        .retain(|hold| *hold != scaler_policy::report::Hold::NotListed);
    Seen {
        pool,
        report,
        silence: None,
    }
}

/// The same while the leader does not answer.
pub(crate) fn silent(pool: Pool, actors: Vec<Actor>, silence: Silence) -> Seen {
    let told = actors.into_iter().map(|actor| Actor {
        look: None,
        ..actor
    });
    let mut seen = seen(pool, told.collect());
    seen.report = unasked(seen.report);
    seen.silence = Some(silence);
    seen
}

pub(crate) fn uid(name: &str) -> Uid {
    Uid(format!("uid-{name}"))
}
