//! The faults of `docs/faults.md` that need no real API server, each as a scene of its own: an exact fault at an exact moment.
//!
//! A scene is played twice and more: as it is, and nothing is wrong in it; and without that which protects, and then something is.

mod api_server;
mod controllers;
mod jitsi;
mod nodes;
mod page;
mod scaling;
mod scene;
mod users;
