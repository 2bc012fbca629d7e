//! Who asks, and may they? The API server knows, and is asked.
//!
//! The [`Guard`] is this part's front. Behind it, authentication takes an identity from a client certificate, from the headers
//! of the API server's own front proxy, or from a token; which authorities and headers count is published by the API server
//! and followed in `delegation`. Authorization, and what a token is worth, is a question to the API server (`review`), whose
//! answers are kept for seconds (`cache`).
//!
//! Nothing here knows what is served, or how a refusal is told.

mod attributes;
mod authn;
mod authz;
mod bundle;
mod cache;
mod delegation;
mod guard;
mod identity;
mod review;

pub use attributes::Attributes;
pub(crate) use authn::Refusal;
pub(crate) use authn::x509::Peer;
pub(crate) use authz::Denial;
pub use delegation::StartError;
pub use guard::Guard;
pub(crate) use identity::Subject;
pub use identity::User;
pub(crate) use review::ReviewError;
