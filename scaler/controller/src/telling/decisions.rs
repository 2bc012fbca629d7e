//! The decision log: a line of JSON for each decision, with its evidence.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use scaler_api::key::timestamp;
use scaler_policy::world::Pool;
use scaler_policy::{Decision, Plan};
use serde_json::json;

/// Where decisions are written down.
pub(crate) struct DecisionLog(Box<dyn Write + Send>);

impl DecisionLog {
    /// A file that is appended to; `-` is standard output.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn open(file: &Path) -> anyhow::Result<Self> {
        if file == Path::new("-") {
            return Ok(Self(Box::new(io::stdout())));
        }
        let opened = OpenOptions::new().create(true).append(true).open(file);
        let opened = opened.with_context(|| {
            format!(
                "cannot write decisions to {} (--decision-log)",
                file.display()
            )
        })?;
        Ok(Self(Box::new(opened)))
    }

    /// Writes one decision down, as a whole line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(
        &mut self,
        pool: &Pool,
        plan: &Plan,
        decision: &Decision,
    ) -> io::Result<()> {
        let line = json!({
            "time": timestamp(plan.at),
            "pool": format!("{}/{}", pool.namespace, pool.name),
            "dryRun": plan.dry_run,
            "decision": decision,
        });
        self.0.write_all(format!("{line}\n").as_bytes())?;
        self.0.flush()
    }
}
