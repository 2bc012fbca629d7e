//! Replicas of jvb-scaler, as tests speak of them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use http::Request;
use scaler_controller::args::Arguments;
use scaler_controller::{BROKEN, Config};
use serde_json::Value;

use crate::decisions::Decisions;
use crate::laboratory::Laboratory;
use crate::life::Life;
use crate::link::Link;
use crate::process::{append, log_of};
use crate::replica::{Running, replace};

/// What the controller may do, in the words that operators get.
const RBAC: &str = include_str!("../../scaler/controller/rbac.yaml");
/// The same for a controller of the namespace `jitsi` alone.
const RBAC_NAMESPACED: &str = include_str!("../../scaler/controller/rbac-namespaced.yaml");
/// What nobody may do to a pool.
const ADMISSION: &str = include_str!("../../scaler/controller/admission.yaml");
/// What every controller says first.
const STARTS: &str = "jvb-scaler starts";
const NAMESPACE: &str = "bridgetender";
const NAME: &str = "jvb-scaler";

/// How long a replica may take to lead or to end: a lease of a killed one is waited for, and the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long a replica may take to say how it is: it does at once, but the machine may be busy.
const ANSWER: Duration = Duration::from_secs(30);

/// What a replica says at most.
const CAP: usize = 1024 * 1024;

/// The pace of a test: everything in its order, only faster. A lease is good for long enough that a busy machine loses none.
const QUICK: [&str; 14] = [
    "--interval=500ms",
    "--interval-closely=200ms",
    "--presence-interval=300ms",
    "--command-retry=500ms",
    "--creation-backoff=1s",
    "--status-interval=200ms",
    // Eight times as long as an empty bridge of a test settles, as in production.
    "--mass-window=8s",
    "--watch-timeout=5s",
    "--surroundings-interval=1s",
    "--lease-duration=20s",
    "--renew-deadline=16s",
    "--retry-period=500ms",
    // Its pods have addresses of this machine.
    "--loopback-bridges",
    "--lease-namespace=bridgetender",
];

/// Controllers that are not started yet.
pub struct ScalersBuilder<'a> {
    lab: &'a Laboratory,
    first: u8,
    replicas: u8,
    arguments: Vec<String>,
    rbac: &'static str,
    link: Option<&'a Link>,
    program: Option<PathBuf>,
}

/// Running replicas of the controller.
pub struct Scalers {
    folder: PathBuf,
    kubeconfig: PathBuf,
    arguments: Vec<String>,
    program: Option<PathBuf>,
    replicas: Vec<Replica>,
}

struct Replica {
    number: u8,
    address: SocketAddr,
    decisions: PathBuf,
    log: PathBuf,
    /// The life that it has now, unless a test ended it.
    life: Option<Life>,
    /// How many lives it had that were killed.
    killed: usize,
}

impl Laboratory {
    /// The kubeconfig of a controller: it may do what operators are told to let it do, and nothing else.
    ///
    /// # Errors
    /// When the API server refuses its rights, or the admission policy of pools.
    pub async fn scaler_kubeconfig(&self) -> Result<PathBuf> {
        self.scaler_kubeconfig_by(RBAC).await
    }

    /// The same by these rights.
    async fn scaler_kubeconfig_by(&self, rbac: &str) -> Result<PathBuf> {
        self.apply(rbac)
            .await
            .context("cannot apply the controller's RBAC")?;
        self.apply(ADMISSION)
            .await
            .context("cannot apply the admission policy of pools")?;
        let groups = [
            "system:serviceaccounts",
            "system:serviceaccounts:bridgetender",
        ];
        let user = format!("system:serviceaccount:{NAMESPACE}:{NAME}");
        self.identity(&user, &groups)
    }

    /// One replica with the pace of a test, which asks this laboratory's jicofo. The CRD must be there.
    pub fn scaler(&self) -> ScalersBuilder<'_> {
        let mut arguments: Vec<String> = QUICK.map(str::to_owned).into();
        arguments.push(format!("--jicofo={}", self.network().jicofo()));
        ScalersBuilder {
            lab: self,
            first: 0,
            replicas: 1,
            arguments,
            rbac: RBAC,
            link: None,
            program: None,
        }
    }
}

impl<'a> ScalersBuilder<'a> {
    /// How many replicas there are.
    #[must_use]
    pub fn replicas(mut self, replicas: u8) -> Self {
        self.replicas = replicas;
        self
    }

    /// The number of the first one: where others of the laboratory run already that are not these.
    #[must_use]
    pub fn beside(mut self, others: u8) -> Self {
        self.first = others;
        self
    }

    /// Without any right in other namespaces than `jitsi`, which must be there.
    #[must_use]
    pub fn namespaced(mut self) -> Self {
        self.rbac = RBAC_NAMESPACED;
        self.arguments
            .push(format!("--namespaces={}", crate::bridges::NAMESPACE));
        self
    }

    /// Flags; they come after, and so replace, those of every laboratory.
    #[must_use]
    pub fn flags(mut self, flags: &[&str]) -> Self {
        replace(&mut self.arguments, flags);
        self
    }

    /// All replicas reach the API server through this.
    #[must_use]
    pub fn through(mut self, link: &'a Link) -> Self {
        self.link = Some(link);
        self
    }

    /// Each replica is a process of this program, the built `jvb-scaler`, and not a part of this one.
    #[must_use]
    pub fn program(mut self, program: PathBuf) -> Self {
        self.program = Some(program);
        self
    }

    /// The flags of the first replica, for the program itself, and where that serves its HTTP. What it decides goes to standard output.
    ///
    /// # Errors
    /// When the API server refuses its rights.
    pub async fn into_flags(self) -> Result<(Vec<String>, SocketAddr)> {
        let kubeconfig = self.lab.scaler_kubeconfig_by(self.rbac).await?;
        let address = self.lab.network().scaler(self.first);
        let mut flags = self.arguments;
        flags.push(format!("--bind={address}"));
        flags.push(format!("--kubeconfig={}", kubeconfig.display()));
        Ok((flags, address))
    }

    /// Starts the replicas and waits until one leads.
    ///
    /// # Errors
    /// When a flag is wrong, or none leads in time.
    pub async fn start(self) -> Result<Scalers> {
        let lab = self.lab;
        let direct = lab.scaler_kubeconfig_by(self.rbac).await?;
        let kubeconfig = match self.link {
            Some(link) => link.kubeconfig(&direct)?,
            None => direct,
        };
        lab.tell_flags("jvb-scaler", &self.arguments);
        let replicas = (self.first..self.first + self.replicas).map(|n| Replica {
            number: n,
            address: lab.network().scaler(n),
            decisions: lab.folder().join(format!("decisions-{n}.jsonl")),
            log: log_of(lab.folder(), &name(n)),
            life: None,
            killed: 0,
        });
        let mut scalers = Scalers {
            folder: lab.folder().to_owned(),
            kubeconfig,
            arguments: self.arguments,
            program: self.program,
            replicas: replicas.collect(),
        };
        for n in 0..scalers.replicas.len() {
            scalers.start(n)?;
        }
        scalers.until_one_leads().await?;
        Ok(scalers)
    }
}

impl Scalers {
    /// Starts replica `n`, again after it ended or was killed.
    ///
    /// # Errors
    /// When its flags are wrong or it runs already.
    pub fn start(&mut self, n: usize) -> Result<()> {
        let replica = &mut self.replicas[n];
        if let Some(life) = &mut replica.life
            && !life.ended()?
        {
            bail!("replica {n} runs already");
        }
        let name = name(replica.number);
        let mut flags = vec![
            format!("--bind={}", replica.address),
            format!("--kubeconfig={}", self.kubeconfig.display()),
            format!("--identity={name}"),
            format!("--decision-log={}", replica.decisions.display()),
        ];
        flags.extend(self.arguments.iter().cloned());
        let life = if let Some(program) = &self.program {
            Life::program(&self.folder, &name, program, &flags)?
        } else {
            let arguments = std::iter::once(NAME.to_owned()).chain(flags);
            let config = Config::try_from(Arguments::try_parse_from(arguments)?)?;
            let log = append(&replica.log)?;
            Life::Within(Running::start(Some(log), |shutdown| {
                scaler_controller::run(config, shutdown)
            })?)
        };
        replica.life = Some(life);
        Ok(())
    }

    /// Ends replica `n` at once: a program by SIGKILL, and one within this process as if by that.
    ///
    /// # Errors
    /// When it had ended by itself before.
    pub fn kill(&mut self, n: usize) -> Result<()> {
        let replica = &mut self.replicas[n];
        let Some(life) = replica.life.take() else {
            return Ok(());
        };
        replica.killed += 1;
        life.kill().with_context(|| format!("replica {n}"))
    }

    /// Asks replica `n` to end, a program by SIGTERM, and waits until it has.
    ///
    /// # Errors
    /// What the replica ended with, where that is no success.
    pub async fn terminate(&mut self, n: usize) -> Result<()> {
        match self.replicas[n].life.take() {
            Some(life) => life.terminate(PATIENCE).await,
            None => Ok(()),
        }
    }

    /// Waits until replica `n` has ended by itself: with what it said. A program says it by its exit code and the end of its log.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn ended(&mut self, n: usize) -> Result<Result<()>> {
        let life = self.replicas[n].life.take();
        life.context("it does not run")?.end(PATIENCE).await
    }

    /// The replica that says that it leads, if one does.
    pub async fn leader(&self) -> Option<usize> {
        for n in 0..self.replicas.len() {
            if self
                .says(n, "/readyz")
                .await
                .is_ok_and(|said| said.trim() == "leads")
            {
                return Some(n);
            }
        }
        None
    }

    /// Waits until a replica leads: which.
    ///
    /// # Errors
    /// When none does in time: with what the first said.
    pub async fn until_one_leads(&self) -> Result<usize> {
        crate::eventually("a controller leads", PATIENCE, || async {
            match self.leader().await {
                Some(n) => Ok(n),
                None => bail!(
                    "the first says {:?}; all of them are in {}",
                    self.says(0, "/readyz").await,
                    self.folder.display()
                ),
            }
        })
        .await
    }

    /// Where replica `n` serves its HTTP.
    pub fn address(&self, n: usize) -> SocketAddr {
        self.replicas[n].address
    }

    /// Where replica `n` writes down what it decides.
    pub fn decision_log(&self, n: usize) -> &Path {
        &self.replicas[n].decisions
    }

    /// What replica `n` answers at a path, where that is a success.
    ///
    /// # Errors
    /// When it does not answer, or with an error.
    pub async fn says(&self, n: usize, path: &str) -> Result<String> {
        let url = format!("http://{}{path}", self.replicas[n].address);
        let request = Request::get(url).body(Vec::new())?;
        let (status, body) = reach::send(request, CAP, ANSWER).await?;
        let said = String::from_utf8_lossy(&body).into_owned();
        ensure!(status.is_success(), "{status}: {said}");
        Ok(said)
    }

    /// Whether one of them should run: the test has neither ended it nor waited for its end.
    pub fn are_meant_to_run(&self) -> bool {
        self.replicas.iter().any(|replica| replica.life.is_some())
    }

    /// That no plan broke an invariant, in no life of any of these replicas, by what each said in all its lives.
    ///
    /// # Errors
    /// When one did: with what it said. When one said nothing at all, or has ended by itself and nobody waited for that.
    pub fn unbroken(&mut self) -> Result<()> {
        for replica in &mut self.replicas {
            let log = &replica.log;
            if let Some(life) = &mut replica.life {
                let ended = life.ended()?;
                ensure!(!ended, "it ended by itself: see {}", log.display());
            }
            let said = std::fs::read_to_string(log)
                .with_context(|| format!("cannot read {}", log.display()))?;
            ensure!(
                said.contains(STARTS),
                "{} is not the log of a controller: {said}",
                log.display()
            );
            let broken = said.lines().find(|line| line.contains(BROKEN));
            ensure!(broken.is_none(), "{broken:?} is in {}", log.display());
        }
        Ok(())
    }

    /// The decisions of all replicas so far, those of the first one first.
    ///
    /// # Errors
    /// When a decision log is none.
    pub fn decisions(&self) -> Result<Vec<Value>> {
        let mut decisions = Vec::new();
        for replica in &self.replicas {
            decisions.extend(replica.read()?.all);
        }
        Ok(decisions)
    }

    /// What decisions of this kind came to that were not carried out, or of which nobody knows: of all replicas, those of the first
    /// one first.
    ///
    /// # Errors
    /// As [`decisions`](Self::decisions).
    pub fn failures(&self, transition: &str) -> Result<Vec<String>> {
        let mut outcomes = Vec::new();
        for replica in &self.replicas {
            let failed = replica.read()?.failed.into_iter();
            let failed = failed.filter(|(of, _)| of == transition);
            outcomes.extend(failed.map(|(_, outcome)| outcome));
        }
        Ok(outcomes)
    }

    /// How many decisions of this kind there were so far.
    ///
    /// # Errors
    /// As [`decisions`](Self::decisions).
    pub fn decided(&self, transition: &str) -> Result<usize> {
        let all = self.decisions()?;
        let of_this_kind = all
            .iter()
            .filter(|line| line["decision"]["transition"] == transition);
        Ok(of_this_kind.count())
    }
}

impl Replica {
    /// What it wrote down.
    fn read(&self) -> Result<Decisions> {
        Decisions::read(&self.decisions, self.killed)
    }
}

impl Drop for Scalers {
    fn drop(&mut self) {
        for n in 0..self.replicas.len() {
            // One that has ended by itself is nothing to be ended.
            let _ = self.kill(n);
        }
    }
}

/// What replica `n` is called.
fn name(n: u8) -> String {
    format!("{NAME}-{n}")
}
