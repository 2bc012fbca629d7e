//! The program: what the command line asks for, told as it asks for it.

use std::io::Write;

use anyhow::{Result, bail};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::args::{Arguments, Output};
use crate::mocks::{Mocks, Setup};
use crate::plan::{Options, Plan};
use crate::report::Report;
use crate::{print, run};

/// Does what the command line says, and returns the exit code.
///
/// # Errors
/// When there is nothing to ask, or mocks cannot be started.
pub async fn main(
    arguments: &Arguments,
    stop: &CancellationToken,
    out: &mut (dyn Write + Send),
) -> Result<u8> {
    let options = arguments.options();
    if arguments.list {
        let everybody = Options {
            bridge: Some("127.0.0.1".parse()?),
            jicofo: Some("127.0.0.1".parse()?),
            ..options
        };
        return Ok(say(out, stop, &print::listed(&Plan::new(&everybody)?)));
    }
    let mut printer = Printer {
        out,
        stop,
        output: arguments.output,
    };
    let reports = if arguments.mocks() {
        with_mocks(&options, stop, &mut printer).await?
    } else {
        vec![printer.run(&options, stop).await?]
    };
    if arguments.output == Output::Json {
        let document = json!({ "runs": reports });
        say(printer.out, stop, &format!("{document:#}\n"));
    }
    Ok(exit_code(&reports))
}

/// The worst of several runs: interrupted, nobody reached, something different. A run in which nothing was asked counts where
/// nothing was asked in any.
fn exit_code(reports: &[Report]) -> u8 {
    let asked = |report: &&Report| {
        let counts = report.counts();
        counts.left_out < report.steps.len()
    };
    let worst = reports.iter().filter(asked).map(Report::exit_code).max();
    worst
        .or_else(|| reports.iter().map(Report::exit_code).max())
        .unwrap_or_default()
}

/// Asks mocks of every set-up that has a step that was chosen.
async fn with_mocks(
    options: &Options,
    stop: &CancellationToken,
    printer: &mut Printer<'_>,
) -> Result<Vec<Report>> {
    let mut reports = Vec::new();
    for setup in Setup::ALL {
        if stop.is_cancelled() {
            break;
        }
        let mocks = Mocks::start(setup).await?;
        let options = mocks.options(options);
        if Plan::new(&options).is_err() && !reports.is_empty() {
            continue; // no step of this set-up was chosen
        }
        printer.head(setup);
        reports.push(printer.run(&options, stop).await?);
    }
    if reports.is_empty() {
        bail!("interrupted before anything was asked");
    }
    Ok(reports)
}

struct Printer<'a> {
    out: &'a mut (dyn Write + Send),
    stop: &'a CancellationToken,
    output: Output,
}

impl Printer<'_> {
    fn head(&mut self, setup: Setup) {
        if self.output == Output::Text {
            say(self.out, self.stop, &format!("== {}\n", setup.describe()));
        }
    }

    async fn run(&mut self, options: &Options, stop: &CancellationToken) -> Result<Report> {
        let (text, out) = (self.output == Output::Text, &mut *self.out);
        let report = run(options, stop, &mut |told| {
            if text {
                say(out, stop, &print::lines(told));
            }
        })
        .await?;
        if text {
            say(self.out, self.stop, "\n");
        }
        Ok(report)
    }
}

/// As a shell reports a program whose reader went away.
const NOBODY_READS: u8 = 141;

/// Writes. When nobody reads any more, nothing more is asked, and what was changed is put back all the same.
fn say(out: &mut (dyn Write + Send), stop: &CancellationToken, text: &str) -> u8 {
    if out
        .write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .is_err()
    {
        stop.cancel();
        return NOBODY_READS;
    }
    0
}
