//! What the watch makes of what the API server tells.

use reach::Clock;
use serde_json::json;

use super::*;
use crate::telling::NoService;
use crate::telling::fixtures::{RULES, metrics};

fn watch(namespace: Option<&str>) -> Watch {
    let shared = Arc::new(Shared::new(Clock::system(), metrics(), RULES));
    Watch::new(shared, namespace.map(str::to_owned))
}

fn service(name: &str) -> Service {
    serde_json::from_value(json!({
        "metadata": {"name": name, "namespace": "meet"}, "spec": {"selector": {"app": name}},
    }))
    .unwrap()
}

fn known(watch: &Watch, name: &str) -> Result<(), NoService> {
    let store = watch.shared.store();
    store.services().choice("meet", name).map(|_| ())
}

#[test]
fn a_list_counts_when_it_is_over_and_what_is_not_in_it_is_gone() {
    let mut watch = watch(None);
    watch.take(&Event::Init);
    watch.take(&Event::InitApply(service("a")));
    assert_eq!(known(&watch, "a"), Err(NoService::Unlisted));
    watch.take(&Event::InitDone);
    assert_eq!(known(&watch, "a"), Ok(()));
    watch.take(&Event::Apply(service("b")));
    watch.take(&Event::Delete(service("a")));
    assert_eq!(known(&watch, "a"), Err(NoService::Missing));
    watch.take(&Event::Init);
    watch.take(&Event::InitApply(service("c")));
    assert_eq!(known(&watch, "b"), Ok(()), "the list is not over");
    watch.take(&Event::InitDone);
    assert_eq!(known(&watch, "b"), Err(NoService::Missing));
    assert_eq!(known(&watch, "c"), Ok(()));
}

#[test]
fn without_the_right_to_watch_nothing_is_known_and_it_is_said_once() {
    let mut watch = watch(Some("meet"));
    for _ in 0..2 {
        watch.take(&Event::Init);
        watch.complain(&watcher::Error::NoResourceVersion);
    }
    assert!(watch.failing);
    assert_eq!(known(&watch, "a"), Err(NoService::Unlisted));
    watch.take(&Event::Init);
    assert!(watch.failing, "an attempt is no success");
    watch.take(&Event::InitDone);
    assert!(!watch.failing);
    assert_eq!(known(&watch, "a"), Err(NoService::Missing));
}
