//! What every test of the controller begins with, and what must hold at its end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use laboratory::{Laboratory, NAMESPACE, Pool, Request, Scalers, ScalersBuilder};
use serde_json::{Value, json};

use crate::programs::built;

/// How long something may take that takes seconds on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// The controller, as the audit log names it.
pub(crate) const CONTROLLER: &str = "system:serviceaccount:bridgetender:jvb-scaler";

/// What is put upon the spec of a pool whose test is about whom it chooses: of a bridge that was not asked for seconds, because this
/// machine was busy, nothing would be known, and another one would be chosen, or started.
pub(crate) fn remembering() -> Value {
    json!({ "evidence": { "freshness": "1m", "unreachableAfter": "1m" } })
}

/// How many meetings there were: each has a name of its own.
static MEETINGS: AtomicUsize = AtomicUsize::new(0);

/// A laboratory with a pool and controllers.
pub(crate) struct Stage {
    pub(crate) lab: Laboratory,
    pub(crate) pool: Pool,
    pub(crate) scalers: Scalers,
}

/// What others than the controller did to people, and is therefore no harm of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Others {
    /// People whose bridge they took away.
    pub(crate) cut: u64,
    /// Bridges that jicofo lost by that.
    pub(crate) lost: u64,
}

impl Stage {
    /// A pool of so many bridges, with this put upon its spec, all of which take conferences.
    pub(crate) async fn of(bridges: u32, spec: &Value, controllers: u8) -> Result<Self> {
        let laboratory = Laboratory::builder();
        Self::in_a(laboratory, bridges, spec, controllers, &[]).await
    }

    /// The same, with these flags of the controllers besides.
    pub(crate) async fn with(
        bridges: u32,
        spec: &Value,
        controllers: u8,
        flags: &[&str],
    ) -> Result<Self> {
        Self::in_a(Laboratory::builder(), bridges, spec, controllers, flags).await
    }

    /// The same in a laboratory and with controllers that are unlike the usual ones.
    pub(crate) async fn in_a(
        laboratory: laboratory::Builder,
        bridges: u32,
        spec: &Value,
        controllers: u8,
        flags: &[&str],
    ) -> Result<Self> {
        Self::led(laboratory, bridges, spec, |scaler| {
            scaler.replicas(controllers).flags(flags)
        })
        .await
    }

    /// A pool of so many bridges, and controllers that are processes of the program that is shipped: it is built where it must be.
    pub(crate) async fn of_programs(bridges: u32, controllers: u8) -> Result<Self> {
        let program = built("jvb-scaler")?;
        Self::led(Laboratory::builder(), bridges, &json!({}), |scaler| {
            scaler.replicas(controllers).program(program)
        })
        .await
    }

    async fn led(
        laboratory: laboratory::Builder,
        bridges: u32,
        spec: &Value,
        so: impl FnOnce(ScalersBuilder<'_>) -> ScalersBuilder<'_>,
    ) -> Result<Self> {
        let lab = laboratory.audit_log(true).start().await?;
        let pool = lab.pool(bridges).spec(spec).start().await?;
        let scalers = so(lab.scaler()).start().await?;
        pool.until_active(bridges).await?;
        Ok(Self { lab, pool, scalers })
    }

    /// `kubectl scale`, as an operator would.
    pub(crate) async fn scale(&self, replicas: u32) -> Result<()> {
        let flag = format!("--replicas={replicas}");
        self.lab
            .kubectl_text(&["-n", "jitsi", "scale", "bp/jvb", &flag])
            .await?;
        Ok(())
    }

    /// So many people on each bridge, in a conference of their own: the names of the conferences.
    pub(crate) async fn fill(&self, people: u32) -> Result<Vec<String>> {
        /// jicofo chooses by what it has last heard of each bridge: between two rounds it hears of all of them.
        const ROUNDS: usize = 20;
        const PRESENCE: Duration = Duration::from_millis(300);
        let bridges = self.pool.bridges().await?;
        let mut conferences = Vec::new();
        for _ in 0..ROUNDS {
            for _ in &bridges {
                let filled = self.pool.jitsi().with(|jitsi, _| {
                    bridges.iter().all(|bridge| {
                        let bridge = jitsi.bridge(&bridge.name);
                        bridge.is_some_and(|bridge| bridge.local_endpoints() > 0)
                    })
                });
                if filled {
                    return Ok(conferences);
                }
                let conference = format!("room-{}", MEETINGS.fetch_add(1, Ordering::Relaxed));
                self.pool.join(&conference, people);
                conferences.push(conference);
            }
            tokio::time::sleep(PRESENCE).await;
        }
        bail!("jicofo leaves a bridge out: {bridges:#?}")
    }

    /// Everybody leaves these conferences.
    pub(crate) fn empty(&self, conferences: &[String], people: u32) {
        for conference in conferences {
            self.pool.leave(conference, people);
        }
    }

    /// Waits until the pool tells this condition, with this reason among those that it gives: with its message.
    pub(crate) async fn until_told(&self, condition: &str, reason: &str) -> Result<String> {
        let what = format!("the pool tells {condition} because of {reason}");
        self.lab
            .eventually(&what, PATIENCE, || async {
                let status = serde_json::to_value(self.pool.object().await?.status)?;
                let mut conditions = status["conditions"].as_array().into_iter().flatten();
                let told = conditions
                    .find(|told| told["type"] == condition)
                    .context("no such condition yet")?;
                ensure!(told["reason"] == reason, "{told}");
                Ok(told["message"].as_str().unwrap_or_default().to_owned())
            })
            .await
    }

    /// Waits until all these people are on bridges.
    pub(crate) async fn until_on_bridges(&self, all: u64) -> Result<()> {
        self.lab
            .eventually("everybody is on a bridge", PATIENCE, || async {
                let (people, _) = self.pool.truth();
                ensure!(people.on_bridges == all, "{people:?} of {all}");
                Ok(())
            })
            .await
    }

    /// What the first controller knows of the pool.
    pub(crate) async fn report(&self) -> Result<Value> {
        let report = self.scalers.says(0, "/pools/jitsi/jvb").await?;
        Ok(serde_json::from_str(&report)?)
    }

    /// Waits until an event of this type and reason is told on an object, with this other one beside it, that says this.
    pub(crate) async fn until_event(
        &self,
        [type_, reason]: [&str; 2],
        on: [&str; 2],
        beside: [&str; 2],
        says: &str,
    ) -> Result<()> {
        let words = ["-n", "jitsi", "get", "events.events.k8s.io", "-o", "json"];
        let is = |object: &Value, [kind, name]: [&str; 2]| {
            object["kind"] == kind && object["name"] == name
        };
        let what = format!("{reason} is told on {on:?}");
        self.lab
            .eventually(&what, PATIENCE, || async {
                let text = self.lab.kubectl_text(&words).await?;
                let all: Value = serde_json::from_str(&text)?;
                let mut told = all["items"].as_array().into_iter().flatten();
                let found = told.any(|event| {
                    event["reason"] == reason
                        && event["type"] == type_
                        && is(&event["regarding"], on)
                        && is(&event["related"], beside)
                        && event["note"]
                            .as_str()
                            .is_some_and(|note| note.contains(says))
                });
                ensure!(found, "{text}");
                Ok(())
            })
            .await
    }

    /// Waits until the pool has its budget: before that anybody may evict its bridges.
    pub(crate) async fn until_budgeted(&self) -> Result<()> {
        self.lab
            .eventually("the pool has a budget", PATIENCE, || async {
                let words = ["-n", "jitsi", "get", "pdb", "jvb"];
                self.lab.kubectl_text(&words).await.map(drop)
            })
            .await
    }

    /// The pool's pods, by a client that asks once: kube's asks again for minutes for what is refused by a budget.
    pub(crate) async fn pods_asked_once(&self) -> Result<Api<Pod>> {
        let config = self.lab.config_of(&self.lab.kubeconfig()).await?;
        Ok(Api::namespaced(Client::try_from(config)?, NAMESPACE))
    }

    /// Waits until the first controller tells all of this in its numbers: it learns of what it did a moment after it is so.
    pub(crate) async fn tells_numbers(&self, all: &[&str]) -> Result<()> {
        self.lab
            .eventually("the numbers are told", PATIENCE, || async {
                let metrics = self.scalers.says(0, "/metrics").await?;
                for line in all {
                    ensure!(metrics.contains(line), "{line} is not in\n{metrics}");
                }
                Ok(())
            })
            .await
    }

    /// Nobody was hung up on or moved, jicofo lost no bridge, no plan broke an invariant, and no pod was deleted by the controller
    /// but by its UID and version, and never a protected one.
    pub(crate) async fn unharmed(self) -> Result<()> {
        self.harmed_only_by(Others::default()).await
    }

    /// The same, but for what others did.
    pub(crate) async fn harmed_only_by(self, others: Others) -> Result<()> {
        let (people, _) = self.pool.truth();
        ensure!(people.moved == 0, "{people:?}");
        ensure!(people.stranded == 0 && people.waiting == 0, "{people:?}");
        self.uncut_but_by(others).await
    }

    /// Nobody was hung up on, jicofo lost no bridge, and the controller did nothing that it must not do. People may have been moved.
    pub(crate) async fn uncut(self) -> Result<()> {
        self.uncut_but_by(Others::default()).await
    }

    async fn uncut_but_by(self, others: Others) -> Result<()> {
        let (people, lost) = self.pool.truth();
        ensure!(people.cut == others.cut, "{people:?}, and {others:?}");
        ensure!(
            lost == Some(others.lost),
            "jicofo lost {lost:?} bridges, and {others:?}"
        );
        self.fenced().await
    }

    /// The controller did nothing that it must not do, whatever happened to people.
    pub(crate) async fn fenced(mut self) -> Result<()> {
        self.unbroken().await?;
        for removal in self.removals()? {
            ensure!(removal.verb == "delete", "{removal:?}");
            let body = removal.body.as_ref().context("a DELETE without a body")?;
            let fence = &body["preconditions"];
            let fenced = fence["uid"].is_string() && fence["resourceVersion"].is_string();
            ensure!(fenced, "a DELETE that holds for any pod: {removal:?}");
            // A pod that was protected when it was deleted is in the answer.
            let answer = removal.answer.as_ref();
            let labels = answer.map(|pod| &pod["metadata"]["labels"]["bridgetender.dev/protected"]);
            ensure!(
                labels.is_none_or(Value::is_null),
                "a protected pod was deleted: {removal:?}"
            );
        }
        self.lab.stop().await
    }

    /// No plan of any life of these controllers broke an invariant, and one leads, unless all were ended by the test: one that
    /// ended by itself is no success.
    async fn unbroken(&mut self) -> Result<()> {
        if self.scalers.are_meant_to_run() {
            let leader = self.scalers.until_one_leads().await?;
            let metrics = self.scalers.says(leader, "/metrics").await?;
            let broken = metrics
                .lines()
                .find(|line| line.starts_with("jvb_scaler_invariant_violations_total{"));
            ensure!(broken.is_none(), "{broken:?}");
        }
        self.scalers.unbroken()
    }

    /// What the controller asked the API server to delete of pods.
    pub(crate) fn removals(&self) -> Result<Vec<Request>> {
        self.asked(|request| request.verb.starts_with("delete") && request.uri.contains("/pods"))
    }

    /// The pods that the controller had the API server make.
    pub(crate) fn creations(&self) -> Result<Vec<Request>> {
        self.asked(|request| request.verb == "create" && request.uri.contains("/pods"))
    }

    /// What the controller asked the API server, of this kind.
    pub(crate) fn asked(&self, so: impl Fn(&Request) -> bool) -> Result<Vec<Request>> {
        let mut asked = self.lab.audit()?;
        asked.retain(|request| request.user.username == CONTROLLER && so(request));
        Ok(asked)
    }
}
