//! Whether jicofo is there, and which bridges it knows.

use std::collections::BTreeSet;
use std::time::Duration;

use bridge::jicofo::{reply, request};
use reach::send;
use tracing::{info, warn};

/// The most that jicofo can have to say of its bridges or its conferences.
pub(crate) const CAP: usize = 16 * 1024 * 1024;

/// Asks again and again, and tells the nicknames of the bridges that it knows, or that it does not answer.
pub(crate) async fn follow(
    jicofo: String,
    every: Duration,
    deadline: Duration,
    tell: impl Fn(Option<BTreeSet<String>>),
) {
    let mut failing = false;
    loop {
        match ask(&jicofo, deadline).await {
            Ok(bridges) => {
                if std::mem::take(&mut failing) {
                    info!("jicofo answers again at {jicofo}");
                }
                tell(Some(bridges));
            }
            Err(why) => {
                if !std::mem::replace(&mut failing, true) {
                    warn!(
                        "jicofo does not answer at {jicofo} (--jicofo); no bridge is removed and nobody moved: {why}"
                    );
                }
                tell(None);
            }
        }
        tokio::time::sleep(every).await;
    }
}

async fn ask(jicofo: &str, deadline: Duration) -> Result<BTreeSet<String>, String> {
    let (status, body) = send(request::debug(jicofo), CAP, deadline)
        .await
        .map_err(|failure| failure.to_string())?;
    let bridges =
        reply::debug(status, &body).map_err(|error| format!("{error}; {}", error.hint()))?;
    Ok(bridges
        .keys()
        .map(|address| reply::nick(address).to_owned())
        .collect())
}
