//! Delegated authentication and authorization: the API server knows who is who and who may what.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use rustls::pki_types::UnixTime;
use tokio::sync::watch::Receiver;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::access::attributes::Attributes;
use crate::access::authn::x509::Peer;
use crate::access::authn::{Authenticator, Refusal};
use crate::access::authz::{Authorizer, Denial};
use crate::access::delegation::{self, Delegation};
use crate::access::identity::User;
use crate::access::review::Reviewer;

use crate::access::delegation::StartError;

/// Knows who asks and what they may, by what the API server publishes and answers.
pub struct Guard {
    authenticator: Authenticator,
    authorizer: Authorizer,
    delegation: Receiver<Arc<Delegation>>,
    following: JoinHandle<()>,
}

impl Guard {
    /// Reads whom the API server believes (ConfigMap
    /// `kube-system/extension-apiserver-authentication`), waiting for it as long as `deadline`,
    /// and follows it until `shutdown`, with a new watch every `watch_seconds`.
    ///
    /// # Errors
    /// Where it could not be read in time; the text says which right is missing.
    pub async fn start(
        client: kube::Client,
        deadline: Duration,
        watch_seconds: u32,
        shutdown: CancellationToken,
    ) -> Result<Self, StartError> {
        let (delegation, following) =
            delegation::watch(client.clone(), deadline, watch_seconds, shutdown).await?;
        // Two, so that strangers who invent tokens use up none of the questions about what known users may.
        let tokens = Arc::new(Reviewer::new(client.clone()));
        let rights = Arc::new(Reviewer::new(client));
        Ok(Self {
            authenticator: Authenticator::new(delegation.clone(), tokens),
            authorizer: Authorizer::new(rights),
            delegation,
            following,
        })
    }

    /// Ends when the ConfigMap is not followed any more, after which authorities would grow stale
    /// unnoticed.
    pub(crate) async fn blinded(&self) {
        let mut delegation = self.delegation.clone();
        while delegation.changed().await.is_ok() {}
    }

    /// Who makes the request; claims of an identity are taken out of `headers`.
    pub(crate) async fn authenticate(
        &self,
        peer: &Peer,
        headers: &mut HeaderMap,
    ) -> Result<User, Refusal> {
        let now = UnixTime::now();
        self.authenticator.authenticate(peer, headers, now).await
    }

    /// Nothing if `user` may, else why not.
    pub(crate) async fn authorize(
        &self,
        user: &User,
        attributes: &Attributes,
    ) -> Result<(), Denial> {
        self.authorizer.authorize(user, attributes).await
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.following.abort();
    }
}
