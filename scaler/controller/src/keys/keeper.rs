//! Keeps the Secret and the ConfigMaps, and tells the signer which key signs.

use std::collections::BTreeSet;
use std::sync::Arc;

use bridge::Time;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use reach::{said, swap};
use ring::rand::{SecureRandom as _, SystemRandom};
use scaler_token::contract::{PUBLIC_KEYS, SIGNING_KEYS};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};

use super::held::{Held, Seed};
use super::plan::{Change, after, plan};
use super::published::Place;
use super::{PATIENCE, Pace, Signer};
use crate::budget::{Budgets, Wanted};
use crate::shared::Shared;

/// What stands in the way.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(
        "cannot {what}: {cause}\nhint: the roles jvb-scaler and jvb-scaler:keys of rbac.yaml allow it"
    )]
    Api { what: String, cause: String },
    #[error(
        "Secret {namespace}/{SIGNING_KEYS} is left alone, and with it all keys: {why}\nhint: put back what was there; or delete it \
         with kubectl -n {namespace} delete secret {SIGNING_KEYS}, then a new key is made, and commands are refused until the \
         kubelet has brought it to the pods, about two minutes"
    )]
    Unreadable { namespace: String, why: String },
    #[error(
        "the system gives no random numbers, so no key can be made\nhint: look at the machine of this pod"
    )]
    NoRandom,
    #[error("the API server did not answer within {PATIENCE:?}")]
    Late,
}

/// Whoever keeps the keys while this replica leads.
pub(crate) struct Keeper {
    client: Client,
    namespace: String,
    secrets: Api<Secret>,
    pace: Pace,
    signer: Signer,
    shared: Arc<Shared>,
    /// What was told last, so that it is told once.
    told: Option<String>,
}

impl Keeper {
    /// Keeps the Secret in this namespace, and has the signer sign with what it holds.
    pub(crate) fn new(
        client: &Client,
        namespace: &str,
        pace: Pace,
        signer: &Signer,
        shared: &Arc<Shared>,
    ) -> Self {
        Self {
            client: client.clone(),
            namespace: namespace.to_owned(),
            secrets: Api::namespaced(client.clone(), namespace),
            pace,
            signer: signer.clone(),
            shared: Arc::clone(shared),
            told: None,
        }
    }

    /// Looks every so often, and whenever a pool is in another namespace than all before, whether something is due. Where there is
    /// no pool nothing is.
    pub(crate) async fn follow(mut self, mut pools: watch::Receiver<Budgets>) {
        let mut places = BTreeSet::new();
        let mut due = Instant::now();
        loop {
            let now_there = namespaces(&pools.borrow_and_update());
            if now_there != places {
                places = now_there;
                due = Instant::now();
            }
            if due <= Instant::now() {
                if !places.is_empty() && self.shared.leads() {
                    let looked = self.look(&places).await;
                    self.tell(looked.err());
                }
                due = Instant::now() + self.pace.look_every();
            }
            tokio::select! {
                changed = pools.changed() => if changed.is_err() { return },
                () = sleep_until(due) => {}
            }
        }
    }

    fn tell(&mut self, problem: Option<KeepError>) {
        let problem = problem.map(|problem| problem.to_string());
        match &problem {
            Some(problem) if self.told.as_ref() != Some(problem) => {
                warn!("the keys that sign what bridges are told: {problem}");
            }
            None if self.told.is_some() => {
                info!("the keys that sign what bridges are told are as they should be again");
            }
            _ => {}
        }
        self.told = problem;
    }

    /// Looks, and does all that is due.
    async fn look(&self, places: &BTreeSet<String>) -> Result<(), KeepError> {
        let looking = async {
            while !self.try_once(places).await? {}
            Ok(())
        };
        let looked = timeout(PATIENCE, looking).await;
        looked.map_err(|_| KeepError::Late)?
    }

    /// Whether nothing was due: otherwise it is looked again, at what is there then.
    async fn try_once(&self, places: &BTreeSet<String>) -> Result<bool, KeepError> {
        // In this order: whoever changes the Secret after our look at the ConfigMaps, and publishes it, makes our own publishing
        // conflict, so that nothing older is ever published over something newer.
        let mut trouble = None;
        let mut read = Vec::new();
        for place in places {
            match Place::read(self.client.clone(), place).await {
                Ok(place) => read.push(place),
                Err(error) => {
                    let what = format!("get ConfigMap {place}/{PUBLIC_KEYS}");
                    trouble = Some(cannot(what, &error));
                }
            }
        }
        let read_at = self.shared.clock.now();
        let secret = self.secrets.get_opt(SIGNING_KEYS).await;
        let secret = secret.map_err(|error| cannot(self.secret("get"), &error))?;
        let held = self.held(secret.as_ref())?;
        let mut published: Vec<_> = read.iter().map(Place::keys).collect();
        // Nobody knows what is published where nothing can be read.
        published.resize_with(places.len(), Default::default);
        let now = self.shared.clock.correction().of(read_at);
        if let Some(change) = plan(held.as_ref(), &published, &self.pace, now) {
            if !self.shared.leads() {
                return Ok(true);
            }
            self.change(secret, held, change, now).await?;
            return Ok(false);
        }
        let Some(held) = held else {
            return Ok(false);
        };
        let signs = held.signing.seed.key();
        self.signer.know(signs, read_at + self.pace.trust());
        let text = held.public().print();
        for place in read.iter().filter(|place| !place.publishes(&text)) {
            if !self.shared.leads() {
                return Ok(true);
            }
            match place.publish(&text).await {
                Ok(true) => info!(
                    "published the public keys in ConfigMap {}/{PUBLIC_KEYS}",
                    place.namespace
                ),
                Ok(false) => return Ok(false),
                Err(error) => {
                    let what = format!("write ConfigMap {}/{PUBLIC_KEYS}", place.namespace);
                    trouble = Some(cannot(what, &error));
                }
            }
        }
        trouble.map_or(Ok(true), Err)
    }

    fn held(&self, secret: Option<&Secret>) -> Result<Option<Held>, KeepError> {
        let Some(data) = secret.and_then(|secret| secret.data.as_ref()) else {
            return Ok(None);
        };
        Held::read(data).map_err(|unreadable| KeepError::Unreadable {
            namespace: self.namespace.clone(),
            why: unreadable.to_string(),
        })
    }

    /// Writes what is held after a change, if nobody was faster.
    async fn change(
        &self,
        secret: Option<Secret>,
        held: Option<Held>,
        change: Change,
        now: Time,
    ) -> Result<(), KeepError> {
        let next = after(held, change, seed()?, now);
        let mut secret = secret.unwrap_or_default();
        secret.metadata.name = Some(SIGNING_KEYS.to_owned());
        secret.metadata.namespace = Some(self.namespace.clone());
        secret.data = Some(next.write());
        let written = swap(&self.secrets, SIGNING_KEYS, &secret).await;
        if written.map_err(|error| cannot(self.secret("write"), &error))? {
            info!(
                key = %next.signing.seed.public().id(),
                "Secret {}/{SIGNING_KEYS}: {}", self.namespace, change.told()
            );
        }
        Ok(())
    }

    fn secret(&self, verb: &str) -> String {
        format!("{verb} Secret {}/{SIGNING_KEYS}", self.namespace)
    }
}

fn namespaces(pools: &Budgets) -> BTreeSet<String> {
    let namespaces = pools.values().map(Wanted::namespace);
    namespaces.map(str::to_owned).collect()
}

fn cannot(what: String, error: &kube::Error) -> KeepError {
    KeepError::Api {
        what,
        cause: said(error),
    }
}

fn seed() -> Result<Seed, KeepError> {
    let mut bytes = [0; scaler_token::SEED_BYTES];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| KeepError::NoRandom)?;
    Ok(Seed::new(bytes))
}

#[cfg(test)]
mod tests;
