//! The laboratory itself keeps what it promises.

mod control_plane;
mod kubelet;
