//! How the adapter itself fares, in OpenMetrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bridge::Time;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::scraping::Refreshed;
use crate::telling::{Metrics, Omission, Store};

mod certificate;

pub(crate) use certificate::CertificateState;

/// Content type of what [`Telemetry::render`] writes.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Label = [(&'static str, &'static str); 1];

/// Counters and distributions since the start.
#[derive(Debug)]
pub(crate) struct Telemetry {
    registry: Registry,
    scrapes: Family<Label, Counter>,
    scrape_seconds: Histogram,
    nonsense: Family<[(&'static str, String); 1], Counter>,
    bridges: Gauge,
    answering: Gauge,
    omitted: Family<[(&'static str, String); 2], Gauge>,
    requests: Family<[(&'static str, u16); 1], Counter>,
    freshness: Family<Label, Histogram, fn() -> Histogram>,
    refreshes: Family<Label, Counter>,
    limited: Counter,
    watch_errors: Family<Label, Counter>,
    /// Held while a census is taken and written: of two at once each would tell only a part.
    census: Mutex<()>,
    certificate: CertificateState,
    certificate_seconds: Gauge,
    certificate_broken: Gauge,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl Telemetry {
    /// All at zero.
    pub(crate) fn new() -> Self {
        // The same buckets as Kubernetes' own metrics servers.
        let freshness: Family<Label, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(1.0, 1.364, 20)));
        let mut telemetry = Self {
            registry: Registry::default(),
            scrapes: Family::default(),
            scrape_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 15)),
            nonsense: Family::default(),
            bridges: Gauge::default(),
            answering: Gauge::default(),
            omitted: Family::default(),
            requests: Family::default(),
            freshness,
            refreshes: Family::default(),
            limited: Counter::default(),
            watch_errors: Family::default(),
            census: Mutex::default(),
            certificate: CertificateState::default(),
            certificate_seconds: Gauge::default(),
            certificate_broken: Gauge::default(),
        };
        telemetry.register();
        telemetry
    }

    fn register(&mut self) {
        self.registry.register_with_unit(
            "metrics_apiserver_metric_freshness",
            "Age of each value when it was told",
            Unit::Seconds,
            self.freshness.clone(),
        );
        let own = self.registry.sub_registry_with_prefix("jvb_adapter");
        own.register(
            "scrapes",
            "Questions to bridges, by result",
            self.scrapes.clone(),
        );
        own.register_with_unit(
            "scrape_duration",
            "From the question to the whole answer of a bridge, or to its failure",
            Unit::Seconds,
            self.scrape_seconds.clone(),
        );
        own.register(
            "nonsense",
            "Values that bridges gave and that cannot be true, by the bridge's key",
            self.nonsense.clone(),
        );
        own.register(
            "bridges",
            "Pods that the label selector means",
            self.bridges.clone(),
        );
        own.register(
            "bridges_answering",
            "Bridges whose last answer is fresh",
            self.answering.clone(),
        );
        own.register(
            "values_omitted",
            "Pods without a value at this moment, by metric and reason",
            self.omitted.clone(),
        );
        own.register(
            "requests",
            "Requests answered, by status code; those for its health are not counted",
            self.requests.clone(),
        );
        own.register(
            "requests_limited",
            "Requests refused because their user asked too often",
            self.limited.clone(),
        );
        own.register(
            "refreshes",
            "Reads that had bridges asked first, by result",
            self.refreshes.clone(),
        );
        own.register(
            "watch_errors",
            "Errors of the watches of the API server, by what is watched",
            self.watch_errors.clone(),
        );
        own.register_with_unit(
            "certificate_expires_in",
            "Time until the serving certificate expires; negative when it has",
            Unit::Seconds,
            self.certificate_seconds.clone(),
        );
        own.register(
            "certificate_replacement_broken",
            "1 while what should replace the serving certificate cannot be used, and the log says why",
            self.certificate_broken.clone(),
        );
    }

    /// A bridge was asked: with which result, and how long it took.
    pub(crate) fn scraped(&self, result: &'static str, took: Duration) {
        self.scrapes.get_or_create(&[("result", result)]).inc();
        self.scrape_seconds.observe(took.as_secs_f64());
    }

    /// A bridge said what cannot be true.
    pub(crate) fn nonsense(&self, key: &str) {
        self.nonsense
            .get_or_create(&[("key", key.to_owned())])
            .inc();
    }

    /// A request was answered.
    pub(crate) fn answered(&self, code: http::StatusCode) {
        self.requests
            .get_or_create(&[("code", code.as_u16())])
            .inc();
    }

    /// Values of these times were told now, in this API group.
    pub(crate) fn told(&self, group: &'static str, times: impl Iterator<Item = Time>, now: Time) {
        let freshness = self.freshness.get_or_create(&[("group", group)]);
        for at in times {
            freshness.observe(now.since(at).as_secs_f64());
        }
    }

    /// How the serving certificate fares.
    pub(crate) fn certificate(&self) -> &CertificateState {
        &self.certificate
    }

    /// A read had bridges asked first, and waited for them.
    pub(crate) fn refreshed(&self, result: Refreshed) {
        let result = match result {
            Refreshed::Complete => "complete",
            Refreshed::Late => "late",
            Refreshed::Skipped => "skipped",
        };
        self.refreshes.get_or_create(&[("result", result)]).inc();
    }

    /// A request was refused because its user asked too often.
    pub(crate) fn limited(&self) {
        self.limited.inc();
    }

    /// The watch of this resource failed once.
    pub(crate) fn watch_failed(&self, resource: &'static str) {
        self.watch_errors
            .get_or_create(&[("resource", resource)])
            .inc();
    }

    /// Everything as text, with a census of the bridges at this moment.
    ///
    /// # Errors
    /// Never: a string takes whatever is written to it.
    pub(crate) fn render(
        &self,
        store: &Store,
        metrics: &Metrics,
        now: Time,
    ) -> Result<String, std::fmt::Error> {
        let _alone = self.census.lock().unwrap_or_else(PoisonError::into_inner);
        self.take_census(store, metrics, now);
        let (left, broken) = self.certificate.at(now);
        self.certificate_seconds.set(left);
        self.certificate_broken.set(i64::from(broken));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn take_census(&self, store: &Store, metrics: &Metrics, now: Time) {
        let (mut bridges, mut answering) = (0, 0);
        let mut omitted: BTreeMap<_, i64> = BTreeMap::new();
        for record in store.iter() {
            bridges += 1;
            answering += i64::from(record.answers(store.rules(), now));
            for (id, metric) in metrics.iter() {
                if let Err(omission) = record.value(id, store.rules(), now) {
                    *omitted.entry((&metric.name, omission)).or_default() += 1;
                }
            }
        }
        self.omitted.clear();
        for ((metric, omission), pods) in omitted {
            let labels = [
                ("metric", metric.clone()),
                ("reason", reason(omission).to_owned()),
            ];
            self.omitted.get_or_create(&labels).set(pods);
        }
        self.bridges.set(bridges);
        self.answering.set(answering);
    }
}

/// An omission's reason as a label.
const fn reason(omission: Omission) -> &'static str {
    match omission {
        Omission::Gone => "gone",
        Omission::Unanswered => "unanswered",
        Omission::Stale => "stale",
        Omission::Unsettled => "unsettled",
        Omission::Unsaid => "unsaid",
    }
}
