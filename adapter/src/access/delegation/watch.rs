//! Keeping up with the ConfigMap.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use reach::causes;
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Delegation;

const NAMESPACE: &str = "kube-system";
const NAME: &str = "extension-apiserver-authentication";

/// Why nobody could be believed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The role is missing.
    #[error(
        "may not read ConfigMap {NAMESPACE}/{NAME}: {0}\nhint: bind the adapter's ServiceAccount to the Role extension-apiserver-authentication-reader with a RoleBinding in the namespace {NAMESPACE}"
    )]
    Forbidden(String),
    /// The API server does not know who asks.
    #[error(
        "may not read ConfigMap {NAMESPACE}/{NAME}: the API server does not know who asks: {0}\nhint: the token or certificate is of another cluster, or has expired: `kubectl auth whoami` with the same kubeconfig tells; in a pod look whether its service account still exists"
    )]
    Unknown(String),
    /// It is not there.
    #[error(
        "there is no ConfigMap {NAMESPACE}/{NAME}, also not after {within}\nhint: kube-apiserver writes it when it starts; without --requestheader-client-ca-file it has no aggregation", within = humantime::format_duration(*.0)
    )]
    Missing(Duration),
    /// It cannot be read for another reason.
    #[error("cannot read ConfigMap {NAMESPACE}/{NAME} within {within}: {cause}\nhint: can it be reached from here? `kubectl get --raw /readyz` with the same kubeconfig asks the same API server; from a pod a NetworkPolicy may be in the way", within = humantime::format_duration(*.within))]
    Unreadable {
        /// How long it was tried.
        within: Duration,
        /// The last error.
        cause: String,
    },
    /// The process was told to end before it had started.
    #[error("told to end before ConfigMap {NAMESPACE}/{NAME} was read")]
    Cancelled,
}

/// Reads the ConfigMap, for `deadline` at the most, and follows it until `shutdown`.
///
/// # Errors
/// Where it was not seen in time, with the reason that an operator can mend.
pub(crate) async fn watch(
    client: kube::Client,
    deadline: Duration,
    watch_seconds: u32,
    shutdown: CancellationToken,
) -> Result<(Receiver<Arc<Delegation>>, JoinHandle<()>), StartError> {
    let (sender, mut receiver) = channel(Arc::new(Delegation::default()));
    let api: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
    // The Role grants list and watch for this one name.
    let config = watcher::Config::default()
        .fields(&format!("metadata.name={NAME}"))
        .timeout(watch_seconds);
    let events = watcher(api, config).default_backoff();
    let (trouble, last_trouble) = channel(None);
    let following = follow(events, sender, trouble);
    let task = tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            tokio::select! {
                () = following => {}
                () = shutdown.cancelled() => {}
            }
        }
    });
    let seen = receiver.wait_for(|delegation| delegation.generation() > 0);
    let outcome = tokio::select! {
        seen = seen => match seen {
            Ok(_) => Ok(()),
            Err(_) => Err(StartError::Cancelled),
        },
        () = shutdown.cancelled() => Err(StartError::Cancelled),
        () = tokio::time::sleep(deadline) => Err(match last_trouble.borrow().clone() {
            Some(Trouble::Forbidden(message)) => StartError::Forbidden(message),
            Some(Trouble::Unknown(message)) => StartError::Unknown(message),
            Some(Trouble::Missing) => StartError::Missing(deadline),
            Some(Trouble::Other(cause)) => StartError::Unreadable { within: deadline, cause },
            None => StartError::Unreadable { within: deadline, cause: "no answer".to_owned() },
        }),
    };
    match outcome {
        Ok(()) => Ok((receiver, task)),
        Err(error) => {
            task.abort();
            Err(error)
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Trouble {
    Forbidden(String),
    Unknown(String),
    Missing,
    Other(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(message) | Self::Unknown(message) | Self::Other(message) => {
                f.write_str(message)
            }
            Self::Missing => f.write_str("there is none"),
        }
    }
}

/// Applies events until there are no more.
async fn follow(
    events: impl Stream<Item = Result<Event<ConfigMap>, watcher::Error>> + Send,
    sender: Sender<Arc<Delegation>>,
    trouble: Sender<Option<Trouble>>,
) {
    let mut events = std::pin::pin!(events);
    let mut listed = false;
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed = false,
            Ok(Event::InitApply(map)) => {
                listed = true;
                apply(&sender, &map);
            }
            Ok(Event::Apply(map)) => apply(&sender, &map),
            Ok(Event::InitDone) if !listed => {
                tracing::warn!("there is no ConfigMap {NAMESPACE}/{NAME}; what it last said holds");
                trouble.send_replace(Some(Trouble::Missing));
            }
            Ok(Event::InitDone) => {
                if trouble.send_replace(None).is_some() {
                    tracing::info!("ConfigMap {NAMESPACE}/{NAME} is followed again");
                }
            }
            Ok(Event::Delete(_)) => {
                tracing::warn!("ConfigMap {NAMESPACE}/{NAME} was deleted; what it last said holds");
            }
            Err(error) => {
                let error = Some(Trouble::from(error));
                // Said once, not at each attempt.
                if *trouble.borrow() != error
                    && let Some(error) = &error
                {
                    tracing::warn!("cannot follow ConfigMap {NAMESPACE}/{NAME}: {error}");
                }
                trouble.send_replace(error);
            }
        }
    }
}

fn apply(sender: &Sender<Arc<Delegation>>, map: &ConfigMap) {
    let empty = std::collections::BTreeMap::new();
    let before = Arc::clone(&sender.borrow());
    let (after, problems) = before.updated(map.data.as_ref().unwrap_or(&empty));
    for problem in problems {
        tracing::warn!(problem, "ConfigMap {NAMESPACE}/{NAME}");
    }
    if after.generation() != before.generation() {
        tracing::info!("{}", after.summary());
        sender.send_replace(Arc::new(after));
    }
}

impl From<watcher::Error> for Trouble {
    fn from(error: watcher::Error) -> Self {
        use watcher::Error::{InitialListFailed, WatchError, WatchFailed, WatchStartFailed};
        match error {
            InitialListFailed(kube::Error::Api(status))
            | WatchStartFailed(kube::Error::Api(status))
            | WatchFailed(kube::Error::Api(status))
            | WatchError(status) => match status.code {
                401 => Self::Unknown(status.message),
                403 => Self::Forbidden(status.message),
                code => Self::Other(format!(
                    "the API server answered {code}: {}",
                    status.message
                )),
            },
            // What went wrong on the way says all; that it was the list or the watch says nothing.
            InitialListFailed(kube::Error::Service(way))
            | WatchStartFailed(kube::Error::Service(way))
            | WatchFailed(kube::Error::Service(way)) => Self::Other(causes(way.as_ref())),
            error => Self::Other(causes(&error)),
        }
    }
}
