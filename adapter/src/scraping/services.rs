//! The watch of Services, whose selectors choose bridges.
//!
//! Nobody else needs it: where Services may not be watched, their metrics are refused and all others are told.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use kube::runtime::watcher::{self, Config, Event};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::scraping::watching::{Watcher, follow};
use crate::shared::Shared;
use crate::telling::Services;

#[cfg(test)]
mod tests;

/// A right that is missing is not granted any sooner for being asked for each second.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Watches the Services of these namespaces, or of the whole cluster where none is named, until `shutdown`, with a new watch every
/// `watch_seconds`.
///
/// An API server that cannot be reached changes nothing: what is known of Services holds.
pub(crate) async fn run(
    client: kube::Client,
    namespaces: Vec<String>,
    watch_seconds: u32,
    shared: Arc<Shared>,
    shutdown: CancellationToken,
) {
    let scopes = if namespaces.is_empty() {
        vec![None]
    } else {
        namespaces.into_iter().map(Some).collect()
    };
    let watches = scopes.into_iter().map(|namespace| {
        let api = match &namespace {
            Some(namespace) => Api::namespaced(client.clone(), namespace),
            None => Api::all(client.clone()),
        };
        let watch = Watch::new(Arc::clone(&shared), namespace);
        follow(api, Config::default(), watch_seconds, LONGEST_WAIT, watch)
    });
    tokio::select! {
        () = shutdown.cancelled() => {}
        _ = join_all(watches) => {}
    }
}

/// The Services of one namespace, or of all.
struct Watch {
    shared: Arc<Shared>,
    namespace: Option<String>,
    /// A list that is not over says nothing yet.
    listing: Services,
    failing: bool,
}

impl Watch {
    fn new(shared: Arc<Shared>, namespace: Option<String>) -> Self {
        Self {
            shared,
            namespace,
            listing: Services::default(),
            failing: false,
        }
    }
}

impl Watcher<Service> for Watch {
    fn take(&mut self, event: &Event<Service>) {
        if self.failing && !matches!(event, Event::Init) {
            self.failing = false;
            info!("the Services are watched again");
        }
        match event {
            Event::Init => self.listing = Services::default(),
            Event::InitApply(service) => self.listing.observe(service),
            Event::InitDone => {
                let listed = std::mem::take(&mut self.listing);
                let mut store = self.shared.store_mut();
                store
                    .services_mut()
                    .replace(self.namespace.as_deref(), listed);
            }
            Event::Apply(service) => self.shared.store_mut().services_mut().observe(service),
            Event::Delete(service) => self.shared.store_mut().services_mut().forget(service),
        }
    }

    fn complain(&mut self, error: &watcher::Error) {
        self.shared.telemetry.watch_failed("services");
        // Said once, not at each attempt.
        if !std::mem::replace(&mut self.failing, true) {
            warn!(
                %error,
                hint = "may the service account list and watch services, as in adapter/rbac.yaml?",
                "the Services cannot be watched; those that are known hold, the metrics of others are refused, and all other \
                 metrics are told"
            );
        }
    }
}
