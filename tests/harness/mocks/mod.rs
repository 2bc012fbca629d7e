//! Mock bridges and a mock jicofo: thin servers around [`bridge::model`], thousands in one process.
//!
//! All bridges of one jicofo live in one [`MockJitsi`]: a model behind a lock, a driver that lets its time pass and opens and
//! closes the bridges' ports as their processes come and go, and a server per bridge on the bridge's own address. What a
//! server does to a reply that the model gave, being slow or lying, is a [`Fault`]. [`clock`] is for measurements: very many
//! bridges that say nothing but the time.

pub mod clock;

mod driver;
mod fault;
mod jitsi;
mod namespaces;
mod runtime;
mod server;

pub use fault::Fault;
pub use jitsi::MockJitsi;
pub use namespaces::Namespaces;
pub use runtime::DRAIN_AND_WAIT;
