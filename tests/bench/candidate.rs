//! An adapter to be measured: how it is started, reached and ended. Ours and others are treated alike.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use kube::Api;
use kube::api::DeleteParams;
use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::ApiResource;
use laboratory::{ADAPTER_PORT, Laboratory, NAMESPACE, Place, Priority, Process};

use crate::reader::Reader;
use crate::results::{OURS, Subject};
use crate::stage::Stage;
use crate::usage::Usage;

const GROUP: &str = "custom.metrics.k8s.io";
const VERSIONS: [(&str, u16); 2] = [("v1beta2", 200), ("v1beta1", 100)];

/// How long an adapter may take until the API server finds it available, and until it tells all bridges.
const PATIENCE: Duration = Duration::from_mins(2);

/// How an adapter is started and asked. In `flags` and in the address to push to, these are filled in: `{address}` and `{port}`
/// to serve HTTPS on, `{certificate}` and `{key}` to serve it with, `{kubeconfig}`; `{namespace}`, `{pod}` and `{metric}`.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Its name in the report.
    pub(crate) name: String,
    /// The program.
    pub(crate) program: PathBuf,
    /// Its flags.
    pub(crate) flags: Vec<String>,
    /// Where it serves HTTPS.
    pub(crate) port: u16,
    /// Path and query of a read of all pods.
    pub(crate) path: String,
    /// Where each pod's value is pushed to, for one that asks no bridge itself.
    pub(crate) push: Option<String>,
}

/// The path of an HPA's read: what the Go client makes of `pods/*`.
pub(crate) fn usual_path() -> String {
    format!(
        "/apis/{GROUP}/v1beta2/namespaces/{NAMESPACE}/pods/%2A/stress_level?labelSelector=app%3Djvb"
    )
}

fn flags(flags: &[&str]) -> Vec<String> {
    flags.iter().map(ToString::to_string).collect()
}

impl Candidate {
    /// jvb-adapter as it is shipped, but for what a bench on one machine needs: bridges on loopback addresses, and a reader that
    /// asks more often than one user may.
    pub(crate) fn ours(program: PathBuf) -> Self {
        Self {
            name: OURS.to_owned(),
            program,
            flags: flags(&[
                "--bind={address}:{port}",
                "--kubeconfig={kubeconfig}",
                "--tls-cert-file={certificate}",
                "--tls-private-key-file={key}",
                "--loopback-bridges",
                "--user-requests-per-second=0",
            ]),
            port: ADAPTER_PORT,
            path: usual_path(),
            push: None,
        }
    }

    /// The adapter that the common Go library tests itself with: values are pushed to it, and it answers as every adapter that is
    /// built on the library does.
    pub(crate) fn test_adapter(program: PathBuf) -> Self {
        Self {
            name: "custom-metrics-apiserver's test adapter 1.36.0".to_owned(),
            program,
            flags: flags(&[
                "--bind-address={address}",
                "--secure-port={port}",
                "--tls-cert-file={certificate}",
                "--tls-private-key-file={key}",
                "--lister-kubeconfig={kubeconfig}",
                "--authentication-kubeconfig={kubeconfig}",
                "--authorization-kubeconfig={kubeconfig}",
            ]),
            port: ADAPTER_PORT,
            path: usual_path(),
            push: Some(
                "http://127.0.0.1:8080/write-metrics/namespaces/{namespace}/pods/{pod}/{metric}"
                    .to_owned(),
            ),
        }
    }

    /// As it stands in the report.
    pub(crate) fn subject(&self) -> Subject {
        let program = self.program.file_name().unwrap_or_default();
        let command = format!("{} {}", program.to_string_lossy(), self.flags.join(" "));
        Subject {
            name: self.name.clone(),
            command,
            open_files: 0,
            pushed: self.push.is_some(),
        }
    }

    fn is_ours(&self) -> bool {
        self.name == OURS
    }
}

/// A candidate that has its place in a laboratory.
pub(crate) struct Contestant {
    /// What it is.
    pub(crate) candidate: Candidate,
    /// Where its Service leads.
    pub(crate) place: Place,
    kubeconfig: PathBuf,
}

/// A process of a candidate.
pub(crate) struct Running {
    process: Process,
    /// Reads past the API server.
    pub(crate) direct: Reader,
    /// Reads through it.
    pub(crate) through: Reader,
}

impl Contestant {
    /// Gives a candidate its place: ours with the rights that operators are told to give it, others with all.
    pub(crate) async fn place(lab: &Laboratory, candidate: Candidate) -> Result<Self> {
        let ours = candidate.is_ours();
        let (namespace, name) = if ours {
            ("bridgetender", "jvb-adapter")
        } else {
            ("peers", "peer")
        };
        let kubeconfig = if ours {
            lab.adapter_kubeconfig().await?
        } else {
            lab.kubeconfig()
        };
        Ok(Self {
            place: lab.place(namespace, name).await?,
            candidate,
            kubeconfig,
        })
    }

    /// Starts a process that is replica `n`, with these flags besides.
    pub(crate) fn spawn(&self, lab: &Laboratory, n: u8, more: &[&str]) -> Result<Process> {
        let Candidate {
            name,
            program,
            flags,
            port,
            ..
        } = &self.candidate;
        let ip = lab.adapter_address(n).ip().to_string();
        let file = |path: &Path| path.display().to_string();
        let (certificate, key) = (file(self.place.certificate()), file(self.place.key()));
        let port = port.to_string();
        let known = [
            ("{address}", ip.as_str()),
            ("{port}", &port),
            ("{certificate}", &certificate),
            ("{key}", &key),
            ("{kubeconfig}", &file(&self.kubeconfig)),
        ];
        let mut flags: Vec<String> = flags.iter().map(|flag| filled(flag, &known)).collect();
        flags.extend(more.iter().map(ToString::to_string));
        lab.run(&log_name(name), program, &flags)
    }

    /// Tells the API server of it, that of this or of another candidate before it notwithstanding.
    pub(crate) async fn aggregate(&self, lab: &Laboratory) -> Result<()> {
        for (version, rank) in VERSIONS {
            let priority = Priority {
                group: 100,
                version: rank,
            };
            lab.aggregate(&self.place, GROUP, version, priority).await?;
        }
        Ok(())
    }

    /// Starts one process and waits until the API server finds it available and it tells all bridges of the stage.
    pub(crate) async fn start(&self, stage: &Stage, more: &[&str]) -> Result<Running> {
        let lab = &stage.lab;
        withdraw(lab).await?;
        let address = lab.adapter_address(0);
        lab.lead(&self.place, address.ip()).await?;
        let mut process = self.spawn(lab, 0, more)?;
        self.aggregate(lab).await?;
        let available = available(lab).await;
        process.check()?;
        available?;
        let running = self.running(lab, process, address).await?;
        if let Some(push) = &self.candidate.push {
            stage.push(push).await?;
        }
        running.until_all(stage.bridges()).await?;
        Ok(running)
    }

    /// Readers of a process.
    pub(crate) async fn running(
        &self,
        lab: &Laboratory,
        process: Process,
        address: SocketAddr,
    ) -> Result<Running> {
        let hpa = lab.hpa_kubeconfig()?;
        let mut config = self.place.config(&hpa).await?;
        let address = SocketAddr::new(address.ip(), self.candidate.port);
        config.cluster_url = format!("https://{address}").parse()?;
        let path = &self.candidate.path;
        Ok(Running {
            process,
            direct: Reader::new(kube::Client::try_from(config)?, path),
            through: Reader::new(lab.client_of(&hpa).await?, path),
        })
    }
}

impl Running {
    /// What it uses.
    pub(crate) fn usage(&self) -> Usage {
        Usage::of(self.process.id())
    }

    /// Ends it.
    pub(crate) async fn end(self) -> Result<()> {
        self.process.terminate().await?;
        Ok(())
    }

    async fn until_all(&self, bridges: usize) -> Result<()> {
        let what = format!("the values of {bridges} bridges are told");
        laboratory::eventually(&what, PATIENCE, || async {
            let told = self.through.read().await?.values()?.len();
            ensure!(told == bridges, "{told} are told");
            Ok(())
        })
        .await
    }
}

/// Waits until the API server finds both versions available.
pub(crate) async fn available(lab: &Laboratory) -> Result<()> {
    for (version, _) in VERSIONS {
        lab.aggregated(GROUP, version, true, PATIENCE).await?;
    }
    Ok(())
}

/// Nobody serves the group any more, so that nobody's answers are taken for the next one's.
pub(crate) async fn withdraw(lab: &Laboratory) -> Result<()> {
    let kind = GroupVersionKind::gvk("apiregistration.k8s.io", "v1", "APIService");
    let api: Api<DynamicObject> = Api::all_with(lab.client(), &ApiResource::from_gvk(&kind));
    for (version, _) in VERSIONS {
        let name = format!("{version}.{GROUP}");
        match api.delete(&name, &DeleteParams::default()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot delete APIService {name}"));
            }
        }
    }
    let path = format!("/apis/{GROUP}/v1beta2");
    let started = Instant::now();
    loop {
        let request = http::Request::get(&path).body(Vec::new())?;
        match lab.client().request_text(request).await {
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
            _ if started.elapsed() > PATIENCE => {
                anyhow::bail!("{path} is still served although its APIService was deleted")
            }
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// A text with its placeholders filled in.
pub(crate) fn filled(text: &str, known: &[(&str, &str)]) -> String {
    known.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(name, value)
    })
}

fn log_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    name.chars().map(plain).collect()
}
