//! Authorities that are replaced while many ask: nobody whom one of them vouches for is turned away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::StatusCode;
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep, timeout};

use super::stand_of_ada;
use super::support::caller::{Caller, Version};
use super::support::pki::{Authority, Wish, published};
use super::support::soon::SOON;
use super::support::stand::Stand;

const READERS: usize = 8;

/// Reads without a pause, with the certificate of one authority and later with that of the next.
#[derive(Clone, Default)]
struct Load {
    /// The readers take their new certificates.
    renewed: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    /// Answers to the old and to the new certificates.
    answers: Arc<[AtomicUsize; 2]>,
}

impl Load {
    async fn more(&self, which: usize) {
        let target = self.answers[which].load(Ordering::Relaxed) + 10 * READERS;
        let enough = async {
            while self.answers[which].load(Ordering::Relaxed) < target {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(SOON, enough).await.expect("the readers read");
    }

    async fn read(self, stand: Arc<Stand>, authorities: [Arc<Authority>; 2], name: &'static str) {
        let claim = [("x-remote-user", "ada")];
        let headers: &[(&str, &str)] = if name == "proxy" { &claim } else { &[] };
        for (which, authority) in authorities.iter().enumerate() {
            let identity = authority.issue(&Wish::client(name));
            let mut caller: Caller = stand.call_by(Some(&identity), Version::Http2).await;
            while self.renewed.load(Ordering::Relaxed) == (which == 1) {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                let heard = caller.get("/pods", headers).await;
                assert_eq!(heard.code, StatusCode::OK, "certificate {which}: {heard:?}");
                self.answers[which].fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

#[tokio::test]
async fn an_authority_that_is_replaced_under_load_turns_nobody_away() {
    for name in ["ada", "proxy"] {
        let stand = Arc::new(stand_of_ada().await);
        // Those that the stand has published, made anew: the load has to hold them.
        let [old, new] = [(); 2].map(|()| Arc::new(Authority::new("rotating")));
        let publish = |pems: &[&Authority]| {
            let bundle: String = pems.iter().map(|authority| authority.pem()).collect();
            let (clients, proxies) = (stand.clients.pem(), stand.proxies.pem());
            stand.api.publish(match name {
                "ada" => published(&bundle, &proxies, r#"["proxy"]"#),
                _ => published(&clients, &bundle, r#"["proxy"]"#),
            });
        };
        publish(&[&old]);
        let believed = |authority: Arc<Authority>, expected: StatusCode| {
            let stand = Arc::clone(&stand);
            async move {
                let identity = authority.issue(&Wish::client(name));
                let claim = [("x-remote-user", "ada")];
                let headers: &[(&str, &str)] = if name == "proxy" { &claim } else { &[] };
                let seen = async {
                    while stand
                        .call(Some(&identity))
                        .await
                        .get("/pods", headers)
                        .await
                        .code
                        != expected
                    {
                        sleep(Duration::from_millis(5)).await;
                    }
                };
                timeout(SOON, seen)
                    .await
                    .expect("the authorities are followed");
            }
        };
        believed(Arc::clone(&old), StatusCode::OK).await;
        let load = Load::default();
        let mut readers = JoinSet::new();
        for _ in 0..READERS {
            let authorities = [Arc::clone(&old), Arc::clone(&new)];
            readers.spawn(load.clone().read(Arc::clone(&stand), authorities, name));
        }
        load.more(0).await;
        publish(&[&old, &new]);
        believed(Arc::clone(&new), StatusCode::OK).await;
        load.more(0).await;
        load.renewed.store(true, Ordering::Relaxed);
        load.more(1).await;
        // In the other order, as some tools write bundles.
        publish(&[&new, &old]);
        load.more(1).await;
        publish(&[&new]);
        believed(Arc::clone(&old), StatusCode::UNAUTHORIZED).await;
        load.more(1).await;
        load.stop.store(true, Ordering::Relaxed);
        while let Some(reader) = readers.join_next().await {
            reader.expect("a reader was turned away");
        }
    }
}
