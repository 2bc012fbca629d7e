//! The program itself, when nothing can be written to its standard output, to which it writes down what it decides.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::process::Stdio;
use std::thread;

use anyhow::{Context, Result, ensure};
use http::Request;
use laboratory::Laboratory;

use super::stage::PATIENCE;
use crate::programs::built;

/// What the controller says of itself at most.
const CAP: usize = 1024 * 1024;

/// A pipe that is full, and that nobody reads while the other end is kept.
fn unread() -> Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    let mut fills = writer.try_clone()?;
    // Ends when nobody can read it any more.
    thread::spawn(move || while fills.write_all(&[b'\n'; 4096]).is_ok() {});
    Ok((reader, writer))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_its_standard_output_the_controller_goes_on_and_ends_when_it_is_told()
-> Result<()> {
    let program = built("jvb-scaler")?;
    let lab = Laboratory::builder().audit_log(true).start().await?;
    let pool = lab.pool(1).start().await?;
    let (flags, address) = lab.scaler().into_flags().await?;
    let full = File::options().write(true).open("/dev/full")?;
    let (reader, closed) = io::pipe()?;
    drop(reader);
    let (_kept, unread) = unread()?;
    for (what, out, size, loses) in [
        ("full", Stdio::from(full), 1, true),
        ("closed", Stdio::from(closed), 2, true),
        // Its lines wait.
        ("unread", Stdio::from(unread), 3, false),
    ] {
        let replicas = format!("--replicas={size}");
        lab.kubectl_text(&["-n", "jitsi", "scale", "bp/jvb", &replicas])
            .await?;
        let name = format!("jvb-scaler-{what}");
        let process = lab.run_into(out, &name, &program, &flags)?;
        pool.until_active(size).await.context(what)?;
        let told = || async {
            let request = Request::get(format!("http://{address}/metrics")).body(Vec::new())?;
            let (_, body) = reach::send(request, CAP, PATIENCE).await?;
            let told = String::from_utf8(body.to_vec())?;
            let lost = told
                .lines()
                .find_map(|line| line.strip_prefix("jvb_scaler_decisions_unlogged_total "));
            let lost: u64 = lost.with_context(|| told.clone())?.parse()?;
            ensure!((lost > 0) == loses, "{lost} are lost");
            Ok(())
        };
        let numbers = format!("{what}: what was not written down is counted");
        lab.eventually(&numbers, PATIENCE, told).await?;
        let ended = process.terminate().await?;
        ensure!(ended.success(), "{what}: it ended with {ended}");
    }
    lab.stop().await
}
