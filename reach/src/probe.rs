//! One bridge's statistics over HTTP.
//!
//! Between two questions a bridge costs an open socket and nothing else: the HTTP state is made for each question and taken
//! apart after it. That is cheaper than a connection object and a task that sleep 5 s for each of ten thousand bridges.

use std::net::SocketAddr;
use std::time::Duration;

use bridge::source::Source;
use bridge::{Stats, Time};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::address::{Loopback, is_of_a_pod};
use crate::exchange::{connect, date, exchange};
use crate::failure::Failure;

#[cfg(test)]
mod tests;

/// What a bridge may say at most: about fifty times what it does.
const BODY_CAP: usize = 256 * 1024;

/// After so many answers from a later source the first one is tried again: it may have failed in passing, and it is the cheapest.
const RETRY_FIRST_AFTER: u32 = 60;

/// Asks one process of one bridge, and remembers how it likes to be asked.
#[derive(Debug)]
pub struct Probe {
    address: SocketAddr,
    loopback: Loopback,
    source: Option<Source>,
    answers: u32,
    idle: Option<TcpStream>,
}

/// What a bridge said, and when by its own clock.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it said.
    pub stats: Stats,
    /// The `Date` of its reply.
    pub bridge_clock: Option<Time>,
    /// In which form it said it.
    pub source: Source,
}

impl Probe {
    /// Nothing is asked yet.
    pub const fn new(address: SocketAddr, loopback: Loopback) -> Self {
        Self {
            address,
            loopback,
            source: None,
            answers: 0,
            idle: None,
        }
    }

    /// Another one to the same bridge, of which nothing is known.
    #[must_use]
    pub const fn anew(&self) -> Self {
        Self::new(self.address, self.loopback)
    }

    /// The only address that is ever asked.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether anybody is asked there at all.
    ///
    /// # Errors
    /// [`Failure::Address`] where it is no pod's address.
    pub fn check_address(&self) -> Result<(), Failure> {
        let address = self.address.ip();
        if is_of_a_pod(address, self.loopback) {
            Ok(())
        } else {
            Err(Failure::Address(address))
        }
    }

    /// Asks for the statistics, and for these further numbers by the bridge's own keys.
    ///
    /// # Errors
    /// The failure of the source that answers best, when none does within the deadline.
    pub async fn ask(&mut self, keys: &[String], deadline: Duration) -> Result<Answer, Failure> {
        self.check_address()?;
        let answer = timeout(deadline, self.ask_any(keys))
            .await
            .unwrap_or(Err(Failure::Timeout));
        if let Ok(answer) = &answer {
            self.answers += 1;
            let again =
                answer.source != Source::ALL[0] && self.answers.is_multiple_of(RETRY_FIRST_AFTER);
            self.source = (!again).then_some(answer.source);
        } else {
            self.source = None;
            self.idle = None;
        }
        answer
    }

    /// The source that worked last, then all others in their order; those that need another connection or more time than there
    /// is are no better with another source.
    async fn ask_any(&mut self, keys: &[String]) -> Result<Answer, Failure> {
        let mut first = None;
        let last = self.source;
        let others = Source::ALL
            .into_iter()
            .filter(|source| Some(*source) != last);
        for source in last.into_iter().chain(others) {
            match self.ask_for(source, keys).await {
                Ok(answer) => return Ok(answer),
                Err(failure) if failure.is_of_the_source() => {
                    first.get_or_insert(failure);
                }
                Err(failure) => return Err(first.unwrap_or(failure)),
            }
        }
        Err(first.unwrap_or(Failure::Timeout))
    }

    async fn ask_for(&mut self, source: Source, keys: &[String]) -> Result<Answer, Failure> {
        let (head, body) = match self.idle.take() {
            Some(stream) => match self.exchange(stream, source).await {
                // The bridge closed the connection between two questions: ask again on a new one.
                Err(Failure::Closed) => self.exchange(connect(self.address).await?, source).await?,
                other => other?,
            },
            None => self.exchange(connect(self.address).await?, source).await?,
        };
        if head.status.is_redirection() {
            return Err(Failure::Redirect);
        }
        if head.status != StatusCode::OK {
            return Err(Failure::Status(head.status));
        }
        check_content_type(source, &head.headers)?;
        let stats = source
            .read(&body, keys)
            .map_err(|error| Failure::Unreadable(format!("{:#}", anyhow::Error::from(error))))?;
        Ok(Answer {
            stats,
            bridge_clock: date(&head.headers),
            source,
        })
    }

    async fn exchange(
        &mut self,
        stream: TcpStream,
        source: Source,
    ) -> Result<(http::response::Parts, Bytes), Failure> {
        let request = source.request(&self.address.to_string());
        let reply = exchange(stream, request, BODY_CAP).await?;
        self.idle = reply.idle;
        Ok((reply.head, reply.body))
    }
}

/// A page of a proxy or of another server is no statistics, whatever its status.
fn check_content_type(source: Source, headers: &HeaderMap) -> Result<(), Failure> {
    let told = headers
        .get(CONTENT_TYPE)
        .and_then(|told| told.to_str().ok())
        .unwrap_or_default();
    if source.comes_as(told) {
        Ok(())
    } else {
        Err(Failure::ContentType(told.to_owned()))
    }
}
