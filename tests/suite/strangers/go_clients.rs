//! The Go clients of k8s.io/metrics, with the rights of the HPA.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bridge::model::Load;
use jiff::{SignedDuration, Timestamp};
use laboratory::{Failure, GoAnswer, GoClients, Item, Laboratory, NAMESPACE, Question};
use serde_json::Value;

use super::SERVED;

const WITHIN: Duration = Duration::from_mins(2);
/// A value that is older is left out by the adapter.
const MAX_AGE: SignedDuration = SignedDuration::from_secs(30);
/// What kube-controller-manager asks for.
const ACCEPT: &str = "application/vnd.kubernetes.protobuf, */*";
const POD: (&str, &str) = ("", "Pod");
const DEPLOYMENT: (&str, &str) = ("apps", "Deployment");
const STRESS: &str = "stress_level";
const TOTAL: &str = "stress_level_total";

#[tokio::test(flavor = "multi_thread")]
async fn the_go_clients_of_the_hpa_read_the_preferred_version() -> Result<()> {
    the_clients_read("v1beta2", &["v1beta2", "v1beta1"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_go_clients_of_the_hpa_read_the_older_version_where_it_is_alone() -> Result<()> {
    the_clients_read("v1beta1", &["v1beta1"]).await
}

/// Everything that the clients can ask for, of a server with these versions, of which they are to choose the one.
async fn the_clients_read(version: &'static str, versions: &[&'static str]) -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(3).load(Load::Measured(0.25)).start().await?;
    let _adapters = lab
        .adapter()
        .versions(versions)
        .external(true)
        .start()
        .await?;
    let reader = Reader {
        clients: lab.go_clients()?,
        version,
    };
    let names = bridges.names().await?;
    lab.eventually("every bridge is told", WITHIN, || async {
        let told = reader.items(Question::pods(NAMESPACE, STRESS)).await?;
        ensure!(told.len() == names.len(), "{told:?}");
        Ok(())
    })
    .await?;
    reader.reads_pods(&names).await?;
    reader.reads_objects(bridges.name(), &names[0]).await?;
    reader.is_refused(bridges.name(), &names[0]).await?;
    reader.reads_external_metrics().await?;
    lab.stop().await
}

struct Reader {
    clients: GoClients,
    version: &'static str,
}

impl Reader {
    async fn reads_pods(&self, names: &[String]) -> Result<()> {
        let pods = Question::pods(NAMESPACE, STRESS);
        for selector in ["", "app=jvb", "app in (jvb, other),!retired"] {
            let items = self.items(pods.clone().labelled(selector)).await?;
            ensure!(items.len() == names.len(), "{selector}: {items:?}");
            for item in &items {
                object_is(item, ("v1", "Pod"), NAMESPACE, STRESS, 250)?;
                ensure!(item.window_seconds == Some(10), "{item:?}");
            }
            let mut told: Vec<&str> = items.iter().map(|item| &*item.name).collect();
            told.sort_unstable();
            ensure!(told == names, "{told:?}");
        }
        for nobody in [
            pods.clone().labelled("app=other"),
            pods.clone().series("media=video"),
            Question::pods("default", STRESS),
        ] {
            let items = self.items(nobody).await?;
            ensure!(items.is_empty(), "{items:?}");
        }

        let answer = self.clients.ask(&pods.labelled("app=jvb")).await?;
        let path = format!(
            "/apis/custom.metrics.k8s.io/{}/namespaces/jitsi/pods/%2A/stress_level?labelSelector=app%3Djvb",
            self.version
        );
        let wire = &answer.wire;
        ensure!(wire.uri == path && wire.accept == ACCEPT, "{wire:?}");
        ensure!(wire.content_type == "application/json", "{wire:?}");
        Ok(())
    }

    async fn reads_objects(&self, deployment: &str, pod: &str) -> Result<()> {
        let pod = Question::object(NAMESPACE, POD, pod, STRESS);
        object_is(&self.one(pod).await?, ("v1", "Pod"), NAMESPACE, STRESS, 250)?;
        for (metric, milli) in [(TOTAL, 750), ("stress_level_mean", 250)] {
            let owner = Question::object(NAMESPACE, DEPLOYMENT, deployment, metric);
            let owner = self.one(owner).await?;
            object_is(&owner, ("apps/v1", "Deployment"), NAMESPACE, metric, milli)?;
            let namespace = self.one(Question::namespace(NAMESPACE, metric)).await?;
            object_is(&namespace, ("v1", "Namespace"), "", metric, milli)?;
            ensure!(namespace.name == NAMESPACE, "{namespace:?}");
        }
        Ok(())
    }

    async fn is_refused(&self, deployment: &str, pod: &str) -> Result<()> {
        let object = |kind, name, metric| Question::object(NAMESPACE, kind, name, metric);
        for (question, said) in [
            // The HPA shows people what is said: it is to name what there is.
            (Question::pods(NAMESPACE, "cpu"), STRESS),
            (object(POD, "nobody", STRESS), "nobody"),
            (object(POD, pod, "cpu"), STRESS),
            (object(POD, pod, STRESS).series("media=video"), pod),
            (object(DEPLOYMENT, "nobody", TOTAL), "nobody"),
            (object(DEPLOYMENT, deployment, STRESS), "_total"),
            (Question::namespace("nowhere", TOTAL), "nowhere"),
            // No pod is outside of all namespaces, and no namespace in another.
            (Question::pods("", STRESS), "pods"),
            (object(("", "Namespace"), NAMESPACE, TOTAL), "namespaces"),
        ] {
            let failure = self.failure(&question).await?;
            let expected = failure.code == 404 && failure.reason == "NotFound";
            ensure!(expected, "{question:?}: {failure:?}");
            ensure!(failure.message.contains(said), "{failure:?}");
        }
        // The clients know of no such kind: nobody was asked.
        let question = object(("jitsi.org", "Bridge"), "jvb", TOTAL);
        let failure = self.failure(&question).await?;
        ensure!(failure.code == 0, "{failure:?}");
        ensure!(
            failure.message.contains("unable to map kind"),
            "{failure:?}"
        );
        Ok(())
    }

    async fn reads_external_metrics(&self) -> Result<()> {
        let total = Question::external(NAMESPACE, TOTAL);
        if !SERVED.contains(&"external") {
            let failure = self.failure(&total).await?;
            ensure!(failure.code == 404, "are they served? {failure:?}");
            return Ok(());
        }
        let items = self.items(total.clone()).await?;
        ensure!(!items.is_empty(), "nothing was told of {TOTAL}");
        for item in &items {
            value_is(item, TOTAL, 750)?;
        }
        for nothing in [
            total.series("media=video"),
            Question::external(NAMESPACE, "cpu"),
        ] {
            let items = self.items(nothing).await?;
            ensure!(items.is_empty(), "{items:?}");
        }
        Ok(())
    }

    async fn items(&self, question: Question) -> Result<Vec<Item>> {
        let answer = self.clients.ask(&question).await?;
        match answer {
            GoAnswer {
                error: None, items, ..
            } => items.context("neither values nor an error"),
            _ => bail!("{question:?}: {answer:?}"),
        }
    }

    async fn one(&self, question: Question) -> Result<Item> {
        let mut items = self.items(question).await?;
        ensure!(items.len() == 1, "{items:?}");
        items.pop().context("there is one")
    }

    async fn failure(&self, question: &Question) -> Result<Failure> {
        let answer = self.clients.ask(question).await?;
        let answered = format!("{question:?}: {answer:?}");
        answer.error.context(answered)
    }
}

/// A value of an object in a namespace; empty where it is in none.
fn object_is(
    item: &Item,
    kind: (&str, &str),
    namespace: &str,
    metric: &str,
    milli: i64,
) -> Result<()> {
    ensure!((&*item.api_version, &*item.kind) == kind, "{item:?}");
    ensure!(item.namespace == namespace, "{item:?}");
    ensure!(item.series == Value::Null, "{item:?}");
    value_is(item, metric, milli)
}

fn value_is(item: &Item, metric: &str, milli: i64) -> Result<()> {
    ensure!(item.metric == metric && item.milli == milli, "{item:?}");
    // Both are told in whole seconds of the same clock.
    let age = Timestamp::now().duration_since(item.timestamp);
    ensure!(!age.is_negative() && age <= MAX_AGE, "{age:?}: {item:?}");
    Ok(())
}
