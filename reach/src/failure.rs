//! Why somebody's answer could not be had.

use std::io::ErrorKind;
use std::net::IpAddr;

use http::StatusCode;

/// Why the answer of a bridge, or of jicofo, could not be had.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Nobody is asked there.
    #[error("{0} is no address that a pod can have, and is not asked")]
    Address(IpAddr),
    /// Nobody listens there, or cannot be reached.
    #[error("cannot connect: {0}")]
    Connect(ErrorKind),
    /// The connection ended before the answer began.
    #[error("the connection was closed instead of answered")]
    Closed,
    /// The answer was not complete in time.
    #[error("no complete answer within the deadline")]
    Timeout,
    /// An HTTP status other than 200.
    #[error("the bridge answered {0}")]
    Status(StatusCode),
    /// Somebody wants us to ask elsewhere: never done, only the pod's own address is asked.
    #[error("the bridge answered with a redirect, which is not followed")]
    Redirect,
    /// Something else than statistics.
    #[error("the bridge answered with content type `{0}`")]
    ContentType(String),
    /// The answer ended in its middle.
    #[error("the answer ended before it was complete")]
    Truncated,
    /// More than there can be to say: the most that is read, in bytes.
    #[error("the answer is larger than {} KiB", .0 / 1024)]
    TooLarge(usize),
    /// No HTTP.
    #[error("the answer is not HTTP")]
    NotHttp,
    /// Statistics that cannot be understood.
    #[error("{0}")]
    Unreadable(String),
}

impl Failure {
    /// Whether the bridge may still answer another of its sources.
    pub const fn is_of_the_source(&self) -> bool {
        matches!(
            self,
            Self::Status(_) | Self::Redirect | Self::ContentType(_) | Self::Unreadable(_)
        )
    }

    /// The class of the failure, as a metric's label: few and fixed.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Connect(_) | Self::Closed => "connect",
            Self::Timeout => "timeout",
            Self::Status(_) => "status",
            Self::Redirect => "redirect",
            Self::ContentType(_) => "content_type",
            Self::TooLarge(_) => "too_large",
            Self::Truncated | Self::NotHttp | Self::Unreadable(_) => "parse",
        }
    }
}
