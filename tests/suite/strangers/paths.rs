//! The table of paths of custom-metrics-apiserver's own tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bridge::model::JicofoConfig;
use kube::Client;
use laboratory::mocks::MockJitsi;
use laboratory::{Kubelet, Laboratory, objects, quick};
use serde_json::{Value, json};

use super::SERVED;

const TABLE: &str = include_str!("paths.txt");
const WITHIN: Duration = Duration::from_mins(2);

/// An answer: its code and, where it says how many, its values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Outcome {
    code: u16,
    values: Option<usize>,
}

/// What is between the client and the adapter.
#[derive(Clone, Copy, Debug)]
enum Through {
    Nobody,
    ApiServer,
}

#[derive(Debug)]
struct Row {
    api: &'static str,
    what: &'static str,
    path: &'static str,
    theirs: Outcome,
    /// Where it differs from theirs on purpose.
    ours: Option<Outcome>,
}

impl Row {
    fn expected(&self) -> Outcome {
        self.ours.unwrap_or(self.theirs)
    }
}

fn outcome(code: &str, values: &str) -> Result<Outcome> {
    let values = match values {
        "-" => None,
        number => Some(number.parse()?),
    };
    let code = code.parse()?;
    Ok(Outcome { code, values })
}

fn row(line: &'static str) -> Result<Row> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [api, what, path, code, values, ref rest @ ..] = *cells else {
        bail!("a row has at least five cells");
    };
    let ours = match *rest {
        [] | [""] => None,
        [differs] => {
            let mut parts = differs.splitn(3, ',').map(str::trim);
            let (code, values, why) = (parts.next(), parts.next(), parts.next());
            ensure!(
                why.is_some_and(|why| !why.is_empty()),
                "no reason is given for the difference"
            );
            Some(outcome(
                code.unwrap_or_default(),
                values.unwrap_or_default(),
            )?)
        }
        _ => bail!("a row has at most six cells"),
    };
    Ok(Row {
        api,
        what,
        path,
        theirs: outcome(code, values)?,
        ours,
    })
}

fn table() -> Result<Vec<Row>> {
    TABLE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| row(line).with_context(|| line.to_owned()))
        .collect()
}

#[test]
fn only_what_differs_is_written_as_a_difference() -> Result<()> {
    let table = table()?;
    ensure!(table.len() == 19, "{} rows", table.len());
    for row in table {
        ensure!(row.ours != Some(row.theirs), "{row:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_are_answered_as_the_common_go_library_answers_them() -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    let (_jitsi, _kubelet) = sixteen_bridges(&lab).await?;
    let adapters = lab
        .adapter()
        .flags(&["--extra-metric=some_metric=conferences"])
        .external(true)
        .start()
        .await?;
    let direct = Client::try_from(adapters.place().config(&lab.kubeconfig()).await?)?;
    let proxied = lab.client();
    lab.eventually("all bridges are told", WITHIN, || async {
        let all = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/ns/pods/*/some_metric";
        let seen = ask(&direct, all).await?;
        ensure!(seen.values == Some(16), "{seen:?}");
        Ok(())
    })
    .await?;

    let mut wrong = Vec::new();
    for row in table()?.iter().filter(|row| SERVED.contains(&row.api)) {
        let expected = row.expected();
        for (through, path) in ways(row) {
            let client = match through {
                Through::Nobody => &direct,
                Through::ApiServer => &proxied,
            };
            let seen = ask(client, &path).await?;
            let counted = expected.values.is_none() || expected.values == seen.values;
            if expected.code != seen.code || !counted {
                let what = row.what;
                wrong.push(format!(
                    "{what}, through {through:?}: {path}: {seen:?}, expected {expected:?}"
                ));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    lab.stop().await
}

/// How a row is asked: in each version, of the adapter itself and, where the path leads to it, through the API server.
fn ways(row: &Row) -> Vec<(Through, String)> {
    let mut paths = vec![row.path.to_owned()];
    if row.path.contains("/custom.metrics.k8s.io/v1beta1/") {
        paths.push(row.path.replace("/v1beta1/", "/v1beta2/"));
    }
    let throughs: &[Through] = if row.path.contains(".metrics.k8s.io/") {
        &[Through::Nobody, Through::ApiServer]
    } else {
        &[Through::Nobody]
    };
    let ways = paths
        .iter()
        .flat_map(|path| throughs.iter().map(|through| (*through, path.clone())));
    ways.collect()
}

async fn sixteen_bridges(lab: &Laboratory) -> Result<(MockJitsi, Kubelet)> {
    let jitsi = MockJitsi::start(JicofoConfig::default(), quick(), None).await?;
    let kubelet = Kubelet::builder(lab, Arc::new(jitsi.clone()))
        .start()
        .await?;
    lab.namespace("ns").await?;
    let template = objects::bridges("ns", "jvb", 1)
        .spec
        .context("it is written out")?
        .template;
    for n in 0..16 {
        let name = if n == 0 {
            "foo".to_owned()
        } else {
            format!("bridge-{n}")
        };
        let labels = template
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.labels.clone());
        let mut labels: BTreeMap<String, String> = labels.unwrap_or_default();
        if n < 8 {
            labels.insert("foo".to_owned(), "bar".to_owned());
        }
        lab.put(&json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "ns", "name": name, "labels": labels},
            "spec": template.spec,
        }))
        .await?;
    }
    Ok((jitsi, kubelet))
}

/// An error is told by a `Status` with the code of the answer.
async fn ask(client: &Client, path: &str) -> Result<Outcome> {
    let request = http::Request::get(path).body(Vec::new())?;
    match client.request::<Value>(request).await {
        Ok(list) => Ok(Outcome {
            code: 200,
            values: list["items"].as_array().map(Vec::len),
        }),
        Err(kube::Error::Api(status)) => {
            let reasoned = status.code != 404 || status.reason == "NotFound";
            ensure!(reasoned, "{path}: {status:?}");
            Ok(Outcome {
                code: status.code,
                values: None,
            })
        }
        Err(error) => Err(error.into()),
    }
}
