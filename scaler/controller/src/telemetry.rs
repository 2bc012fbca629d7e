//! How the controller fares, in OpenMetrics.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use scaler_policy::{Drained, Parted, Tally, Unfit, Violation};

/// Content type of what [`Telemetry::render`] writes.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Label = [(&'static str, &'static str); 1];
type Name = [(&'static str, String); 1];
type Result = [(&'static str, &'static str); 2];
type OwnPool = [(&'static str, String); 2];
type OfPool = [(&'static str, String); 3];
type OfDrain = [(&'static str, String); 4];

/// Counters and numbers since the start.
#[derive(Debug)]
pub(crate) struct Telemetry {
    registry: Registry,
    leader: Gauge,
    bridges: Family<OfPool, Gauge>,
    decisions: Family<Name, Counter>,
    requests: Family<Result, Counter>,
    looks: Family<Label, Counter>,
    watch_errors: Family<Label, Counter>,
    violations: Family<Name, Counter>,
    frozen: Family<OwnPool, Counter>,
    people_moved: Family<OwnPool, Counter>,
    people_cut: Family<OfPool, Counter>,
    drain_seconds: Family<OfDrain, Histogram>,
    rescues_held_back: Family<OfPool, Counter>,
    events_dropped: Counter,
    decisions_unlogged: Counter,
    step_seconds: Histogram,
}

impl Telemetry {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut telemetry = Self {
            registry: Registry::default(),
            leader: Gauge::default(),
            bridges: Family::default(),
            decisions: Family::default(),
            requests: Family::default(),
            looks: Family::default(),
            watch_errors: Family::default(),
            violations: Family::default(),
            frozen: Family::default(),
            people_moved: Family::default(),
            people_cut: Family::default(),
            drain_seconds: Family::new_with_constructor(drains),
            rescues_held_back: Family::default(),
            events_dropped: Counter::default(),
            decisions_unlogged: Counter::default(),
            step_seconds: Histogram::new(exponential_buckets(0.000_1, 2.0, 15)),
        };
        telemetry.register();
        telemetry
    }

    fn register(&mut self) {
        let own = self.registry.sub_registry_with_prefix("jvb_scaler");
        own.register(
            "leader",
            "1 while this replica leads, else 0",
            self.leader.clone(),
        );
        own.register(
            "bridges",
            "Bridges of a pool, by what they are; wanted is how many shall be counted",
            self.bridges.clone(),
        );
        own.register(
            "decisions",
            "What was decided, by kind; in a dry run too",
            self.decisions.clone(),
        );
        own.register(
            "requests",
            "Requests to the API server, bridges and jicofo, by kind and outcome",
            self.requests.clone(),
        );
        own.register(
            "looks",
            "Questions to bridges, by result",
            self.looks.clone(),
        );
        own.register(
            "watch_errors",
            "Errors of the watches of the API server, by what is watched",
            self.watch_errors.clone(),
        );
        own.register(
            "invariant_violations",
            "Plans that broke what must hold of every plan: each is a mistake of this program, and the log tells of which bridge",
            self.violations.clone(),
        );
        own.register(
            "pools_frozen",
            "Pools that nothing is decided about any more by this replica, because it failed over them: each is a mistake of this program, and the log tells where",
            self.frozen.clone(),
        );
        own.register(
            "people_moved",
            "People by whom the counts of bridges fell whose people were being moved, by pool",
            self.people_moved.clone(),
        );
        own.register(
            "people_cut",
            "People on bridges whose pods were deleted, by the bridges' last word, by pool and by why that was done",
            self.people_cut.clone(),
        );
        own.register_with_unit(
            "drain_duration",
            "Time from the decision to drain a bridge until its pod is deleted, or it serves or waits again; by pool, by why it was drained and by how that ended",
            Unit::Seconds,
            self.drain_seconds.clone(),
        );
        own.register(
            "rescues_held_back",
            "Draining or warm bridges that were not taken back although bridges were missing, by pool and by why; in a dry run too",
            self.rescues_held_back.clone(),
        );
        own.register(
            "events_dropped",
            "Kubernetes events that were not told because there were too many or the API server did not take them",
            self.events_dropped.clone(),
        );
        own.register(
            "decisions_unlogged",
            "Decisions that are not in the decision log, because it could not be written or nobody read it",
            self.decisions_unlogged.clone(),
        );
        own.register_with_unit(
            "decision_duration",
            "Time that one decision about one pool takes",
            Unit::Seconds,
            self.step_seconds.clone(),
        );
    }

    /// Whether this replica leads.
    pub(crate) fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// The numbers of a pool.
    pub(crate) fn pool(&self, namespace: &str, name: &str, tally: &Tally) {
        for (what, number) in numbers(tally) {
            let labels = of_pool(namespace, name, ("are", what.to_owned()));
            self.bridges.get_or_create(&labels).set(i64::from(number));
        }
    }

    /// A pool is gone.
    pub(crate) fn pool_gone(&self, namespace: &str, name: &str) {
        for (what, _) in numbers(&Tally::default()) {
            let labels = of_pool(namespace, name, ("are", what.to_owned()));
            self.bridges.remove(&labels);
        }
    }

    /// Something was decided about a pool.
    pub(crate) fn decided(&self, kind: String) {
        self.decisions.get_or_create(&[("transition", kind)]).inc();
    }

    /// A decision took so long.
    pub(crate) fn stepped(&self, took: Duration) {
        self.step_seconds.observe(took.as_secs_f64());
    }

    /// What became of a request.
    pub(crate) fn requested(&self, kind: &'static str, outcome: &'static str) {
        let labels = [("request", kind), ("outcome", outcome)];
        self.requests.get_or_create(&labels).inc();
    }

    /// People were taken off bridges.
    pub(crate) fn parted(&self, namespace: &str, pool: &str, parted: &Parted) {
        if parted.moved > 0 {
            self.people_moved
                .get_or_create(&own_pool(namespace, pool))
                .inc_by(parted.moved);
        }
        for cut in &parted.cut {
            let why = cut
                .why
                .map_or_else(|| "SomebodyElse".to_owned(), |why| format!("{why:?}"));
            let labels = of_pool(namespace, pool, ("reason", why));
            self.people_cut.get_or_create(&labels).inc_by(cut.people);
        }
    }

    /// A drain is over.
    pub(crate) fn drained(&self, namespace: &str, pool: &str, drained: &Drained) {
        let reason = ("reason", format!("{:?}", drained.why));
        let [namespace, pool, reason] = of_pool(namespace, pool, reason);
        let end = ("end", format!("{:?}", drained.end));
        let labels = [namespace, pool, reason, end];
        let seconds = self.drain_seconds.get_or_create(&labels);
        seconds.observe(drained.lasted.as_secs_f64());
    }

    /// A bridge is not taken back although one is missing.
    pub(crate) fn held_back(&self, namespace: &str, pool: &str, why: Unfit) {
        let labels = of_pool(namespace, pool, ("why", format!("{why:?}")));
        self.rescues_held_back.get_or_create(&labels).inc();
    }

    /// A bridge was asked, with this result.
    pub(crate) fn looked(&self, result: &'static str) {
        self.looks.get_or_create(&[("result", result)]).inc();
    }

    /// The watch of this resource failed once.
    pub(crate) fn watch_failed(&self, resource: &'static str) {
        self.watch_errors
            .get_or_create(&[("resource", resource)])
            .inc();
    }

    /// A plan broke an invariant.
    pub(crate) fn violated(&self, violation: &Violation) {
        let invariant = format!("{:?}", violation.invariant);
        self.violations
            .get_or_create(&[("invariant", invariant)])
            .inc();
    }

    /// This program failed over a pool.
    pub(crate) fn froze(&self, namespace: &str, name: &str) {
        self.frozen.get_or_create(&own_pool(namespace, name)).inc();
    }

    /// An event was not told.
    pub(crate) fn event_dropped(&self) {
        self.events_dropped.inc();
    }

    /// A decision was not written down.
    pub(crate) fn decision_unlogged(&self) {
        self.decisions_unlogged.inc();
    }

    /// Everything as text.
    ///
    /// # Errors
    /// Never: a string takes whatever is written to it.
    pub(crate) fn render(&self) -> std::result::Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// From seconds to nine hours: the usual deadline is one.
fn drains() -> Histogram {
    Histogram::new(exponential_buckets(2.0, 2.0, 15))
}

fn numbers(tally: &Tally) -> [(&'static str, u32); 9] {
    [
        ("counted", tally.counted),
        ("wanted", tally.wanted),
        ("ready", tally.ready),
        ("active", tally.active),
        ("draining", tally.draining),
        ("warm", tally.warm),
        ("unknown", tally.unknown),
        ("outdated", tally.outdated),
        ("surge", tally.surge),
    ]
}

fn own_pool(namespace: &str, name: &str) -> OwnPool {
    [
        ("namespace", namespace.to_owned()),
        ("pool", name.to_owned()),
    ]
}

fn of_pool(namespace: &str, name: &str, label: (&'static str, String)) -> OfPool {
    let [namespace, name] = own_pool(namespace, name);
    [namespace, name, label]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use scaler_api::state::IntentReason;
    use scaler_policy::{Cut, End, Invariant};

    use super::*;

    /// Everything happened once.
    fn eventful() -> Telemetry {
        let telemetry = Telemetry::new();
        telemetry.leads(true);
        telemetry.pool("jitsi", "jvb", &Tally::default());
        telemetry.decided("Drain".to_owned());
        telemetry.stepped(Duration::from_millis(1));
        telemetry.requested("patch_pod", "done");
        let cut = vec![Cut {
            why: None,
            people: 2,
        }];
        telemetry.parted("jitsi", "jvb", &Parted { moved: 3, cut });
        telemetry.drained(
            "jitsi",
            "jvb",
            &Drained {
                why: IntentReason::ScaleDown,
                end: End::Empty,
                lasted: Duration::from_secs(90),
            },
        );
        telemetry.held_back("jitsi", "jvb", Unfit::Full);
        telemetry.looked("answer");
        telemetry.watch_failed("pods");
        telemetry.violated(&Violation {
            invariant: Invariant::I1,
            pod: None,
            found: String::new(),
        });
        telemetry.froze("jitsi", "jvb");
        telemetry.event_dropped();
        telemetry.decision_unlogged();
        telemetry
    }

    #[test]
    fn the_page_tells_each_number_and_no_other() {
        let text = eventful().render().unwrap();
        let told: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
            .map(|(name, kind)| match kind {
                "counter" => format!("{name}_total"),
                _ => name.to_owned(),
            })
            .collect();
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy.md");
        let page = pages::read(&page);
        let rows = pages::rows(&page, "number");
        let written: BTreeSet<String> = rows
            .iter()
            .map(|row| row[0].trim_matches('`').to_owned())
            .collect();
        assert_eq!(told, written);
    }

    #[test]
    fn a_drain_is_told_with_its_reason_its_end_and_its_seconds() {
        let text = eventful().render().unwrap();
        let labels = r#"{namespace="jitsi",pool="jvb",reason="ScaleDown",end="Empty"}"#;
        let line = format!("jvb_scaler_drain_duration_seconds_sum{labels} 90.0");
        assert!(text.lines().any(|told| told == line), "{text}");
    }
}
