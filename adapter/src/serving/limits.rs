//! How much is served to whom at once, and for how long.

use std::time::Duration;

/// How much is served to whom at once, and for how long. The defaults are those of the adapter.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once; further ones wait in the listener's backlog.
    pub connections: usize,
    /// Connections of one address at once; further ones are hung up on. It leaves places for the API server.
    pub connections_of_one: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a request's header may take to arrive (HTTP/1).
    pub header: Duration,
    /// Bytes of a request's header. Groups of a user come as one header each.
    pub header_bytes: u32,
    /// Number of a request's headers (HTTP/1; in HTTP/2 their bytes bound it).
    pub headers: usize,
    /// Requests at once in one connection (HTTP/2).
    pub streams: u32,
    /// Bytes of answers that are made and not read yet, of all users that share this room.
    pub unread: usize,
    /// How long one answer may take to make.
    pub answer: Duration,
    /// How long a connection may rest without a request.
    pub rest: Duration,
    /// The same while nobody has been authenticated on it: strangers shall not hold the places of others.
    pub stranger_rest: Duration,
    /// How long a connection that is being closed may take to deliver its last answer.
    pub farewell: Duration,
    /// How long requests that are under way at the end may take. Shorter than a pod's grace
    /// period.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1000,
            connections_of_one: 250,
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(32),
            header_bytes: 128 * 1024,
            headers: 1000,
            streams: 100,
            unread: 64 * 1024 * 1024,
            answer: Duration::from_secs(30),
            rest: Duration::from_secs(90),
            stranger_rest: Duration::from_secs(10),
            farewell: Duration::from_secs(10),
            drain: Duration::from_secs(20),
        }
    }
}
