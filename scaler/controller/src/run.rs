//! The controller from start to end.

use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail, ensure};
use kube::Api;
use kube::api::{ApiResource, DynamicObject};
use reach::client::{self, ClientError};
use scaler_api::status::Controller;
use scaler_api::{BridgePool, labels};
use scaler_policy::world::Presence;
use tokio::sync::mpsc::{Receiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch::channel;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::asked::{Asked, Desk};
use crate::config::Config;
use crate::keys::{self, Signer};
use crate::lease::Keeper;
use crate::looks::Looks;
use crate::mind::{Around, Input, Mind};
use crate::shared::Shared;
use crate::surroundings::Lookout;
use crate::telling::{DecisionLog, Events, Teller, announce};
use crate::transport::{Gate, Transport};
use crate::watch::{Subject, follow};
use crate::{budget, jicofo, serving, skew};

/// Runs the controller until `shutdown`, then lets the next one lead.
///
/// Nothing global is installed: the caller has chosen the process's crypto provider and log.
///
/// # Errors
/// What could not be read or bound at the start, or that this replica leads no longer: then nothing more may be done by it, and
/// it is to be started anew.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let told = |error: ClientError| anyhow!("{error}\nhint: {}", error.hint());
    let mut cluster = client::config(config.kubeconfig.clone())
        .await
        .map_err(told)?;
    // Whether something is sent again is decided anew, by new evidence: never by the client.
    cluster.default_retry = false;
    let api_server = cluster.cluster_url.clone();
    let namespace = config
        .lease
        .namespace
        .clone()
        .unwrap_or_else(|| cluster.default_namespace.clone());
    // In a pod this is the pod's own.
    let home = cluster.default_namespace.clone();
    // The Lease has connections of its own: one that falls silent costs one try, not one for each of those that lie idle.
    let election = client::watching(cluster.clone(), config.watch_seconds).map_err(told)?;
    let client = client::watching(cluster, config.watch_seconds).map_err(told)?;
    let bind = config.bind;
    let listener =
        reach::listen(bind).with_context(|| format!("cannot listen on {bind} (--bind)"))?;
    let shared = Arc::new(Shared::new());
    let log = DecisionLog::open(&config.decision_log, Arc::clone(&shared))?;
    let mut keeper = Keeper::new(election, &config.lease, &namespace, Arc::clone(&shared))?;
    info!(address = %bind, %api_server, lease = format!("{namespace}/{}", config.lease.name), me = keeper.me(),
        version = env!("CARGO_PKG_VERSION"), "jvb-scaler starts");

    // What is dropped ends: no task outlives this function, however it is left.
    let mut beside = JoinSet::new();
    let keeping = Controller {
        namespace,
        lease: config.lease.name.clone(),
        holder: keeper.me().to_owned(),
        pod_namespace: config.pod.is_some().then_some(home),
        pod: config.pod.clone(),
        port: listener
            .local_addr()
            .map_or(0, |address| address.port().into()),
        sidecar_image: config.sidecar_image.clone(),
    };
    let (desk, asked) = Desk::new();
    beside.spawn(serving::serve(listener, Arc::clone(&shared), desk));
    tokio::select! {
        () = keeper.acquire() => {}
        () = shutdown.cancelled() => return Ok(()),
    }
    let leading = lead(
        client,
        config,
        log,
        keeping,
        asked,
        Arc::clone(&shared),
        &shutdown,
    );
    tokio::select! {
        lost = keeper.hold() => match lost {
            Ok(never) => match never {},
            Err(lost) => return Err(lost.into()),
        },
        ended = leading => ended?,
    }
    // Nothing is sent any more, and nothing is under way: whoever leads next finds on each pod what was decided about it.
    keeper.release().await;
    Ok(())
}

/// Looks after all pools until `shutdown`, and returns when nothing of that is under way any more. Dropped, it ends at once.
async fn lead(
    client: kube::Client,
    config: Config,
    log: DecisionLog,
    me: Controller,
    mut asked: Receiver<Asked>,
    shared: Arc<Shared>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let timeout = config.writing.timeout;
    let ahead = tokio::select! {
        ahead = skew::measure(&client, timeout, &shared) => ahead,
        () = shutdown.cancelled() => return Ok(()),
    };
    let (inputs, heard) = unbounded_channel();
    let (events, told) = Events::new();
    let (budgets, wanted) = channel(budget::Budgets::new());
    let mut tasks = JoinSet::new();
    watch_all(&mut tasks, &client, &config, &shared, &inputs);
    let gate = Arc::new(Gate::new(config.writing, Arc::clone(&shared)));
    tasks.spawn(announce(
        client.clone(),
        me.holder.clone(),
        timeout,
        Arc::clone(&gate),
        Arc::clone(&shared),
        told,
    ));
    let signer = Signer::default();
    let keys = keys::Keeper::new(&client, &me.namespace, config.keys, &signer, &shared);
    tasks.spawn(keys.follow(wanted.clone()));
    let every = config.surroundings_interval;
    let lookout = Lookout::new(client.clone(), timeout, Arc::clone(&shared));
    let tell = inputs.clone();
    tasks.spawn(lookout.follow(every, wanted, move |wanted, surroundings| {
        drop(tell.send(Input::Surroundings(wanted, surroundings)));
    }));
    let tell = inputs.clone();
    tasks.spawn(skew::follow(
        client.clone(),
        every,
        timeout,
        Arc::clone(&shared),
        ahead,
        move |millis| drop(tell.send(Input::Skew(millis))),
    ));
    let tell = inputs.clone();
    tasks.spawn(async move {
        while let Some(asked) = asked.recv().await {
            let _ = tell.send(Input::Asked(asked));
        }
    });
    if let Some(jicofo) = config.asking.jicofo.clone() {
        let every = config.tuning.presence_interval;
        tasks.spawn(jicofo::follow(
            jicofo,
            every,
            config.asking.deadline,
            move |bridges| drop(inputs.send(Input::Jicofo(bridges))),
        ));
    }
    let transport = Transport::new(
        client,
        gate,
        timeout,
        &config.asking,
        config.sidecar_image,
        signer,
        &shared,
    );
    let teller = Teller::new(Arc::clone(&shared), log, events);
    let asking = &config.asking;
    let looks = Looks::new(asking.deadline, asking.in_flight, asking.loopback);
    // It is away until it has answered for the first time.
    let jicofo = match asking.jicofo {
        Some(_) => Presence::Away(shared.clock.now()),
        None => Presence::NotWatched,
    };
    let mind = Mind::new(
        shared,
        config.tuning,
        transport,
        teller,
        budgets,
        looks,
        Around {
            jicofo,
            skew: ahead,
            keeper: me,
        },
    );
    tokio::select! {
        () = mind.run(heard, shutdown) => {
            ensure!(shutdown.is_cancelled(), "the loop that decides ended");
            Ok(())
        }
        Some(ended) = tasks.join_next() => bail!("what serves the loop that decides ended: {ended:?}"),
    }
}

/// Watches pools and pods: those of these namespaces, each with watches of its own, or those of the whole cluster.
fn watch_all(
    tasks: &mut JoinSet<()>,
    client: &kube::Client,
    config: &Config,
    shared: &Arc<Shared>,
    inputs: &UnboundedSender<Input>,
) {
    let places: Vec<Option<String>> = if config.namespaces.is_empty() {
        vec![None]
    } else {
        config.namespaces.iter().cloned().map(Some).collect()
    };
    let kind = ApiResource::erase::<BridgePool>(&());
    for place in places {
        let (pools, pods) = match &place {
            None => (
                Api::<DynamicObject>::all_with(client.clone(), &kind),
                Api::all(client.clone()),
            ),
            Some(namespace) => (
                Api::namespaced_with(client.clone(), namespace, &kind),
                Api::namespaced(client.clone(), namespace),
            ),
        };
        let subject = Subject {
            what: "BridgePools",
            labels: None,
            seconds: config.watch_seconds,
            hint: "\nhint: the cluster does not know BridgePools: kubectl apply -f bridgepools.yaml",
        };
        let (tell, at) = (inputs.clone(), place.clone());
        let news = move |news| drop(tell.send(Input::Pools(at.clone(), Box::new(news))));
        tasks.spawn(follow(pools, subject, Arc::clone(shared), news));
        let subject = Subject {
            what: "pods",
            labels: Some(labels::POOL.name().to_owned()),
            seconds: config.watch_seconds,
            hint: "",
        };
        let tell = inputs.clone();
        let news = move |news| drop(tell.send(Input::Pods(place.clone(), Box::new(news))));
        tasks.spawn(follow(pods, subject, Arc::clone(shared), news));
    }
}
