//! How the sidecar fares, in OpenMetrics.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::ending::{End, Order, Times};
use crate::mode::{By, Mode};
use crate::store::File;

/// Content type of what [`Telemetry::render`] writes.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Label = [(&'static str, &'static str); 1];
type Labels = [(&'static str, &'static str); 2];

/// Counters and numbers since the start.
#[derive(Debug)]
pub(crate) struct Telemetry {
    registry: Registry,
    ready: Gauge,
    drain_wanted: Family<Label, Gauge>,
    terminating: Gauge,
    grace: Gauge,
    grace_short: Gauge,
    requests: Family<Labels, Counter>,
    denied: Family<Label, Counter>,
    looks: Family<Label, Counter>,
    restarts: Counter,
    held: Family<Label, Counter>,
    last_line: Family<Labels, Counter>,
    ends: Family<Label, Counter>,
    file_errors: Family<Labels, Counter>,
    files_unwritten: Gauge,
    keys: Gauge,
    hung_up: Family<Label, Counter>,
}

impl Telemetry {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut telemetry = Self {
            registry: Registry::default(),
            ready: Gauge::default(),
            drain_wanted: Family::default(),
            terminating: Gauge::default(),
            grace: Gauge::default(),
            grace_short: Gauge::default(),
            requests: Family::default(),
            denied: Family::default(),
            looks: Family::default(),
            restarts: Counter::default(),
            held: Family::default(),
            last_line: Family::default(),
            ends: Family::default(),
            file_errors: Family::default(),
            files_unwritten: Gauge::default(),
            keys: Gauge::default(),
            hung_up: Family::default(),
        };
        telemetry.register();
        telemetry
    }

    fn register(&mut self) {
        let own = self.registry.sub_registry_with_prefix("jvb_sidecar");
        own.register(
            "ready",
            "1 while the bridge that runs has been in its brewery, else 0",
            self.ready.clone(),
        );
        own.register(
            "drain_wanted",
            "1 if the bridge is to drain, 0 if not, by whose word; absent while nobody has said anything",
            self.drain_wanted.clone(),
        );
        own.register(
            "terminating",
            "1 when the pod, or the bridge's container in it, ends",
            self.terminating.clone(),
        );
        own.register_with_unit(
            "grace",
            "The pod's grace period",
            Unit::Seconds,
            self.grace.clone(),
        );
        own.register_with_unit(
            "grace_short",
            "By how much the grace period is too short for the bridge to leave by itself after people had time to finish; 0 is enough",
            Unit::Seconds,
            self.grace_short.clone(),
        );
        own.register(
            "requests",
            "Requests that were answered, by route and by result",
            self.requests.clone(),
        );
        own.register(
            "denied",
            "Commands without a good token, by what is wrong with it",
            self.denied.clone(),
        );
        own.register(
            "looks",
            "Looks at the bridge, by result",
            self.looks.clone(),
        );
        own.register(
            "bridge_restarts",
            "Runs of the bridge that were seen to follow another one",
            self.restarts.clone(),
        );
        own.register(
            "mode_held",
            "Commands by which the bridge was given back the mode that is wanted, by mode",
            self.held.clone(),
        );
        own.register(
            "last_line_commands",
            "Commands to the bridge of a pod that ends, by command and result",
            self.last_line.clone(),
        );
        own.register(
            "last_line_ends",
            "Why nobody waits for the bridge of a pod that ends any longer",
            self.ends.clone(),
        );
        own.register(
            "file_errors",
            "Files that could not be read or written, by file and by what was tried",
            self.file_errors.clone(),
        );
        own.register(
            "files_unwritten",
            "Files of the shared volume that wait to be written",
            self.files_unwritten.clone(),
        );
        own.register(
            "keys",
            "Public keys of the controller that tokens are held against",
            self.keys.clone(),
        );
        own.register(
            "connections_hung_up",
            "Connections that were ended by us, by why",
            self.hung_up.clone(),
        );
    }

    /// Whether the pod is ready.
    pub(crate) fn ready(&self, ready: bool) {
        self.ready.set(i64::from(ready));
    }

    /// Which mode is wanted, and by whose word.
    pub(crate) fn wanted(&self, wanted: Option<(Mode, By)>) {
        for by in By::ALL {
            let label = [("by", by.label())];
            match wanted {
                Some((mode, of)) if of == by => {
                    let drained = i64::from(mode.is_drained());
                    self.drain_wanted.get_or_create(&label).set(drained);
                }
                _ => {
                    self.drain_wanted.remove(&label);
                }
            }
        }
    }

    /// Whether the pod, or the bridge's container in it, ends.
    pub(crate) fn terminates(&self, terminates: bool) {
        self.terminating.set(i64::from(terminates));
    }

    /// What the pod's end may take.
    pub(crate) fn times(&self, times: &Times) {
        let seconds = |duration: std::time::Duration| {
            i64::try_from(duration.as_secs_f64().ceil() as u64).unwrap_or(i64::MAX)
        };
        self.grace.set(seconds(times.grace));
        self.grace_short
            .set(seconds(times.short_by().unwrap_or_default()));
    }

    /// A request was answered.
    pub(crate) fn answered(&self, route: &'static str, result: &'static str) {
        self.requests
            .get_or_create(&[("route", route), ("result", result)])
            .inc();
    }

    /// A command was denied.
    pub(crate) fn denied(&self, why: &'static str) {
        self.denied.get_or_create(&[("reason", why)]).inc();
    }

    /// The bridge was looked at.
    pub(crate) fn looked(&self, result: &'static str) {
        self.looks.get_or_create(&[("result", result)]).inc();
    }

    /// The bridge was started anew.
    pub(crate) fn restarted(&self) {
        self.restarts.inc();
    }

    /// The bridge was given its mode back.
    pub(crate) fn held(&self, mode: Mode) {
        let mode = if mode.is_drained() {
            "drained"
        } else {
            "undrained"
        };
        self.held.get_or_create(&[("mode", mode)]).inc();
    }

    /// The bridge of a pod that ends was told something.
    pub(crate) fn last_line(&self, order: Order, result: &'static str) {
        self.last_line
            .get_or_create(&[("command", order.label()), ("result", result)])
            .inc();
    }

    /// Nobody waits any longer.
    pub(crate) fn ended(&self, end: End) {
        self.ends.get_or_create(&[("end", end.label())]).inc();
    }

    /// A file could not be read or written.
    pub(crate) fn file_failed(&self, file: File, tried: &'static str) {
        self.failed_file(file.label(), tried);
    }

    /// A file that is no part of the volume could not be read.
    pub(crate) fn failed_file(&self, file: &'static str, tried: &'static str) {
        self.file_errors
            .get_or_create(&[("file", file), ("tried", tried)])
            .inc();
    }

    /// So many files wait to be written.
    pub(crate) fn files_unwritten(&self, files: usize) {
        self.files_unwritten
            .set(i64::try_from(files).unwrap_or(i64::MAX));
    }

    /// So many keys are known.
    pub(crate) fn keys(&self, keys: usize) {
        self.keys.set(i64::try_from(keys).unwrap_or(i64::MAX));
    }

    /// A connection was ended by us.
    pub(crate) fn hung_up(&self, why: &'static str) {
        self.hung_up.get_or_create(&[("reason", why)]).inc();
    }

    /// Everything as text.
    ///
    /// # Errors
    /// Never: a string takes whatever is written to it.
    pub(crate) fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    /// Everything happened once.
    fn eventful() -> Telemetry {
        let telemetry = Telemetry::new();
        telemetry.ready(true);
        telemetry.wanted(Some((Mode::Drained, By::Command)));
        telemetry.terminates(true);
        telemetry.times(&Times {
            grace: Duration::from_secs(30),
            shutting_down_delay: Duration::from_mins(1),
            margin: Duration::from_secs(15),
            settle: Duration::from_secs(6),
        });
        telemetry.answered("metrics", "answered");
        telemetry.denied("expired");
        telemetry.looked("answer");
        telemetry.restarted();
        telemetry.held(Mode::Drained);
        telemetry.last_line(Order::Drain, "done");
        telemetry.ended(End::Empty);
        telemetry.file_failed(File::Ready, "write");
        telemetry.files_unwritten(1);
        telemetry.keys(2);
        telemetry.hung_up("slow");
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
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sidecar.md");
        let page = pages::read(&page);
        let rows = pages::rows(&page, "number");
        let written: BTreeSet<String> = rows
            .iter()
            .map(|row| row[0].trim_matches('`').to_owned())
            .collect();
        assert_eq!(told, written);
    }

    #[test]
    fn the_mode_is_told_by_whose_word_it_is_and_by_nobody_elses() {
        let telemetry = eventful();
        telemetry.wanted(Some((Mode::Undrained, By::Annotation)));
        let text = telemetry.render().unwrap();
        let told: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("jvb_sidecar_drain_wanted"))
            .collect();
        assert_eq!(told, [r#"jvb_sidecar_drain_wanted{by="annotation"} 0"#]);
    }

    #[test]
    fn a_grace_period_that_is_too_short_is_told_in_seconds() {
        let text = eventful().render().unwrap();
        assert!(
            text.contains("\njvb_sidecar_grace_short_seconds 45\n"),
            "{text}"
        );
    }
}
