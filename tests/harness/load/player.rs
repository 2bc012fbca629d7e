//! Plays a schedule in real time.

use tokio::time::{Instant, sleep_until};

use crate::mocks::MockJitsi;

use super::{Schedule, What};

/// Lets the people of `schedule` come to and go from the conferences of `jitsi`, starting now; returns after the last.
pub async fn play(jitsi: &MockJitsi, schedule: &Schedule) {
    let start = Instant::now();
    for event in &schedule.events {
        sleep_until(start + event.at).await;
        jitsi.with(|model, now| match event.what {
            What::Join => model.join(&event.conference, &event.endpoint, now),
            What::Leave => model.leave(&event.conference, &event.endpoint, now),
        });
    }
}
