//! `watch`: pools and pods are watched, and what is other is told as it happens.

mod known;

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ApiResource, DynamicObject};
use kube::runtime::watcher::{self, Event, watcher};
use reach::Clock;
use scaler_api::BridgePool;
use scaler_api::labels::POOL;
use scaler_policy::world::Pool;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use self::known::Known;
use crate::args::Output;
use crate::changes::Change;
use crate::cluster::{Cluster, Which};
use crate::show::{self, Pen};
use crate::terminal::print;
use crate::trouble::Trouble;

/// What comes together is told together.
const BREATH: Duration = Duration::from_millis(100);

/// How often the leader is asked how many people there are: they stand beside what changes.
const PEOPLE: Duration = Duration::from_secs(2);

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
