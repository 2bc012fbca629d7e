//! Keeps the Secret, the APIServices and the certificate in use in agreement.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::{Api, Client};
use reach::{said, swap};
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use super::held::{Held, Issued, NotOurs};
use super::mint::{self, MintError};
use super::plan::{Plan, Signer, plan};
use super::registration::{Leads, NAMES, Registration, leads};
use super::{Settings, trust};
use crate::serving::{Tls, TlsError};
use crate::shared::Shared;

/// How often it is tried while nobody could believe us.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What stands in the way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    #[error(
        "cannot {what}: {cause}; hint: the Role and ClusterRole jvb-adapter:certificates allow it"
    )]
    Api { what: String, cause: String },
    #[error(
        "there is no Secret {0} (--tls-secret); hint: kubectl create secret generic makes an empty one"
    )]
    NoSecret(super::Named),
    #[error(
        "Secret {secret} (--tls-secret) is left alone: {why}; hint: give the adapter an empty Secret of its own"
    )]
    NotOurs { secret: super::Named, why: String },
    #[error("{0}")]
    Mint(#[from] MintError),
    #[error("{0}")]
    Tls(#[from] TlsError),
    #[error(
        "the API server did not answer within {}",
        humantime::format_duration(PATIENCE)
    )]
    Late,
}

/// Whether the API server can believe us.
enum Standing {
    Believed,
    /// Why not.
    Doubted(String),
}

/// One replica's view of the common authority.
pub(crate) struct Keeper {
    settings: Settings,
    secrets: Api<Secret>,
    services: Api<APIService>,
    /// What is served.
    serving: Option<(Issued, Tls)>,
    /// What was told last, so that it is told once.
    told: Option<String>,
    /// Others' APIServices that were told of.
    elsewhere: Vec<String>,
}

impl Keeper {
    pub(crate) fn new(client: Client, settings: Settings) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), &settings.secret.namespace),
            services: Api::all(client),
            settings,
            serving: None,
            told: None,
            elsewhere: Vec::new(),
        }
    }

    /// Tries until there is a certificate to serve.
    ///
    /// # Errors
    /// What stood in the way at the last try within `deadline`.
    pub(crate) async fn start(&mut self, deadline: Duration) -> Result<Tls, KeepError> {
        let begun = Instant::now();
        loop {
            let outcome = self.look().await;
            if let Some((_, tls)) = &self.serving {
                return Ok(tls.clone());
            }
            match outcome {
                Err(error) if begun.elapsed() >= deadline => return Err(error),
                Err(error) => self.tell(&error.to_string()),
                Ok(_) => {}
            }
            sleep(TRY_EVERY.min(self.settings.look_every())).await;
        }
    }

    /// Looks every so often whether something is due, for ever.
    pub(crate) async fn keep(mut self, shared: Arc<Shared>) -> Infallible {
        loop {
            let every = self.settings.look_every();
            let pause = match self.look().await {
                Ok(Standing::Believed) => {
                    if self.told.take().is_some() {
                        info!("the serving certificate is believed");
                    }
                    shared.health.believed(true);
                    shared.telemetry.certificate().broken(false);
                    every
                }
                Ok(Standing::Doubted(why)) => {
                    self.tell(&why);
                    shared.health.believed(false);
                    shared.telemetry.certificate().broken(true);
                    every.min(TRY_EVERY)
                }
                // Nothing is known to have changed: who is believed stays so, and serves on.
                Err(error) => {
                    self.tell(&error.to_string());
                    shared.telemetry.certificate().broken(true);
                    every
                }
            };
            if let Some((_, tls)) = &self.serving {
                let end = tls.validity().end();
                shared.telemetry.certificate().expires(end);
            }
            sleep(pause).await;
        }
    }

    fn tell(&mut self, problem: &str) {
        if self.told.as_deref() != Some(problem) {
            warn!("own certificate authority: {problem}");
            self.told = Some(problem.to_owned());
        }
    }

    /// Looks, and does what is due.
    async fn look(&mut self) -> Result<Standing, KeepError> {
        let looking = async {
            loop {
                if let Some(standing) = self.try_once().await? {
                    return Ok(standing);
                }
            }
        };
        timeout(PATIENCE, looking)
            .await
            .map_err(|_| KeepError::Late)?
    }

    /// Nothing if another replica was faster: look again.
    async fn try_once(&mut self) -> Result<Option<Standing>, KeepError> {
        // In this order: whoever changes the Secret and publishes it after our first look makes our own publishing conflict, so
        // that nothing older is ever published over something newer.
        let mut ours = self.registrations().await?;
        let secret = self.secret().await?;
        let held = Held::read(&secret.data.clone().unwrap_or_default());
        let held = held.map_err(|why: NotOurs| KeepError::NotOurs {
            secret: self.settings.secret.clone(),
            why: why.to_string(),
        })?;
        let now = now();
        let published: Vec<_> = ours.iter().map(Registration::published).collect();
        let hosts = self.settings.service.hosts();
        let plan = plan(&held, &published, &hosts, now);
        if !plan.changes_nothing() {
            let next = carry_out(&plan, held, &self.settings, now)?;
            let kept = self.write(secret, &next).await?;
            if kept {
                info!(
                    authorities = next.authorities.len(),
                    new_authority = plan.authority,
                    new_leaf = plan.leaf.is_some(),
                    "wrote Secret {}",
                    self.settings.secret
                );
            }
            // Either way the next look is at what is there now.
            return Ok(None);
        }
        let mut unpublished = None;
        for one in &mut ours {
            match one.publish(&self.services, &held.bundle()).await {
                Ok(true) => info!("published the own authority in APIService {}", one.name()),
                Ok(false) => {}
                Err(kube::Error::Api(status)) if status.code == 409 => return Ok(None),
                Err(error) => {
                    let what = format!("patch APIService {}", one.name());
                    unpublished = Some(cannot(what, &error));
                }
            }
        }
        let Some(leaf) = held.leaf else {
            return Ok(None);
        };
        match unpublished {
            None => self.serve(leaf, &ours, now).map(Some),
            Some(error) if self.serving.is_none() => Err(error),
            // What is published instead is known: it decides whether who asks believes us.
            Some(error) => match self.serve(leaf, &ours, now)? {
                Standing::Believed => Err(error),
                Standing::Doubted(why) => Ok(Some(Standing::Doubted(format!("{why}; {error}")))),
            },
        }
    }

    /// Serves `leaf` when who asks believes it, or when what is served now is believed no more.
    fn serve(
        &mut self,
        leaf: Issued,
        ours: &[Registration],
        now: i64,
    ) -> Result<Standing, KeepError> {
        let host = self.settings.service.host();
        let believed = |leaf: &Issued| {
            if ours.is_empty() {
                return Err(format!(
                    "no APIService leads to Service {}",
                    self.settings.service
                ));
            }
            ours.iter().try_for_each(|one| {
                trust::verify(&leaf.der, &one.published(), &host, now).map_err(|error| {
                    format!("the caBundle of APIService {} does not vouch for the serving certificate: {error}", one.name())
                })
            })
        };
        let key = leaf.key.clone().unwrap_or_default();
        match &self.serving {
            Some((serving, _)) if serving.der == leaf.der => {}
            Some((serving, _)) if believed(serving).is_ok() && believed(&leaf).is_err() => {}
            Some((_, tls)) => {
                tls.replace(&leaf.pem, &key)?;
                info!("the serving certificate was replaced");
                self.serving = Some((leaf, tls.clone()));
            }
            None => self.serving = Some((leaf.clone(), Tls::from_pem(&leaf.pem, &key)?)),
        }
        let serving = self.serving.as_ref().map(|(serving, _)| believed(serving));
        Ok(match serving {
            Some(Ok(())) => Standing::Believed,
            Some(Err(why)) => Standing::Doubted(why),
            None => Standing::Doubted("there is no certificate".to_owned()),
        })
    }

    async fn registrations(&mut self) -> Result<Vec<Registration>, KeepError> {
        let mut ours = Vec::new();
        for name in NAMES {
            let found = self.services.get_opt(name).await;
            let found = found.map_err(|error| cannot(format!("get APIService {name}"), &error))?;
            match leads(name, found, &self.settings.service) {
                Leads::Here(registration) => ours.push(registration),
                Leads::Elsewhere(owner) => {
                    let text = format!(
                        "APIService {name} leads to {owner}, not to Service {}",
                        self.settings.service
                    );
                    if !self.elsewhere.contains(&text) {
                        warn!("{text}: it is left alone");
                        self.elsewhere.push(text);
                    }
                }
                Leads::Nowhere => {}
            }
        }
        Ok(ours)
    }

    async fn secret(&self) -> Result<Secret, KeepError> {
        let named = &self.settings.secret;
        match self.secrets.get_opt(&named.name).await {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => Err(KeepError::NoSecret(named.clone())),
            Err(error) => Err(cannot(format!("get Secret {named}"), &error)),
        }
    }

    /// Whether the Secret holds this now; it does not if another replica has changed it since it was read.
    async fn write(&self, mut secret: Secret, held: &Held) -> Result<bool, KeepError> {
        let named = &self.settings.secret;
        secret.data = Some(held.write());
        let swapped = swap(&self.secrets, &named.name, &secret).await;
        swapped.map_err(|error| cannot(format!("update Secret {named}"), &error))
    }
}

/// What is held after the plan.
pub(super) fn carry_out(
    plan: &Plan,
    mut held: Held,
    settings: &Settings,
    now: i64,
) -> Result<Held, MintError> {
    held.authorities
        .truncate(held.authorities.len() - plan.forget);
    let mut shift = 0;
    if plan.authority {
        let authority = mint::authority(now, settings.ca_lifetime)?;
        held.authorities.insert(0, authority);
        shift = 1;
    }
    if let Some(signer) = plan.leaf {
        let signer = match signer {
            Signer::New => 0,
            Signer::Held(number) => number + shift,
        };
        let by = held.authorities.get(signer).ok_or(MintError::NoKey)?;
        let leaf = mint::leaf(by, &settings.service.hosts(), now, settings.leaf_lifetime)?;
        held.leaf = Some(leaf);
        // Whoever is older signs no more: its key is of use to thieves alone.
        for retired in &mut held.authorities[signer + 1..] {
            retired.key = None;
        }
    }
    Ok(held)
}

fn cannot(what: String, error: &kube::Error) -> KeepError {
    KeepError::Api {
        what,
        cause: said(error),
    }
}

/// Seconds since 1970, by the clock that certificates are judged by.
fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
