//! The laboratory itself keeps what it promises.

mod control_plane;
mod janitor;
mod kubelet;
mod many;
mod outage;
mod place;
