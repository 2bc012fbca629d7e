//! What is asked for is written, and what will come of it is told.

use serde_json::json;

use super::{Asked, unexplained};
use crate::args::{BridgeArguments, Output, PoolArguments};
use crate::change::{Change, Subject};
use crate::cluster::{Found, Written};
use crate::show;
use crate::terminal::print;
use crate::trouble::Trouble;
use crate::view::{FORM, Seen};

/// So often what changed meanwhile is looked at anew.
const ATTEMPTS: usize = 4;

impl Asked {
    /// Asks for something for each of these bridges: all are understood before the first is written.
    pub(super) async fn of_bridges(
        &self,
        arguments: &BridgeArguments,
        change: impl Fn(&Subject<'_>) -> Result<Change, Trouble>,
    ) -> Result<u8, Trouble> {
        let mut changes = Vec::new();
        for name in &arguments.bridges {
            changes.push(self.of_bridge(name, &change).await?);
        }
        let names: Vec<String> = changes.iter().map(|change| change.name.clone()).collect();
        let mut done = Vec::new();
        for found in changes {
            match self.to_bridge(found, &change, arguments.dry_run).await {
                Ok(written) => done.push(self.tell(written, arguments.dry_run)),
                Err(trouble) => return Err(self.broken_off(&done, &names, trouble)),
            }
        }
        self.json(&json!({ "form": FORM, "changes": done }));
        Ok(0)
    }

    /// Writes what is asked for of one bridge: what was written in the end.
    async fn to_bridge(
        &self,
        mut found: Change,
        change: &impl Fn(&Subject<'_>) -> Result<Change, Trouble>,
        dry_run: bool,
    ) -> Result<Change, Trouble> {
        for _ in 1..ATTEMPTS {
            match self.write(&found, dry_run).await {
                // Somebody else, the controller for example, wrote it meanwhile: what was said of it may not be so.
                Err(Trouble::Conflict(_)) => found = self.of_bridge(&found.name, change).await?,
                other => return other.map(|()| found),
            }
        }
        self.write(&found, dry_run).await.map(|()| found)
    }

    /// Tells what was written before something failed, and what was not tried: whoever goes on has to know both.
    fn broken_off(&self, done: &[Change], names: &[String], trouble: Trouble) -> Trouble {
        let Some((failed, not_tried)) = names[done.len()..].split_first() else {
            return trouble;
        };
        self.json(&json!({
            "form": FORM,
            "changes": done,
            "failed": { "name": failed, "error": trouble.to_string(), "hint": trouble.hint() },
            "notTried": not_tried,
        }));
        if !not_tried.is_empty() {
            eprintln!("{failed} failed; not tried: {}", not_tried.join(", "));
        } else if !done.is_empty() {
            eprintln!("{failed} failed");
        }
        trouble
    }

    async fn of_bridge(
        &self,
        name: &str,
        change: &impl Fn(&Subject<'_>) -> Result<Change, Trouble>,
    ) -> Result<Change, Trouble> {
        let Found { pod, seen } = self.cluster.bridge(name).await?;
        let Seen { pool, report, .. } = &seen;
        let uid = pod.metadata.uid.unwrap_or_default();
        let bridge = report.bridges.iter().find(|bridge| bridge.uid.0 == uid);
        let bridge = bridge.ok_or_else(|| unexplained(report, name))?;
        change(&Subject {
            version: pod.metadata.resource_version.as_deref().unwrap_or_default(),
            bridge,
            pool,
            report,
        })
    }

    pub(super) async fn of_pool(
        &self,
        arguments: &PoolArguments,
        change: impl Fn(&Seen) -> Result<Change, Trouble>,
    ) -> Result<u8, Trouble> {
        let mut attempt = 1;
        let found = loop {
            let pool = self.cluster.pool(arguments.pool.as_deref()).await?;
            let found = change(&self.cluster.seen(pool).await?)?;
            match self.write(&found, arguments.dry_run).await {
                Err(Trouble::Conflict(_)) if attempt < ATTEMPTS => attempt += 1,
                other => {
                    other?;
                    break found;
                }
            }
        };
        let done = self.tell(found, arguments.dry_run);
        self.json(&json!({ "form": FORM, "changes": [done] }));
        Ok(0)
    }

    async fn write(&self, change: &Change, dry_run: bool) -> Result<(), Trouble> {
        let Some(body) = &change.patch else {
            return Ok(());
        };
        let written = Written {
            namespace: &change.namespace,
            name: &change.name,
            body,
            dry_run,
        };
        if change.kind == "Pod" {
            self.cluster.write_pod(written).await
        } else {
            self.cluster.write_pool(written).await
        }
    }

    fn tell(&self, mut change: Change, dry_run: bool) -> Change {
        change.dry_run = dry_run;
        if self.output == Output::Table {
            print(&show::consequences(&change, &self.pen));
        }
        change
    }
}
