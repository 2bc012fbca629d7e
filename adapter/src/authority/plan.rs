//! What is to be done with what the Secret holds: no I/O, no clock.
//!
//! ```text
//! an authority's life:   0          1/6                    2/3        5/6       1
//!                        made,      signs, if it is        a new one            expired:
//!                        published  published everywhere   is made    signs     forgotten
//! ```

use rustls::pki_types::CertificateDer;

use super::held::{Held, Issued};
use super::trust;

/// Changes of what is held. The default changes nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Plan {
    /// How many authorities, from the oldest, are forgotten: they have expired.
    pub(super) forget: usize,
    /// A new authority is made.
    pub(super) authority: bool,
    /// A new leaf is made.
    pub(super) leaf: Option<Signer>,
}

/// Who signs the new leaf.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Signer {
    /// The authority that is made now: nobody else is left.
    New,
    /// The held one of this number.
    Held(usize),
}

impl Plan {
    pub(super) fn changes_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What is to be done at `now`, where those bundles are published, and the leaf must be good for `hosts`.
pub(super) fn plan(
    held: &Held,
    published: &[Vec<CertificateDer<'_>>],
    hosts: &[String],
    now: i64,
) -> Plan {
    let expired = |one: &&Issued| one.span.has_expired(now);
    let forget = held.authorities.iter().rev().take_while(expired).count();
    let living = &held.authorities[..held.authorities.len() - forget];
    let authority = living
        .first()
        .is_none_or(|newest| newest.span.is_over(2, 3, now));
    let is_published = |one: &Issued| published.iter().all(|bundle| bundle.contains(&one.der));
    let can_sign = |one: &Issued| one.key.is_some() && !one.span.has_expired(now);
    let ripe = |one: &Issued| can_sign(one) && one.span.is_over(1, 6, now) && is_published(one);
    let signer = living
        .iter()
        .position(ripe)
        // Too young or not published, but there is no better: the eldest has been known for longest.
        .or_else(|| living.iter().rposition(can_sign))
        .map_or(Signer::New, Signer::Held);
    let good = held.leaf.as_ref().is_some_and(|leaf| {
        let bundle: Vec<_> = living.iter().map(|one| one.der.clone()).collect();
        let believed = |host: &String| trust::verify(&leaf.der, &bundle, host, now).is_ok();
        !leaf.span.is_over(2, 3, now) && hosts.iter().all(believed)
    });
    Plan {
        forget,
        authority: authority || signer == Signer::New,
        leaf: (!good).then_some(signer),
    }
}

#[cfg(test)]
mod tests;
