//! What the tests of the serving side share.

pub(crate) mod api_server;
pub(crate) mod caller;
pub(crate) mod frames;
pub(crate) mod pki;
pub(crate) mod soon;
pub(crate) mod stand;
