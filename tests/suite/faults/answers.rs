//! Bridges that answer nothing, or nonsense.

use anyhow::Result;
use jiff::Timestamp;
use laboratory::mocks::Fault;

use super::stage::{LONG, Setting, Stage, laboratory};

/// Ten bridges, some of them broken in these ways.
async fn scale_nothing_in(faults: &[Fault]) -> Result<()> {
    let lab = laboratory().start().await?;
    let stage = Stage::of(&lab, 10, Setting::default()).await?;
    let broken = Timestamp::now();
    for (name, fault) in stage.bridges.names().await?.iter().zip(faults) {
        stage.bridges.jitsi().break_bridge(name, fault.clone());
    }
    let (told, refused) = stage.looks(LONG).await?;
    // When this machine was too busy to ask the others they are silent too, for a moment.
    anyhow::ensure!(
        told > refused,
        "the total was told {told} times and refused {refused} times"
    );
    stage.reader.until_total().await?;
    stage.was_steady(broken, 5).await?;
    stage.falls().await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenth_each_hung_reset_not_a_number_and_negative_scale_nothing_in() -> Result<()> {
    let faults = [
        Fault::Hung,
        Fault::Reset,
        Fault::NotANumber,
        Fault::Negative,
    ];
    scale_nothing_in(&faults).await
}

#[tokio::test(flavor = "multi_thread")]
async fn three_in_ten_hung_scale_nothing_in() -> Result<()> {
    scale_nothing_in(&[Fault::Hung, Fault::Hung, Fault::Hung]).await
}
