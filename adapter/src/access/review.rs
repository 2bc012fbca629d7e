//! Asking the API server for a verdict (`TokenReview`, `SubjectAccessReview`).

use std::fmt::Debug;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use k8s_openapi::api::authentication::v1::TokenReview;
use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use kube::Api;
use kube::api::PostParams;
use reach::causes;
use tokio::sync::Semaphore;

use crate::access::cache::Lost;

/// How long a verdict may take. The aggregator gives discovery requests 5 s in all.
const PATIENCE: Duration = Duration::from_secs(4);

/// Reviews under way at once; more wait, within their patience.
const AT_ONCE: usize = 64;

/// Reviews a second in the long run and in a burst, as the generic API server's own client.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(200).unwrap();
const BURST: NonZeroU32 = NonZeroU32::new(400).unwrap();

/// The API server as the one who knows.
pub(crate) struct Reviewer {
    client: kube::Client,
    at_once: Semaphore,
    pace: DefaultDirectRateLimiter,
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReviewError {
    /// More strangers ask than the API server should be troubled with.
    #[error("too many requests need a verdict of the API server")]
    Busy,
    #[error(
        "the API server did not answer a {kind} within {}",
        humantime::format_duration(PATIENCE)
    )]
    Late { kind: &'static str },
    #[error("the API server cannot be asked for a {kind}: {cause}")]
    Unreachable { kind: &'static str, cause: String },
    /// This adapter may not ask.
    #[error("the API server refused a {kind}: {message}")]
    Refused { kind: &'static str, message: String },
    #[error("asking the API server ended without an answer")]
    Lost,
}

impl From<Lost> for ReviewError {
    fn from(Lost: Lost) -> Self {
        Self::Lost
    }
}

/// An object that is created in order to be answered, and never stored.
pub(crate) trait Review:
    kube::Resource<DynamicType = ()>
    + serde::Serialize
    + serde::de::DeserializeOwned
    + Clone
    + Debug
    + Send
    + Sync
{
    const KIND: &'static str;
}

impl Review for TokenReview {
    const KIND: &'static str = "TokenReview";
}

impl Review for SubjectAccessReview {
    const KIND: &'static str = "SubjectAccessReview";
}

impl Reviewer {
    pub(crate) fn new(client: kube::Client) -> Self {
        Self {
            client,
            at_once: Semaphore::new(AT_ONCE),
            pace: RateLimiter::direct(Quota::per_second(PER_SECOND).allow_burst(BURST)),
        }
    }

    /// The API server's copy of `review` with its verdict.
    pub(crate) async fn ask<R: Review>(&self, review: &R) -> Result<R, ReviewError> {
        if self.pace.check().is_err() {
            return Err(ReviewError::Busy);
        }
        let asking = async {
            let _place = self.at_once.acquire().await.map_err(|_| Lost)?;
            Api::<R>::all(self.client.clone())
                .create(&PostParams::default(), review)
                .await
                .map_err(|error| explain(R::KIND, error))
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(ReviewError::Late { kind: R::KIND }),
        }
    }
}

fn explain(kind: &'static str, error: kube::Error) -> ReviewError {
    match error {
        // 401: our own token is no good; 403: it is, but has no right to ask.
        kube::Error::Api(status) if matches!(status.code, 401 | 403) => ReviewError::Refused {
            kind,
            message: status.message,
        },
        kube::Error::Api(status) => ReviewError::Unreachable {
            kind,
            cause: format!("it answered {}: {}", status.code, status.message),
        },
        error => ReviewError::Unreachable {
            kind,
            cause: causes(&error),
        },
    }
}
