//! `watch`: pools and pods are watched, and what is other is told as it happens.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ApiResource, DynamicObject};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt as _};
use reach::Clock;
use scaler_api::BridgePool;
use scaler_api::labels::POOL;
use scaler_policy::world::Pool;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::args::Output;
use crate::changes::{Change, changes};
use crate::cluster::{Cluster, Which, understood, written};
use crate::show::{self, Pen};
use crate::terminal::print;
use crate::trouble::Trouble;
use crate::view::{Seen, View};

/// What comes together is told together.
const BREATH: Duration = Duration::from_millis(100);

/// How often the leader is asked how many people there are: they stand beside what changes.
const PEOPLE: Duration = Duration::from_secs(2);

type Key = (String, String);

/// What is known.
#[derive(Default)]
struct Known {
    pools: BTreeMap<Key, Pool>,
    pods: BTreeMap<Key, Pod>,
    /// What was told last of each pool.
    told: BTreeMap<Key, View>,
    /// People on each bridge, by its UID, as the leader told them last.
    people: BTreeMap<String, Option<u64>>,
    /// Whether both have been listed.
    listed: (bool, bool),
    /// Whether the leader has answered.
    asked: bool,
}

/// Tells what is other, until nobody reads it any more.
pub(crate) async fn watch(
    cluster: &Cluster,
    which: &Which,
    output: Output,
    pen: &Pen,
) -> Result<u8, Trouble> {
    // It says at once what cannot be watched, and why.
    let there = cluster.pools(which).await?;
    if there.is_empty() && output == Output::Table {
        eprintln!("there is no pool yet: waiting for one");
    }
    let mut pools = pin!(pools(cluster, which));
    let mut pods = pin!(pods(cluster, which));
    let mut known = Known::default();
    let mut asking = tokio::time::interval(PEOPLE);
    asking.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked = JoinSet::new();
    let clock = Clock::system();
    let began = clock.now();
    loop {
        tokio::select! {
            Some(event) = pools.next() => known.pool(told(event)),
            Some(event) = pods.next() => known.pod(told(event)),
            // A leader that does not answer holds up nothing.
            _ = asking.tick(), if asked.is_empty() && known.listed == (true, true) => {
                let pools = known.pools.values().cloned().collect();
                asked.spawn(people(cluster.clone(), pools));
                continue;
            }
            Some(Ok(people)) = asked.join_next() => {
                known.asked |= !people.is_empty();
                known.people.extend(people);
            }
        }
        // What is there at first is told with the people that are there, if somebody can say.
        if !known.asked && clock.now().since(began) < PEOPLE * 2 {
            continue;
        }
        let pause = tokio::time::sleep(BREATH);
        let mut pause = pin!(pause);
        loop {
            tokio::select! {
                biased;
                Some(event) = pools.next() => known.pool(told(event)),
                Some(event) = pods.next() => known.pod(told(event)),
                () = &mut pause => break,
            }
        }
        if !say(&known.news(&clock), output, pen) {
            return Ok(0);
        }
    }
}

/// People on each bridge, by its UID, as the leader tells them.
async fn people(cluster: Cluster, pools: Vec<Pool>) -> BTreeMap<String, Option<u64>> {
    let mut people = BTreeMap::new();
    for pool in &pools {
        if let Some(report) = cluster.people(pool).await {
            for bridge in report.bridges {
                let look = bridge.last.filter(|_| bridge.fresh);
                people.insert(bridge.uid.0, look.and_then(|look| look.people));
            }
        }
    }
    people
}

/// What a watch brings; what is in its way is said, and tried again.
fn told<K>(event: watcher::Result<Event<K>>) -> Option<Event<K>> {
    match event {
        Ok(event) => Some(event),
        Err(error) => {
            eprintln!(
                "warning: a watch has to begin anew: {}",
                reach::causes(&error)
            );
            None
        }
    }
}

fn say(news: &[Change], output: Output, pen: &Pen) -> bool {
    match output {
        Output::Table => print(&show::changes(news, pen)),
        Output::Json => {
            let lines = news
                .iter()
                .filter_map(|change| serde_json::to_string(change).ok());
            let lines: String = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
            print(&lines)
        }
    }
}

fn pools(
    cluster: &Cluster,
    which: &Which,
) -> impl Stream<Item = watcher::Result<Event<DynamicObject>>> + use<> {
    let kind = ApiResource::erase::<BridgePool>(&());
    let (api, config) = match which {
        Which::All => (
            Api::all_with(cluster.client(), &kind),
            watcher::Config::default(),
        ),
        Which::Of(namespace) => (
            Api::namespaced_with(cluster.client(), namespace, &kind),
            watcher::Config::default(),
        ),
        Which::One(namespace, name) => (
            Api::namespaced_with(cluster.client(), namespace, &kind),
            watcher::Config::default().fields(&format!("metadata.name={name}")),
        ),
    };
    paced(watcher(api, config))
}

fn pods(
    cluster: &Cluster,
    which: &Which,
) -> impl Stream<Item = watcher::Result<Event<Pod>>> + use<> {
    let (api, selector) = match which {
        Which::All => (Api::all(cluster.client()), POOL.name().to_owned()),
        Which::Of(namespace) => (
            Api::namespaced(cluster.client(), namespace),
            POOL.name().to_owned(),
        ),
        Which::One(namespace, name) => (
            Api::namespaced(cluster.client(), namespace),
            format!("{}={name}", POOL.name()),
        ),
    };
    paced(watcher(api, watcher::Config::default().labels(&selector)))
}

/// A pause after each failure, ever longer.
fn paced<K>(
    events: impl Stream<Item = watcher::Result<Event<K>>>,
) -> impl Stream<Item = watcher::Result<Event<K>>> {
    kube::runtime::WatchStreamExt::default_backoff(events)
}

impl Known {
    fn pool(&mut self, event: Option<Event<DynamicObject>>) {
        match event {
            Some(Event::Init) => self.pools.clear(),
            Some(Event::InitApply(object) | Event::Apply(object)) => {
                let key = key(&object);
                match understood(value(&object)) {
                    Ok(pool) => drop(self.pools.insert(key, pool)),
                    Err(trouble) => eprintln!("warning: {}/{}: {trouble}", key.0, key.1),
                }
            }
            Some(Event::Delete(object)) => {
                self.pools.remove(&key(&object));
            }
            Some(Event::InitDone) => self.listed.0 = true,
            None => {}
        }
    }

    fn pod(&mut self, event: Option<Event<Pod>>) {
        match event {
            Some(Event::Init) => self.pods.clear(),
            Some(Event::InitApply(object) | Event::Apply(object)) => {
                self.pods.insert(key(&object), object);
            }
            Some(Event::Delete(object)) => {
                self.pods.remove(&key(&object));
            }
            Some(Event::InitDone) => self.listed.1 = true,
            None => {}
        }
    }

    /// What is other than what was told last.
    fn news(&mut self, clock: &Clock) -> Vec<Change> {
        if self.listed != (true, true) {
            return Vec::new();
        }
        let mut news = Vec::new();
        for (key, pool) in &self.pools {
            let pods: Vec<Pod> = self
                .pods
                .iter()
                .filter(|((namespace, _), pod)| {
                    *namespace == key.0 && pod.labels().get(POOL.name()) == Some(&key.1)
                })
                .map(|(_, pod)| pod.clone())
                .collect();
            let seen = Seen {
                report: written(pool, &pods, clock),
                pool: pool.clone(),
                silence: None,
            };
            let mut view = View::new(&seen);
            for row in &mut view.bridges {
                row.people = self.people.get(&row.uid.0).copied().flatten();
            }
            news.extend(changes(self.told.get(key), &view));
            self.told.insert(key.clone(), view);
        }
        self.told.retain(|key, _| self.pools.contains_key(key));
        news
    }
}

fn key(object: &impl kube::ResourceExt) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn value(object: &DynamicObject) -> Value {
    let mut value = object.data.clone();
    value["apiVersion"] = <BridgePool as k8s_openapi::Resource>::API_VERSION.into();
    value["kind"] = <BridgePool as k8s_openapi::Resource>::KIND.into();
    value["metadata"] = serde_json::to_value(&object.metadata).unwrap_or_default();
    value
}
