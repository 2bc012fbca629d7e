//! The laboratory itself keeps what it promises.

mod bench;
mod control_plane;
mod drain;
mod janitor;
mod kubelet;
mod many;
mod outage;
mod place;
mod probes;
