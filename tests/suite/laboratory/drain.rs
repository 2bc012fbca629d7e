//! Bridges of several Jitsis in one cluster, and what a preStop hook that drains can and cannot do for people.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bridge::model::{JicofoConfig, Videobridge};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::DeleteParams;
use laboratory::mocks::{DRAIN_AND_WAIT, MockJitsi, Namespaces};
use laboratory::{BRIDGE_PORT, Kubelet, Laboratory, objects, quick};
use serde_json::json;

use super::bench::SOON;

/// A cluster with two Jitsis in namespaces of their own.
struct Houses {
    lab: Laboratory,
    _kubelet: Kubelet,
    jitsis: [MockJitsi; 2],
}

const NAMES: [&str; 2] = ["one", "two"];

impl Houses {
    async fn start() -> Result<Self> {
        let lab = Laboratory::builder()
            .controller_manager(false)
            .start()
            .await?;
        let houses = Namespaces::default();
        let jitsi = || MockJitsi::start(JicofoConfig::default(), quick(), None);
        let jitsis = [jitsi().await?, jitsi().await?];
        for (name, jitsi) in NAMES.iter().zip(&jitsis) {
            houses.give(name, jitsi.clone());
            lab.namespace(name).await?;
        }
        let kubelet = Kubelet::builder(&lab, Arc::new(houses)).start().await?;
        Ok(Self {
            lab,
            _kubelet: kubelet,
            jitsis,
        })
    }

    /// A bridge whose preStop hook drains it, for so many seconds at most.
    async fn bridge(&self, namespace: &str, name: &str, grace: u32) -> Result<()> {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": namespace, "name": name},
            "spec": {
                "terminationGracePeriodSeconds": grace,
                "containers": [{
                    "name": objects::BRIDGE_CONTAINER,
                    "image": "laboratory/jvb",
                    "ports": [{"name": objects::METRICS_PORT, "containerPort": BRIDGE_PORT}],
                    "lifecycle": {"preStop": {"exec": {"command": [DRAIN_AND_WAIT]}}},
                }],
            },
        });
        self.lab.put(&pod).await
    }

    /// Waits until the first Jitsi is so.
    async fn until(&self, what: &str, so: impl Fn(&bridge::model::Jitsi) -> bool) -> Result<()> {
        self.lab
            .eventually(what, SOON, || async {
                let said = self.jitsis[0].look(|jitsi| {
                    let bridges = jitsi.bridges();
                    let told = bridges
                        .map(|(name, one)| (name.to_owned(), one.local_endpoints(), one.flags()));
                    (so(jitsi), told.collect::<Vec<_>>())
                });
                ensure!(said.0, "{:?}", said.1);
                Ok(())
            })
            .await
    }

    fn join(&self, conference: &str) {
        self.jitsis[0].with(|jitsi, now| {
            for person in ["anna", "bert"] {
                jitsi.join(conference, &format!("{person}-{conference}"), now);
            }
        });
    }

    async fn delete(&self, name: &str) -> Result<()> {
        self.pods().delete(name, &DeleteParams::default()).await?;
        Ok(())
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.lab.client(), NAMES[0])
    }
}

fn people(jitsi: &bridge::model::Jitsi, name: &str) -> u32 {
    jitsi.bridge(name).map_or(0, Videobridge::local_endpoints)
}

#[tokio::test(flavor = "multi_thread")]
async fn bridges_of_one_name_in_two_namespaces_are_two_bridges() -> Result<()> {
    let houses = Houses::start().await?;
    for namespace in NAMES {
        houses.bridge(namespace, "jvb", 1).await?;
    }
    let serving =
        |jitsi: &bridge::model::Jitsi| jitsi.bridges().filter(|(_, one)| one.in_brewery()).count();
    houses
        .lab
        .eventually("each Jitsi has its bridge", SOON, || async {
            let counts = houses.jitsis.each_ref().map(|jitsi| jitsi.look(serving));
            ensure!(counts == [1, 1], "{counts:?}");
            Ok(())
        })
        .await?;
    houses.delete("jvb").await?;
    houses
        .lab
        .eventually("one Jitsi has lost its bridge", SOON, || async {
            let counts = houses.jitsis.each_ref().map(|jitsi| jitsi.look(serving));
            ensure!(counts == [0, 1], "{counts:?}");
            Ok(())
        })
        .await?;
    houses.lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pre_stop_drain_waits_for_people_and_no_longer_than_the_grace_period() -> Result<()> {
    let houses = Houses::start().await?;
    houses.bridge(NAMES[0], "patient", 600).await?;
    houses
        .until("it serves", |jitsi| {
            jitsi.bridge("patient").is_some_and(Videobridge::in_brewery)
        })
        .await?;
    houses.join("physics");
    houses.bridge(NAMES[0], "short", 3).await?;
    houses
        .until("another one serves", |jitsi| {
            jitsi.bridge("short").is_some_and(Videobridge::in_brewery)
        })
        .await?;

    // It stays for its people, and gets no new ones.
    houses.delete("patient").await?;
    houses
        .until("it drains", |jitsi| {
            jitsi.bridge("patient").is_some_and(|one| one.flags().drain)
        })
        .await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    houses.join("history");
    houses
        .until("new people go elsewhere", |jitsi| {
            people(jitsi, "short") == 2
        })
        .await?;
    let there = houses.pods().get("patient").await?;
    ensure!(there.metadata.deletion_timestamp.is_some());
    ensure!(houses.jitsis[0].look(|jitsi| people(jitsi, "patient")) == 2);
    houses.jitsis[0].with(|jitsi, now| {
        for person in ["anna", "bert"] {
            jitsi.leave("physics", &format!("{person}-physics"), now);
        }
    });
    houses
        .until("it ends when they have left", |jitsi| {
            jitsi
                .bridge("patient")
                .is_none_or(|one| one.exit().is_some())
        })
        .await?;
    ensure!(houses.jitsis[0].look(|jitsi| jitsi.ledger().cut) == 0);

    // The other one's grace period is shorter than its conference.
    let began = tokio::time::Instant::now();
    houses.delete("short").await?;
    houses
        .until("whoever is left is cut off", |jitsi| {
            jitsi.ledger().cut == 2
        })
        .await?;
    ensure!(began.elapsed() >= Duration::from_secs(3), "too early");
    let ledger = houses.jitsis[0].look(|jitsi| jitsi.ledger().clone());
    let counted = (ledger.came, ledger.disturbed, ledger.disturbed_by_cut);
    ensure!(counted == (4, 2, 2), "{ledger:?}");
    houses
        .lab
        .eventually("its pod is gone", SOON, || async {
            let there = houses.pods().get_opt("short").await?;
            ensure!(there.is_none(), "{:?}", there.context("a pod")?.status);
            Ok(())
        })
        .await?;
    houses.lab.stop().await
}
