//! How what runs outside is reached: the API server ([`client`]), bridges and jicofo ([`Probe`], [`send`], [`converse`]), the clock, signals.
//!
//! What the adapter and the pool's controller do in the same way is here, once. Nothing is decided in it, and what a bridge's
//! words mean is not its business.

mod address;
mod causes;
mod clock;
mod exchange;
mod failure;
mod listen;
mod probe;
mod swap;

pub mod client;
pub mod files;
pub mod log;
pub mod signals;

pub use address::Loopback;
pub use causes::causes;
pub use clock::{Clock, Correction, uptime};
pub use exchange::{converse, date, fetch, send};
pub use failure::Failure;
pub use listen::listen;
pub use probe::{Answer, Probe};
pub use swap::{said, swap};
