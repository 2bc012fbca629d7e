//! Reads of all pods' stress as an HPA makes them, and what they tell.

use std::io::Read as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bridge::Time;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderValue, Request};
use k8s_metrics::QuantityExt;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::Client;
use kube::client::Body;
use laboratory::mocks::clock;
use serde::Deserialize;

/// The form that every metrics adapter has. The HPA's client would rather have protobuf, but takes this.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Reads one path, again and again, on connections that are kept.
#[derive(Clone)]
pub(crate) struct Reader {
    client: Client,
    path: String,
    packed: bool,
}

/// One answer.
pub(crate) struct Read {
    /// From the request until the last byte of the answer.
    pub(crate) took: Duration,
    /// When that was there.
    pub(crate) at: Time,
    body: Bytes,
    is_packed: bool,
}

#[derive(Deserialize)]
struct List {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    value: Quantity,
}

pub(crate) fn now() -> Time {
    Time::from_millis(jiff::Timestamp::now().as_millisecond())
}

impl Reader {
    /// Takes answers packed, as Go's clients do.
    pub(crate) fn new(client: Client, path: &str) -> Self {
        Self {
            client,
            path: path.to_owned(),
            packed: true,
        }
    }

    /// Takes answers only as they are.
    #[must_use]
    pub(crate) fn unpacked(&self) -> Self {
        Self {
            packed: false,
            ..self.clone()
        }
    }

    /// Reads another path.
    #[must_use]
    pub(crate) fn of(&self, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            ..self.clone()
        }
    }

    /// Reads once; whatever is no success is an error.
    pub(crate) async fn read(&self) -> Result<Read> {
        match self.try_read().await? {
            Ok(read) => Ok(read),
            Err((status, body)) => {
                bail!(
                    "{status}: {}",
                    String::from_utf8_lossy(&body[..body.len().min(500)])
                )
            }
        }
    }

    /// Reads once; an answer that is no success comes with its status.
    pub(crate) async fn try_read(&self) -> Result<Result<Read, (http::StatusCode, Bytes)>> {
        let mut request = Request::get(&self.path).body(Body::empty())?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, JSON);
        if self.packed {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let started = Instant::now();
        let response = self.client.send(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect_bytes().await?;
        let took = started.elapsed();
        let at = now();
        if !head.status.is_success() {
            return Ok(Err((head.status, body)));
        }
        Ok(Ok(Read {
            took,
            at,
            body,
            is_packed: head.headers.contains_key(CONTENT_ENCODING),
        }))
    }
}

impl Read {
    /// All values.
    pub(crate) fn values(&self) -> Result<Vec<f64>> {
        let mut unpacked = Vec::new();
        let body: &[u8] = if self.is_packed {
            GzDecoder::new(&*self.body)
                .read_to_end(&mut unpacked)
                .context("the answer is not packed as it says")?;
            &unpacked
        } else {
            &self.body
        };
        let list: List = serde_json::from_slice(body).context("the answer is no list of values")?;
        let value = |item: &Item| item.value.to_f64().context("a value is no quantity");
        list.items.iter().map(value).collect()
    }

    /// How old each value was when the answer was there.
    pub(crate) fn ages(&self, bridges: usize) -> Result<Vec<Duration>> {
        let values = self.values()?;
        ensure!(
            values.len() == bridges,
            "the answer has {} values instead of {bridges}",
            values.len()
        );
        let age = |value: f64| clock::age(value, self.at);
        Ok(values.into_iter().map(age).collect())
    }
}
