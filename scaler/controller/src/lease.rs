//! The Lease: read and written here; who leads, [`scaler_policy::election`] decides.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Api;
use kube::api::PostParams;
use reach::causes;
use ring::rand::{SecureRandom as _, SystemRandom};
use scaler_policy::election::{Elector, Held};
use tracing::{info, warn};

use crate::config;
use crate::shared::Shared;

/// One replica's hand on the Lease.
pub(crate) struct Keeper {
    api: Api<Lease>,
    name: String,
    elector: Elector,
    shared: Arc<Shared>,
    /// Since when somebody else acquired it, to be kept in the object.
    acquired: Option<MicroTime>,
    failing: bool,
}

/// Why this replica leads no longer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Lost {
    /// It could not renew the Lease in time.
    #[error(
        "the Lease could not be renewed for {0:?}: another replica may lead now, so this one ends"
    )]
    Deadline(Duration),
    /// Somebody else holds it.
    #[error("the Lease is held by another replica, so this one ends")]
    Taken,
}

impl Keeper {
    /// A keeper whose name nobody else has.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn new(
        client: kube::Client,
        settings: &config::Lease,
        namespace: &str,
        shared: Arc<Shared>,
    ) -> anyhow::Result<Self> {
        let me = format!("{}_{:016x}", settings.identity, random()?);
        Ok(Self {
            api: Api::namespaced(client, namespace),
            name: settings.name.clone(),
            elector: Elector::new(me, settings.pace),
            shared,
            acquired: None,
            failing: false,
        })
    }

    /// The name of this replica, which nobody else has.
    pub(crate) fn me(&self) -> &str {
        self.elector.me()
    }

    /// Waits until this replica leads.
    pub(crate) async fn acquire(&mut self) {
        loop {
            self.tick().await;
            if self.elector.leads(self.shared.clock.now()) {
                info!(me = self.me(), "leads");
                return;
            }
            tokio::time::sleep(self.pause()).await;
        }
    }

    /// Renews the Lease for as long as that succeeds.
    ///
    /// # Errors
    /// When it does not: this replica must do nothing more.
    pub(crate) async fn hold(&mut self) -> Result<Infallible, Lost> {
        loop {
            let now = self.shared.clock.now();
            let Some(until) = self.elector.until() else {
                return Err(Lost::Taken);
            };
            let deadline = Lost::Deadline(self.elector.pace().renew_deadline);
            if now >= until {
                return Err(deadline);
            }
            let pause = self.pause();
            let renewed = tokio::time::timeout(until.since(now), async {
                tokio::time::sleep(pause).await;
                self.tick().await;
            });
            if renewed.await.is_err() {
                return Err(deadline);
            }
        }
    }

    /// Lets the next one lead at once, as far as that can be done quickly; otherwise it waits.
    pub(crate) async fn release(&mut self) {
        let patience = self.elector.pace().retry;
        let released = tokio::time::timeout(patience, async {
            let lease = self.api.get(&self.name).await?;
            if let Some(write) = self.elector.release(&held(&lease)) {
                self.write(Some(lease), &write).await?;
            }
            Ok::<_, kube::Error>(())
        })
        .await;
        self.shared.elected(None);
        if !matches!(released, Ok(Ok(()))) {
            info!("the Lease was not released: the next leader waits until it is over");
        }
    }

    /// Once: reads, and writes where that is due. A connection that has fallen silent must leave the time for another try on a new
    /// one, or it would cost the lead.
    async fn tick(&mut self) {
        let patience = self.elector.pace().renew_deadline / 2;
        let tried = tokio::time::timeout(patience, self.try_once()).await;
        let error = match tried {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(causes(&error)),
            Err(_) => Some("no answer".to_owned()),
        };
        match error {
            None => {
                self.shared.elected(self.elector.until());
                if std::mem::take(&mut self.failing) {
                    info!("the API server answers about the Lease again");
                }
            }
            // Said once, not at each attempt.
            Some(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    warn!(
                        "the Lease {} can be neither read nor written: {error}",
                        self.name
                    );
                }
            }
        }
    }

    async fn try_once(&mut self) -> kube::Result<()> {
        let lease = self.api.get_opt(&self.name).await?;
        let now = self.shared.clock.now();
        self.acquired = lease
            .as_ref()
            .and_then(|lease| lease.spec.as_ref()?.acquire_time.clone());
        let held = lease.as_ref().map(held);
        if let Some(write) = self.elector.read(held.as_ref(), now) {
            let taken = held.is_none_or(|held| held.holder != write.holder);
            if taken {
                self.acquired = Some(MicroTime(Timestamp::now()));
            }
            match self.write(lease, &write).await {
                Ok(()) => self.elector.wrote(true),
                // Somebody else was faster: the next look tells.
                Err(kube::Error::Api(status)) if status.code == StatusCode::CONFLICT.as_u16() => {
                    self.elector.wrote(false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes the Lease that was read; what others wrote on it stays.
    async fn write(&self, read: Option<Lease>, write: &Held) -> kube::Result<()> {
        let mut lease = read.unwrap_or_default();
        lease.metadata.name = Some(self.name.clone());
        lease.metadata.resource_version.clone_from(&write.version);
        let spec = lease.spec.get_or_insert_default();
        spec.holder_identity = Some(write.holder.clone());
        spec.lease_duration_seconds = write
            .duration
            .and_then(|duration| i32::try_from(duration.as_secs()).ok());
        spec.lease_transitions = Some(write.transitions);
        spec.acquire_time.clone_from(&self.acquired);
        // For people: no replica compares it with its own clock.
        spec.renew_time = Some(MicroTime(Timestamp::now()));
        let params = PostParams::default();
        match write.version {
            Some(_) => self.api.replace(&self.name, &params, &lease).await,
            None => self.api.create(&params, &lease).await,
        }
        .map(drop)
    }

    /// The pause before the next try, a little longer each time by chance, so that those who wait do not all come at once.
    fn pause(&self) -> Duration {
        const PARTS: u64 = 256;
        let retry = self.elector.pace().retry;
        let part = random().unwrap_or_default() % PARTS;
        retry + retry.mul_f64(part as f64 / PARTS as f64 / 5.0)
    }
}

fn held(lease: &Lease) -> Held {
    let spec = lease.spec.as_ref();
    Held {
        version: lease.metadata.resource_version.clone(),
        holder: spec
            .and_then(|spec| spec.holder_identity.clone())
            .unwrap_or_default(),
        duration: spec
            .and_then(|spec| spec.lease_duration_seconds)
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Duration::from_secs),
        transitions: spec
            .and_then(|spec| spec.lease_transitions)
            .unwrap_or_default(),
    }
}

fn random() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
    Ok(u64::from_le_bytes(bytes))
}
