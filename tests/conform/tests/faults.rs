//! A mock with something wrong is found out, with a difference that tells what.

mod common;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use common::{options, placeholders};
use conform::mocks::{Mocks, Setup};
use conform::report::{Report, Verdict};
use conform::{Told, print, run};
use http::StatusCode;
use laboratory::mocks::Fault;
use tokio_util::sync::CancellationToken;

/// Runs the steps with one of these in their names against a bridge with a fault.
async fn with(fault: Fault, only: &[&str]) -> Result<Report> {
    let mocks = Mocks::start(Setup::Everything).await?;
    mocks.jitsi.break_bridge("jvb1", fault);
    let mut options = mocks.options(&options());
    options.deadline = Duration::from_secs(3);
    options.patience = Duration::from_secs(3);
    options.only = only.iter().map(|name| (*name).to_owned()).collect();
    run(&options, &CancellationToken::new(), &mut |_| {}).await
}

/// What is printed of one step, and how many steps came to what.
fn of(report: &Report, name: &str) -> Result<String> {
    let outcome = report
        .steps
        .iter()
        .find(|step| step.name == name)
        .context("no such step")?;
    let different = matches!(outcome.verdict, Verdict::Different { .. });
    ensure!(different, "{name} is not different: {report:#?}");
    ensure!(report.exit_code() == 1, "exit code {}", report.exit_code());
    let text = print::lines(&Told::Step(outcome)) + &print::lines(&Told::End(report));
    Ok(placeholders(&text))
}

/// A bridge with this fault differs in this step.
async fn found_out(fault: Fault, only: &[&str], step: &str) -> Result<String> {
    of(&with(fault, only).await?, step)
}

#[tokio::test]
async fn a_slow_bridge() -> Result<()> {
    let text = found_out(
        Fault::Slow(Duration::from_secs(20)),
        &["metrics-"],
        "metrics-json",
    )
    .await?;
    insta::assert_snapshot!("slow", text);
    Ok(())
}

#[tokio::test]
async fn a_hung_bridge() -> Result<()> {
    let report = with(Fault::Hung, &[]).await?;
    let silent = |verdict: &Verdict| matches!(verdict, Verdict::NotAsked { why } if why.contains("3 requests in a row"));
    ensure!(
        report.steps.iter().any(|step| silent(&step.verdict)),
        "{report:#?}"
    );
    let jicofo = report.steps.iter().filter(|step| step.server == "jicofo");
    ensure!(
        jicofo
            .filter(|step| step.verdict == Verdict::AsExpected)
            .count()
            > 20,
        "jicofo is asked all the same"
    );
    insta::assert_snapshot!("hung", of(&report, "metrics-json")?);
    Ok(())
}

#[tokio::test]
async fn a_deaf_bridge() -> Result<()> {
    let text = found_out(Fault::Deaf, &["drain-enable"], "drain-enable").await?;
    insta::assert_snapshot!("deaf", text);
    Ok(())
}

#[tokio::test]
async fn a_bridge_that_answers_everything_with_one_status() -> Result<()> {
    let fault = Fault::Status(StatusCode::SERVICE_UNAVAILABLE);
    insta::assert_snapshot!("status", found_out(fault, &[], "metrics-json").await?);
    Ok(())
}

#[tokio::test]
async fn a_bridge_that_says_that_there_is_nothing() -> Result<()> {
    let report = with(Fault::Status(StatusCode::NOT_FOUND), &[]).await?;
    of(&report, "metrics-json")?;
    // Not even a default configuration has no drain mode and no version.
    of(&report, "version")?;
    of(&report, "stats-off")?;
    Ok(())
}

#[tokio::test]
async fn a_bridge_that_resets_connections() -> Result<()> {
    insta::assert_snapshot!("reset", found_out(Fault::Reset, &[], "metrics-json").await?);
    Ok(())
}

#[tokio::test]
async fn a_bridge_that_ends_its_answers_in_their_middle() -> Result<()> {
    insta::assert_snapshot!(
        "truncated",
        found_out(Fault::Truncated, &["metrics-"], "metrics-json").await?
    );
    Ok(())
}

#[tokio::test]
async fn a_bridge_with_endless_answers() -> Result<()> {
    insta::assert_snapshot!(
        "huge",
        found_out(Fault::Huge(3_000_000), &["metrics-"], "metrics-json").await?
    );
    Ok(())
}

#[tokio::test]
async fn a_bridge_whose_stress_is_not_a_number() -> Result<()> {
    let report = with(Fault::NotANumber, &["metrics-", "stats"]).await?;
    insta::assert_snapshot!("not_a_number", of(&report, "metrics-json")?);
    let text = of(&report, "metrics-open-metrics")?;
    ensure!(
        text.contains("    got       sample of jitsi_jvb_stress: NaN\n"),
        "{text}"
    );
    of(&report, "stats")?;
    Ok(())
}

#[tokio::test]
async fn a_bridge_whose_stress_is_below_zero() -> Result<()> {
    insta::assert_snapshot!(
        "negative",
        found_out(Fault::Negative, &["metrics-"], "metrics-json").await?
    );
    Ok(())
}

#[tokio::test]
async fn a_bridge_that_lies_about_its_stress() -> Result<()> {
    let only = ["metrics-json", "jicofo-debug-stress"];
    let text = found_out(Fault::Lying(42.5), &only, "jicofo-debug-stress").await?;
    insta::assert_snapshot!("lying", text);
    Ok(())
}

#[tokio::test]
async fn a_frozen_bridge() -> Result<()> {
    let report = with(Fault::Frozen, &["debug", "drain-"]).await?;
    // What it froze with depends on the moment: the lines of its reply are left out.
    let text = of(&report, "debug-later")?;
    let told: Vec<_> = text
        .lines()
        .take_while(|line| !line.starts_with("    reply "))
        .collect();
    insta::assert_snapshot!("frozen", told.join("\n"));
    of(&report, "drain-enable-told")?;
    Ok(())
}

#[tokio::test]
async fn a_bridge_whose_connections_outlive_it() -> Result<()> {
    let text = found_out(
        Fault::Haunting(0.25),
        &["shutdown-"],
        "shutdown-connections",
    )
    .await?;
    insta::assert_snapshot!("haunting", text);
    Ok(())
}

#[tokio::test]
async fn a_bridge_that_sends_elsewhere() -> Result<()> {
    let fault = Fault::Redirect("http://127.0.0.9/".to_owned());
    insta::assert_snapshot!(
        "redirect",
        found_out(fault, &["metrics-"], "metrics-json").await?
    );
    Ok(())
}
