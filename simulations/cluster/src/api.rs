//! The API server: objects with versions, requests that change them, the log that watches follow, and what may be wrong with it.

mod eviction;
mod object;
mod request;
mod server;
mod trouble;
mod watch;

pub use object::{
    Container, ContainerState, Key, Kind, Lease, Meta, Node, Object, Pdb, Pod, Pool, Taint,
};
pub use request::{Actor, Edit, Refusal, Reply, Request};
pub use server::{ApiServer, Change, Record};
pub use trouble::{Fate, Trouble};
pub use watch::Watch;
