//! Watching something of the API server for as long as this replica leads.
//!
//! The policy wants to know more than a list and its changes: of which version a list is, when it was asked for, and when the
//! API server was last heard of although nothing changed. So lists, watches and bookmarks are taken here as they come.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use futures::{StreamExt as _, pin_mut};
use http::StatusCode;
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::{Api, ResourceExt};
use reach::causes;
use serde::de::DeserializeOwned;
use tracing::{info, warn};

use crate::shared::Shared;

/// Objects come in pages of so many, so that thousands are never in memory as the API server tells them.
const PAGE: u32 = 250;

/// How long the API server may be silent beyond the length of a watch.
const MARGIN: Duration = Duration::from_secs(5);

/// The first pause after a failure; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a watch tells.
#[derive(Debug)]
pub(crate) enum News<K> {
    /// All objects that there are.
    Listed {
        /// The objects.
        objects: Vec<K>,
        /// The version of the list.
        version: String,
        /// When it was asked for.
        asked_at: Time,
    },
    /// An object is there, or changed.
    Seen(K),
    /// An object is gone, or no longer what was asked for.
    Gone(K),
    /// Nothing changed up to now.
    Quiet,
}

/// What is watched, and for how long at a time.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The resource, as the log names it.
    pub(crate) what: &'static str,
    /// Which of them.
    pub(crate) labels: Option<String>,
    /// How long a watch lasts, in seconds.
    pub(crate) seconds: u32,
    /// What to do when the API server does not know the resource.
    pub(crate) hint: &'static str,
}

/// Watches for ever. A watch that has fallen silent without being closed is noticed a few seconds after its time.
pub(crate) async fn follow<K>(
    api: Api<K>,
    subject: Subject,
    shared: Arc<Shared>,
    mut tell: impl FnMut(News<K>),
) where
    K: kube::Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut version = None;
    let (mut failures, mut warned) = (0_u32, false);
    loop {
        let mut lives = false;
        let ended = match version.take() {
            None => list(&api, &subject, &shared, &mut tell).await,
            Some(from) => watch(&api, &subject, from, &mut lives, &mut tell).await,
        };
        // A list alone is no watch: where each watch fails, everything is listed ever more seldom.
        if lives {
            failures = 0;
            if std::mem::take(&mut warned) {
                info!("the {} are watched again", subject.what);
            }
        }
        let error = match ended {
            Ok(last) => {
                version = Some(last);
                continue;
            }
            Err(error) => error,
        };
        // After any failure everything is listed anew: that is always right, and failures are rare.
        let told = |status: StatusCode| matches!(&error, kube::Error::Api(told) if told.code == status.as_u16());
        if !told(StatusCode::GONE) {
            shared.telemetry.watch_failed(subject.what);
            if !std::mem::replace(&mut warned, true) {
                let unknown = told(StatusCode::NOT_FOUND);
                warn!(
                    "the {} cannot be watched; nothing new is begun without them: {}{}",
                    subject.what,
                    causes(&error),
                    if unknown { subject.hint } else { "" }
                );
            }
        }
        // A version that is too old is no fault, unless the next one is too old again.
        if failures > 0 || !told(StatusCode::GONE) {
            let pause = FIRST_PAUSE * (1 << failures.min(5));
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
        }
        failures += 1;
    }
}

/// Lists everything as it is at this moment, from no cache: the version of the list.
async fn list<K>(
    api: &Api<K>,
    subject: &Subject,
    shared: &Shared,
    tell: &mut impl FnMut(News<K>),
) -> kube::Result<String>
where
    K: kube::Resource + Clone + DeserializeOwned + Debug,
{
    let asked_at = shared.clock.now();
    let (objects, version) = all(api, subject.labels.as_deref()).await?;
    tell(News::Listed {
        objects,
        version: version.clone(),
        asked_at,
    });
    Ok(version)
}

/// Everything with these labels as it is at this moment, from no cache, and the version of the list.
///
/// # Errors
/// What the API server says.
pub(crate) async fn all<K>(api: &Api<K>, labels: Option<&str>) -> kube::Result<(Vec<K>, String)>
where
    K: kube::Resource + Clone + DeserializeOwned + Debug,
{
    let mut params = ListParams::default().limit(PAGE);
    params.label_selector = labels.map(str::to_owned);
    let mut objects = Vec::new();
    loop {
        let page = api.list(&params).await?;
        objects.extend(page.items);
        // All pages are of the version of the first.
        match page.metadata.continue_.filter(|next| !next.is_empty()) {
            Some(next) => params.continue_token = Some(next),
            None => return Ok((objects, page.metadata.resource_version.unwrap_or_default())),
        }
    }
}

/// Tells what changes after a version until the watch ends: the version up to which everything was told. It `lives` as soon as it
/// has told something, or has ended in good order.
async fn watch<K>(
    api: &Api<K>,
    subject: &Subject,
    from: String,
    lives: &mut bool,
    tell: &mut impl FnMut(News<K>),
) -> kube::Result<String>
where
    K: kube::Resource + Clone + DeserializeOwned + Debug,
{
    let params = WatchParams {
        label_selector: subject.labels.clone(),
        timeout: Some(subject.seconds),
        bookmarks: true,
        ..WatchParams::default()
    };
    let patience = Duration::from_secs(subject.seconds.into()) + MARGIN;
    let silent = || {
        let text = format!("silent for {patience:?}");
        kube::Error::ReadEvents(std::io::Error::new(std::io::ErrorKind::TimedOut, text))
    };
    let mut version = from;
    let events = tokio::time::timeout(patience, api.watch(&params, &version)).await;
    let events = events.map_err(|_| silent())??;
    // It was opened: whatever there is since that version will come.
    tell(News::Quiet);
    pin_mut!(events);
    loop {
        let Some(event) = tokio::time::timeout(patience, events.next())
            .await
            .map_err(|_| silent())?
        else {
            *lives = true;
            return Ok(version);
        };
        let event = event?;
        *lives |= !matches!(event, WatchEvent::Error(_));
        match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                note(&mut version, &object);
                tell(News::Seen(object));
            }
            WatchEvent::Deleted(object) => {
                note(&mut version, &object);
                tell(News::Gone(object));
            }
            WatchEvent::Bookmark(bookmark) => {
                version = bookmark.metadata.resource_version;
                tell(News::Quiet);
            }
            WatchEvent::Error(status) => return Err(kube::Error::Api(status)),
        }
    }
}

fn note<K: kube::Resource>(version: &mut String, object: &K) {
    if let Some(seen) = object.resource_version() {
        *version = seen;
    }
}
