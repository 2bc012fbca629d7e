//! The body of an answer.

use bytes::Bytes;

/// Answers are made whole before they are sent: a snapshot, never a mixture of two.
pub type Body = http_body_util::Full<Bytes>;
