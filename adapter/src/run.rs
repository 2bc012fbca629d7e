//! The adapter from start to end.

use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use reach::Clock;
use reach::client::{self, ClientError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::access::Guard;
use crate::api::Api;
use crate::config::Config;
use crate::renewal::Renewal;
use crate::scraping::{Refresher, Scraper, pods, services};
use crate::serving::{self, Limits};
use crate::shared::Shared;

/// Runs the adapter until `shutdown`, then finishes the requests that are under way.
///
/// Nothing global is installed: the caller has chosen the process's crypto provider and log.
///
/// # Errors
/// What could not be read, reached or bound at the start, or which part ended although it should not.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let Config {
        bind,
        external_metrics,
        certificate,
        http1_only,
        user_quota,
        shutdown_delay,
        kubeconfig,
        namespaces,
        bridges,
        watch_seconds,
        start_timeout,
        pace,
        rules,
        metrics,
    } = config;
    let renewal = Renewal::open(certificate)?;
    let told = |error: ClientError| anyhow!("{error}\nhint: {}", error.hint());
    let cluster = client::config(kubeconfig).await.map_err(told)?;
    let api_server = cluster.cluster_url.clone();
    let client = client::watching(cluster, watch_seconds).map_err(told)?;
    let listener =
        reach::listen(bind).with_context(|| format!("cannot listen on {bind} (--bind)"))?;
    info!(address = %bind, %bridges, %api_server, version = env!("CARGO_PKG_VERSION"), "jvb-adapter starts");

    let shared = Arc::new(Shared::new(Clock::system(), metrics, rules));
    let (changes, seen) = mpsc::unbounded_channel();
    // What runs in the background runs until the last request has been answered, so that the last answer is as true as the
    // first; then the guard ends it, however this function is left.
    let ending = CancellationToken::new();
    let _end = ending.clone().drop_guard();
    let watch = tokio::spawn(pods::run(
        client.clone(),
        bridges,
        namespaces.clone(),
        watch_seconds,
        Arc::clone(&shared),
        changes,
        ending.clone(),
    ));
    let grouping = tokio::spawn(services::run(
        client.clone(),
        namespaces.clone(),
        watch_seconds,
        Arc::clone(&shared),
        ending.clone(),
    ));
    let (refresher, rounds) = Refresher::new(pace.freshness);
    let scraper = Scraper::new(Arc::clone(&shared), pace);
    let scrape = tokio::spawn(scraper.run(seen, rounds, ending.clone()));

    let starting = async {
        let guard = Guard::start(client.clone(), start_timeout, watch_seconds, ending.clone())
            .await
            .with_context(|| format!("the API server {api_server} does not say whom to believe"))?;
        let (tls, renewing) = renewal
            .start(client.clone(), start_timeout, &shared)
            .await?;
        anyhow::Ok((guard, tls, renewing))
    };
    let (guard, mut tls, renewing) = tokio::select! {
        started = starting => started?,
        () = shutdown.cancelled() => return Ok(()),
    };
    if http1_only {
        tls = tls.http1_only();
    }
    let api = Api::new(Arc::clone(&shared), external_metrics)
        .within(namespaces)
        .limited_to(user_quota)
        .refreshed_by(refresher);
    let api = Arc::new(api);
    let stop = CancellationToken::new();
    let leave = async {
        shutdown.cancelled().await;
        shared.health.leave();
        // Whoever picks us now has not heard yet, and loses nothing.
        tokio::time::sleep(shutdown_delay).await;
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        served = serving::serve(Limits::default(), listener, tls, guard, api, stop.clone()) => served,
        ended = watch => bail!("the watch of pods ended: {ended:?}"),
        ended = grouping => bail!("the watch of Services ended: {ended:?}"),
        ended = scrape => bail!("the loop that asks the bridges ended: {ended:?}"),
        () = leave => Ok(()),
        never = renewing.run(Arc::clone(&shared)) => match never {},
    }
}
