//! Who is it? In the order of every API server: the front proxy, client certificates, tokens.

use std::sync::Arc;

use http::HeaderMap;
use rustls::pki_types::UnixTime;
use tokio::sync::watch::Receiver;

use crate::access::delegation::Delegation;
use crate::access::identity::User;
use crate::access::review::{ReviewError, Reviewer};

pub(crate) mod request_header;
pub(crate) mod token;
pub(crate) mod x509;

use request_header::Claims;
use token::Tokens;
use x509::Peer;

/// Authentication as the API server delegates it.
pub(crate) struct Authenticator {
    delegation: Receiver<Arc<Delegation>>,
    tokens: Tokens,
}

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody vouches for it; the reasons are for the log, not for a stranger.
    Unknown(Vec<String>),
    /// The API server, who may vouch for it, could not be asked.
    Unavailable(ReviewError),
}

impl Authenticator {
    pub(crate) fn new(delegation: Receiver<Arc<Delegation>>, reviewer: Arc<Reviewer>) -> Self {
        Self {
            delegation,
            tokens: Tokens::new(reviewer),
        }
    }

    /// Who makes a request with these headers over this connection. Everything that claims an
    /// identity is taken out of `headers` first, so that nothing behind can believe it.
    pub(crate) async fn authenticate(
        &self,
        peer: &Peer,
        headers: &mut HeaderMap,
        now: UnixTime,
    ) -> Result<User, Refusal> {
        let delegation = Arc::clone(&self.delegation.borrow());
        let claims = Claims::take(headers, delegation.front_proxy());
        let token = token::take(headers);
        let mut reasons = Vec::new();

        if let Some(user) = by_certificate(&delegation, peer, claims, now, &mut reasons) {
            return accept(user, reasons);
        }
        let reason = match token {
            Ok(Some(token)) => match self.tokens.user(&token).await {
                Ok(Some(user)) => return accept(user, reasons),
                Ok(None) => "bearer token: the API server rejects it",
                Err(error) => return Err(Refusal::Unavailable(error)),
            },
            Ok(None) => "no bearer token",
            Err(reason) => reason,
        };
        reasons.push(reason.to_owned());
        Err(Refusal::Unknown(reasons))
    }
}

fn by_certificate(
    delegation: &Delegation,
    peer: &Peer,
    claims: Claims,
    now: UnixTime,
    reasons: &mut Vec<String>,
) -> Option<User> {
    let Some(verdict) = peer.verdict(delegation, now) else {
        reasons.push("no client certificate".to_owned());
        return None;
    };
    let mut because = |who: &str, why: &str| reasons.push(format!("certificate as {who}: {why}"));
    match (&verdict.front_proxy, delegation.front_proxy()) {
        (Ok(subject), Some(proxy)) if proxy.admits(subject) => match claims.user() {
            Ok(Some(user)) => return Some(user),
            Ok(None) => because("front proxy", "it names no user"),
            Err(why) => because("front proxy", why),
        },
        (Ok(subject), _) => {
            let name = &subject.common_name;
            because(
                "front proxy",
                &format!("{name:?} is not one of the allowed names"),
            );
        }
        (Err(why), _) => because("front proxy", why),
    }
    match &verdict.client {
        Ok(subject) => {
            let user = peer.user(subject);
            if user.is_none() {
                because("client", "it has no common name");
            }
            user
        }
        Err(why) => {
            because("client", why);
            None
        }
    }
}

/// Nobody in particular is not let in, whoever vouches for them: anonymous requests are answered
/// on the open paths alone.
fn accept(user: User, mut reasons: Vec<String>) -> Result<User, Refusal> {
    if user.is_anonymous() {
        reasons.push("anonymous".to_owned());
        return Err(Refusal::Unknown(reasons));
    }
    Ok(user.authenticated())
}

#[cfg(test)]
mod tests;
