//! A steady load of reads through the API server, of which none may fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use kube::Client;
use laboratory::Laboratory;
use tokio::task::JoinHandle;

const STRESS: &str = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level";

/// Between two reads of one reader: an HPA is a hundred times slower.
const BETWEEN: Duration = Duration::from_millis(10);

/// Far longer than hundreds of them take.
const SOON: Duration = Duration::from_mins(2);

/// Readers at work.
pub(super) struct Readers {
    stop: Arc<AtomicBool>,
    reads: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<Vec<String>>>,
}

impl Readers {
    /// So many that read without a pause and never try twice.
    pub(super) async fn start(lab: &Laboratory, readers: usize) -> Result<Self> {
        let config = lab.config_of(&lab.kubeconfig()).await?;
        let stop = Arc::new(AtomicBool::new(false));
        let reads = Arc::new(AtomicUsize::new(0));
        let tasks = (0..readers)
            .map(|_| {
                let client = Client::try_from(config.clone())?;
                let (stop, reads) = (Arc::clone(&stop), Arc::clone(&reads));
                Ok(tokio::spawn(read(client, stop, reads)))
            })
            .collect::<Result<_>>()?;
        Ok(Self { stop, reads, tasks })
    }

    /// How many reads there have been.
    pub(super) fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// Waits until there have been so many more.
    ///
    /// # Errors
    /// When they do not come: somebody does not answer.
    pub(super) async fn more(&self, reads: usize) -> Result<()> {
        let before = self.reads();
        laboratory::eventually(&format!("{reads} more reads have ended"), SOON, || async {
            let ended = self.reads() - before;
            ensure!(ended >= reads, "{ended} have");
            Ok(())
        })
        .await
    }

    /// Ends the load.
    ///
    /// # Errors
    /// When a read failed: with every failure.
    pub(super) async fn stop(self) -> Result<usize> {
        self.stop.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        for task in self.tasks {
            failures.extend(task.await?);
        }
        let reads = self.reads.load(Ordering::Relaxed);
        ensure!(
            failures.is_empty(),
            "{} of {reads} reads failed: {failures:#?}",
            failures.len()
        );
        Ok(reads)
    }
}

async fn read(client: Client, stop: Arc<AtomicBool>, reads: Arc<AtomicUsize>) -> Vec<String> {
    let mut failures = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let request = http::Request::get(STRESS).body(Vec::new());
        let answer = match request {
            Ok(request) => client
                .request_text(request)
                .await
                .map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        failures.extend(answer.err());
        reads.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(BETWEEN).await;
    }
    failures
}
