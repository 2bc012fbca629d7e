//! Questions to the API server, whose answers are not trusted to be there.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reach::{Clock, causes, date};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::check::facts::{Known, Moment, Unknown};

/// What may stand in a query's value as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// How many objects come in one page.
const PAGE: usize = 250;

/// Asks as whoever runs the check.
pub(super) struct Asker {
    client: kube::Client,
    clock: Clock,
    timeout: Duration,
}

/// An answer, whatever its status.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) clock: Option<Moment>,
}

#[derive(Deserialize)]
struct Status {
    message: Option<String>,
}

#[derive(Deserialize)]
struct List<T> {
    #[serde(default)]
    metadata: Page,
    items: Vec<T>,
}

#[derive(Default, Deserialize)]
struct Page {
    #[serde(rename = "continue")]
    next: Option<String>,
}

impl Asker {
    pub(super) fn new(client: kube::Client, clock: Clock, timeout: Duration) -> Self {
        Self {
            client,
            clock,
            timeout,
        }
    }

    /// The time here.
    pub(super) fn now(&self) -> bridge::Time {
        self.clock.now()
    }

    /// How long one answer may take.
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// One question, one answer of any status.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        body: Vec<u8>,
    ) -> Known<Reply> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(ACCEPT, accept)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .map_err(|error| Unknown::Failed(error.to_string()))?;
        let asked = self.now();
        let exchange = async {
            let (head, body) = self
                .client
                .send(request)
                .await
                .map_err(|error| failed(&anyhow::Error::from(error)))?
                .into_parts();
            let answered = self.now();
            let body = body
                .collect()
                .await
                .map_err(|error| failed(&error.into()))?;
            Ok((head, body.to_bytes(), answered))
        };
        let (head, body, answered) = tokio::time::timeout(self.timeout, exchange)
            .await
            .map_err(|_| {
                Unknown::Failed(format!("no answer within {:?} (--timeout)", self.timeout))
            })??;
        Ok(Reply {
            clock: date(&head.headers).map(|told| Moment {
                told,
                asked,
                answered,
            }),
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    /// A document, or none where there is none.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Known<Option<T>> {
        self.read(path, "application/json").await
    }

    /// A document in this form, or none where there is none.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        accept: &str,
    ) -> Known<Option<T>> {
        let reply = self.ask(Method::GET, path, accept, Vec::new()).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        reply.json().map(Some)
    }

    /// A document that must be there, and what time it is there.
    pub(super) async fn get_at<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Known<(T, Option<Moment>)> {
        let reply = self
            .ask(Method::GET, path, "application/json", Vec::new())
            .await?;
        Ok((reply.json()?, reply.clock))
    }

    /// Creates an object that is an answer and is not kept: a review.
    pub(super) async fn review<T: DeserializeOwned>(
        &self,
        path: &str,
        review: &serde_json::Value,
    ) -> Known<T> {
        let body = review.to_string().into_bytes();
        self.ask(Method::POST, path, "application/json", body)
            .await?
            .json()
    }

    /// All objects of a list that a label selector means.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        selector: Option<&str>,
    ) -> Known<Vec<T>> {
        let mut all = Vec::new();
        let mut next = String::new();
        loop {
            let mut query = format!("{path}?limit={PAGE}");
            for (key, value) in [("labelSelector", selector), ("continue", Some(&*next))] {
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    query.extend(["&", key, "="]);
                    query.extend(utf8_percent_encode(value, QUERY));
                }
            }
            let List { metadata, items }: List<T> = self
                .get(&query)
                .await?
                .ok_or_else(|| Unknown::Failed(format!("the API server has no {path}")))?;
            all.extend(items);
            match metadata.next.filter(|next| !next.is_empty()) {
                Some(more) => next = more,
                None => return Ok(all),
            }
        }
    }
}

impl Reply {
    /// What it says, where it says what was asked for.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Known<T> {
        if !self.status.is_success() {
            let said = self.message();
            return Err(if self.status == StatusCode::FORBIDDEN {
                Unknown::Forbidden(said)
            } else {
                Unknown::Failed(format!("{}: {said}", self.status))
            });
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Unknown::Failed(format!("the answer cannot be read: {error}")))
    }

    /// The message of a refusal.
    pub(super) fn message(&self) -> String {
        let said = serde_json::from_slice::<Status>(&self.body).ok();
        said.and_then(|status| status.message)
            .unwrap_or_else(|| String::from_utf8_lossy(&self.body).trim().to_owned())
    }
}

fn failed(error: &anyhow::Error) -> Unknown {
    Unknown::Failed(causes(error.as_ref()))
}
