//! What the watch makes of what the API server tells.

use reach::Clock;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::telling::fixtures::{RULES, metrics};

fn watch() -> (Watch, UnboundedReceiver<Change>) {
    let (changes, seen) = unbounded_channel();
    let shared = Arc::new(Shared::new(Clock::system(), metrics(), RULES));
    let watch = Watch::new(shared, changes, Arc::new(AtomicUsize::new(1)));
    (watch, seen)
}

fn pod(name: &str, uid: &str) -> BridgePod {
    serde_json::from_value(json!({
        "metadata": {"name": name, "namespace": "meet", "uid": uid},
        "status": {"phase": "Running", "podIP": "127.0.0.1"},
    }))
    .unwrap()
}

fn told(seen: &mut UnboundedReceiver<Change>) -> Vec<String> {
    let mut told = Vec::new();
    while let Ok(change) = seen.try_recv() {
        told.push(match change {
            Change::Seen(ticket) => format!("seen {}", ticket.pod.uid),
            Change::Gone(pod) => format!("gone {}", pod.uid),
            Change::Synced => "synced".to_owned(),
        });
    }
    told
}

fn names(watch: &Watch) -> Vec<String> {
    let store = watch.shared.store();
    store
        .iter()
        .map(|record| record.pod().name.to_string())
        .collect()
}

#[test]
fn what_is_told_is_known_at_once() {
    let (mut watch, mut seen) = watch();
    watch.take(&Event::Init);
    watch.take(&Event::InitApply(pod("a", "1")));
    watch.take(&Event::InitDone);
    watch.take(&Event::Apply(pod("b", "2")));
    watch.take(&Event::Delete(pod("a", "1")));
    assert_eq!(told(&mut seen), ["seen 1", "synced", "seen 2", "gone 1"]);
    assert_eq!(names(&watch), ["b"]);
}

#[test]
fn a_pod_that_went_while_nobody_watched_is_gone_with_the_next_list() {
    let (mut watch, mut seen) = watch();
    for name in ["a", "b"] {
        watch.take(&Event::Apply(pod(name, name)));
    }
    watch.take(&Event::Init);
    watch.take(&Event::InitApply(pod("b", "b")));
    assert_eq!(
        names(&watch),
        ["a", "b"],
        "a list that is not over says nothing"
    );
    watch.take(&Event::InitDone);
    assert_eq!(names(&watch), ["b"]);
    assert_eq!(
        told(&mut seen),
        ["seen a", "seen b", "seen b", "gone a", "synced"]
    );
}

#[test]
fn a_list_that_breaks_off_forgets_nobody() {
    let (mut watch, _seen) = watch();
    watch.take(&Event::Apply(pod("a", "1")));
    watch.take(&Event::Init);
    watch.complain(&watcher::Error::NoResourceVersion);
    watch.take(&Event::Init);
    watch.take(&Event::InitApply(pod("a", "1")));
    watch.take(&Event::InitDone);
    assert_eq!(names(&watch), ["a"]);
}

#[test]
fn a_name_that_was_used_again_unseen_is_the_new_pod() {
    let (mut watch, mut seen) = watch();
    watch.take(&Event::Apply(pod("a", "1")));
    watch.take(&Event::Init);
    watch.take(&Event::InitApply(pod("a", "2")));
    watch.take(&Event::InitDone);
    assert_eq!(told(&mut seen), ["seen 1", "seen 2", "gone 1", "synced"]);
    let store = watch.shared.store();
    assert_eq!(&*store.get("meet", "a").unwrap().pod().uid, "2");
}

#[test]
fn an_error_is_told_once_and_counted_each_time() {
    let (mut watch, _seen) = watch();
    watch.complain(&watcher::Error::NoResourceVersion);
    watch.complain(&watcher::Error::NoResourceVersion);
    assert!(watch.failing);
    watch.take(&Event::Init);
    assert!(watch.failing, "an attempt is no success");
    watch.take(&Event::InitDone);
    assert!(!watch.failing);
}

#[test]
fn all_pods_are_known_when_every_namespace_has_told_its_own() {
    let (mut one, mut seen) = watch();
    one.unlisted.store(2, Ordering::Relaxed);
    let mut two = Watch::new(
        Arc::clone(&one.shared),
        one.changes.clone(),
        Arc::clone(&one.unlisted),
    );
    for _ in 0..2 {
        one.take(&Event::Init);
        one.take(&Event::InitDone);
    }
    assert!(told(&mut seen).is_empty(), "the second has not told yet");
    two.take(&Event::Init);
    two.take(&Event::InitApply(pod("a", "1")));
    two.take(&Event::InitDone);
    assert_eq!(told(&mut seen), ["seen 1", "synced"]);
    one.take(&Event::Init);
    one.take(&Event::InitDone);
    assert_eq!(names(&one), ["a"], "the other one's pods are not forgotten");
}
