//! Where the serving certificate comes from, and who replaces it in time.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use rustls::pki_types::UnixTime;
use tracing::{info, warn};

use crate::authority::{Keeper, Settings};
use crate::config::Certificate;
use crate::serving::{self, Files, Look, Tls, TlsError};
use crate::shared::Shared;

/// How often the files of the serving certificate are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What will keep a good certificate in use.
pub(crate) enum Renewal {
    /// Whoever replaces the files.
    Files(Tls, Files),
    /// An authority of our own, which needs the cluster.
    Own(Settings),
}

/// One that has begun.
pub(crate) enum Renewing {
    Files(Tls, Files),
    Own(Box<Keeper>),
}

impl Renewal {
    /// Reads the files, if there are any: what is wrong with them is wrong without a cluster, too.
    pub(crate) fn open(certificate: Certificate) -> Result<Self, TlsError> {
        Ok(match certificate {
            Certificate::Files(files) => {
                Self::Files(Tls::from_files(&files.certificate, &files.key)?, files)
            }
            Certificate::Own(settings) => Self::Own(settings),
        })
    }

    /// The first certificate; an own authority has `deadline` to give it.
    pub(crate) async fn start(
        self,
        client: Client,
        deadline: Duration,
        shared: &Shared,
    ) -> anyhow::Result<(Tls, Renewing)> {
        Ok(match self {
            Self::Files(tls, files) => (tls.clone(), Renewing::Files(tls, files)),
            Self::Own(settings) => {
                shared.health.believed(false);
                let mut keeper = Keeper::new(client, settings);
                (
                    keeper.start(deadline).await?,
                    Renewing::Own(Box::new(keeper)),
                )
            }
        })
    }
}

impl Renewing {
    /// Goes on for ever.
    pub(crate) async fn run(self, shared: Arc<Shared>) -> Infallible {
        match self {
            Self::Files(tls, files) => follow(tls, files, &shared).await,
            Self::Own(keeper) => keeper.keep(shared).await,
        }
    }
}

/// Takes up a certificate that is replaced on disk.
async fn follow(tls: Tls, files: Files, shared: &Shared) -> Infallible {
    let state = shared.telemetry.certificate();
    let mut overdue = false;
    let told = |look| {
        let validity = tls.validity();
        state.expires(validity.end());
        let was_overdue = std::mem::replace(&mut overdue, validity.is_overdue(UnixTime::now()));
        if overdue && !was_overdue {
            warn!(
                end = %Timestamp::from_second(validity.end()).unwrap_or_default(),
                "the serving certificate ends soon, or has ended, and then nobody is answered; hint: whoever makes the files of \
                 --tls-cert-file ought to have made new ones by now"
            );
        }
        match look {
            Look::Same => return,
            Look::Replaced => info!("the serving certificate was replaced"),
            Look::Mended => info!("the files of the serving certificate are good again"),
            Look::Broken(problem) => {
                warn!("the serving certificate was not replaced, the old one stays: {problem}");
                return state.broken(true);
            }
        }
        state.broken(false);
    };
    serving::follow(tls.clone(), files, LOOK_EVERY, told).await
}
