//! The laboratory's mocks answer what the suite expects, and whatever the suite changes is put back.

mod common;

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use clap::Parser as _;
use common::{options, placeholders};
use conform::args::Arguments;
use conform::mocks::{Mocks, Setup};
use conform::report::{Report, Verdict};
use conform::suite::steps;
use conform::{Told, program, run};
use laboratory::mocks::Fault;
use tokio_util::sync::CancellationToken;

fn arguments(words: &[&str]) -> Arguments {
    Arguments::parse_from([&["conform"], words].concat())
}

/// What the program prints, and its exit code.
async fn printed(words: &[&str]) -> Result<(String, u8)> {
    let mut out = Vec::new();
    let code = program::main(&arguments(words), &CancellationToken::new(), &mut out).await?;
    Ok((placeholders(&String::from_utf8(out)?), code))
}

#[tokio::test]
async fn mocks_answer_everything_as_expected() -> Result<()> {
    let (text, code) = printed(&[]).await?;
    insta::assert_snapshot!("mocks", text);
    ensure!(code == 0, "exit code {code}:\n{text}");
    Ok(())
}

#[tokio::test]
async fn every_step_is_asked_of_mocks_of_some_set_up() -> Result<()> {
    let mut asked = BTreeSet::new();
    for setup in Setup::ALL {
        let mocks = Mocks::start(setup).await?;
        let options = mocks.options(&options());
        let report = run(&options, &CancellationToken::new(), &mut |_| {}).await?;
        ensure!(report.succeeded(), "{setup:?}: {report:#?}");
        let those = report
            .steps
            .iter()
            .filter(|step| step.verdict == Verdict::AsExpected);
        asked.extend(those.map(|step| step.name));
    }
    let never: Vec<_> = steps()
        .iter()
        .map(|step| step.name)
        .filter(|name| !asked.contains(name))
        .collect();
    ensure!(never.is_empty(), "never asked: {never:?}");
    Ok(())
}

/// Whether the bridge drains in truth.
fn drains(mocks: &Mocks, nick: &str) -> Option<bool> {
    mocks
        .jitsi
        .look(|model| model.bridge(nick).map(|bridge| bridge.flags().drain))
}

/// A run that somebody interrupts after a step, at which something may happen to the mocks.
async fn interrupted_after(mocks: &Mocks, name: &str, happens: impl Fn()) -> Result<Report> {
    let stop = CancellationToken::new();
    let options = mocks.options(&options());
    let report = run(&options, &stop, &mut |told| {
        if let Told::Step(outcome) = told
            && outcome.name == name
        {
            happens();
            stop.cancel();
        }
    })
    .await?;
    ensure!(
        report.interrupted && report.exit_code() == 130,
        "{report:#?}"
    );
    let last = report.steps.last().map(|step| &step.verdict);
    ensure!(matches!(last, Some(Verdict::NotAsked { .. })), "{last:?}");
    Ok(report)
}

#[tokio::test]
async fn an_interrupted_run_puts_drain_mode_back_to_off() -> Result<()> {
    let mocks = Mocks::start(Setup::Everything).await?;
    let report = interrupted_after(&mocks, "drain-enable", || {}).await?;
    ensure!(drains(&mocks, "jvb1") == Some(false));
    ensure!(
        report.put_back.len() == 1 && report.put_back[0].failed.is_none(),
        "{:?}",
        report.put_back
    );
    Ok(())
}

#[tokio::test]
async fn an_interrupted_run_puts_drain_mode_back_to_on() -> Result<()> {
    let mocks = Mocks::start(Setup::Defaults).await?;
    let report = interrupted_after(&mocks, "drain-disable", || {}).await?;
    ensure!(drains(&mocks, "jvb3") == Some(true));
    ensure!(
        report.put_back[0].what == "drain mode on",
        "{:?}",
        report.put_back
    );
    Ok(())
}

#[tokio::test]
async fn an_interrupted_run_removes_its_pin() -> Result<()> {
    let mocks = Mocks::start(Setup::Everything).await?;
    let report = interrupted_after(&mocks, "pin-set", || {}).await?;
    let pin = report
        .put_back
        .iter()
        .find(|put_back| put_back.what.starts_with("no pin"));
    ensure!(
        pin.is_some_and(|pin| pin.failed.is_none()),
        "{:?}",
        report.put_back
    );
    let mut again = mocks.options(&options());
    again.only = vec!["jicofo-pins".to_owned()];
    let report = run(&again, &CancellationToken::new(), &mut |_| {}).await?;
    ensure!(report.succeeded(), "{report:#?}");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_put_back_is_told_with_the_command_that_does_it() -> Result<()> {
    let mocks = Mocks::start(Setup::Everything).await?;
    let mut options = mocks.options(&options());
    options.deadline = std::time::Duration::from_secs(2);
    options.only = vec!["drain-enable".to_owned()];
    let mut text = String::new();
    let report = run(&options, &CancellationToken::new(), &mut |told| {
        if let Told::Step(outcome) = told
            && outcome.name == "drain-enable-seen"
        {
            mocks.jitsi.break_bridge("jvb1", Fault::Deaf);
        }
        text += &conform::print::lines(told);
    })
    .await?;
    ensure!(
        drains(&mocks, "jvb1") == Some(true),
        "a deaf bridge does not do what it is told"
    );
    ensure!(report.exit_code() == 1, "{report:#?}");
    let text = placeholders(&text);
    let told = "NOT PUT BACK drain mode off: no complete answer within the deadline\n    \
                hint: do it by hand: curl -X POST http://127.X.Y.Z:18080/colibri/drain/disable\n";
    ensure!(text.contains(told), "{text}");
    Ok(())
}

#[tokio::test]
async fn without_leave_nothing_is_changed_and_it_is_told_how_much_was_left_out() -> Result<()> {
    let mocks = Mocks::start(Setup::Everything).await?;
    let mut options = mocks.options(&options());
    (options.allow_changes, options.allow_shutdown) = (false, false);
    let mut text = String::new();
    let report = run(&options, &CancellationToken::new(), &mut |told| {
        text += &conform::print::lines(told);
    })
    .await?;
    ensure!(
        report.exit_code() == 0 && report.put_back.is_empty(),
        "{report:#?}"
    );
    let changing = report.steps.iter().filter(|step| step.changes.is_some());
    for step in changing {
        ensure!(matches!(step.verdict, Verdict::LeftOut { .. }), "{step:?}");
    }
    insta::assert_snapshot!("without_leave", placeholders(&text));
    Ok(())
}

#[tokio::test]
async fn steps_are_chosen_by_name_and_told_as_json() -> Result<()> {
    let (text, code) = printed(&["--output", "json", "--only", "pin-"]).await?;
    insta::assert_snapshot!("json", text);
    ensure!(code == 0);
    Ok(())
}

#[tokio::test]
async fn whoever_stops_reading_ends_the_run_and_what_was_changed_is_put_back() -> Result<()> {
    struct Gone(usize);
    impl std::io::Write for Gone {
        fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
            self.0 += usize::from(String::from_utf8_lossy(buffer).contains("drain-enable-again"));
            if self.0 > 1 {
                Err(std::io::ErrorKind::BrokenPipe.into())
            } else {
                Ok(buffer.len())
            }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mocks = Mocks::start(Setup::Everything).await?;
    let (bridge, jicofo) = (
        mocks.bridge.as_ref().unwrap().to_string(),
        mocks.jicofo.to_string(),
    );
    let words = ["--bridge", &bridge, "--jicofo", &jicofo, "--allow-changes"];
    let stop = CancellationToken::new();
    let code = program::main(&arguments(&words), &stop, &mut Gone(0)).await?;
    ensure!(code != 0 && stop.is_cancelled());
    ensure!(drains(&mocks, "jvb1") == Some(false));
    Ok(())
}
