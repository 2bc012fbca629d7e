//! `serve` from start to end.

use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::desk::Desk;
use crate::hold::Holder;
use crate::serving;
use crate::store::{File, Store};
use crate::telemetry::Telemetry;
use crate::wait::Settings;

/// Runs the sidecar until `shutdown`, and then ends at once: it comes when the bridge has ended.
///
/// Nothing global is installed: the caller has chosen the log.
///
/// # Errors
/// When it cannot listen. Nothing else keeps it from running.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let listen = config.listen;
    let listener =
        reach::listen(listen).with_context(|| format!("cannot listen on {listen} (--listen)"))?;
    let telemetry = Arc::new(Telemetry::new());
    telemetry.times(&config.times);
    let store = Arc::new(Store::new(&config.state, Arc::clone(&telemetry)));
    let desk = Arc::new(Desk::new(&config, Arc::clone(&store), telemetry));
    info!(
        address = %listen, bridge = %config.bridge, pod = config.pod_uid, state = %config.state.display(),
        version = env!("CARGO_PKG_VERSION"), "jvb-sidecar starts"
    );
    if let Some(short) = config.times.short_by() {
        warn!(
            grace = ?config.times.grace, short_by = ?short,
            "the grace period is too short for the bridge to leave by itself: people are moved as soon as the pod ends, and have no time \
             to finish; set terminationGracePeriodSeconds of the pod's template to {} or more, and to as long as they may take",
            config.times.to_leave().as_secs_f64().ceil()
        );
    }
    let settings = Settings {
        bridge: config.bridge,
        times: config.times,
    };
    store.put(File::Settings, &settings);
    let holder = Holder::new(Arc::clone(&desk), &config);
    tokio::select! {
        never = store.keep() => match never {},
        never = serving::serve(listener, desk) => match never {},
        never = holder.hold() => match never {},
        () = shutdown.cancelled() => Ok(()),
    }
}
