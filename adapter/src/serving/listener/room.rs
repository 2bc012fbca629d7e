//! Room for answers that are made and not read yet.
//!
//! An answer about ten thousand bridges has two megabytes, and whoever asks again and again and reads nothing would have as many
//! of them here as the process has memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::serving::body::Body;
use crate::serving::status::Status;

/// What is counted as one.
const UNIT: usize = 1024;

/// How long one who got no room should wait.
const AGAIN: Duration = Duration::from_secs(1);

/// So many bytes of answers may wait for their readers.
pub(super) struct Room {
    units: Arc<Semaphore>,
    all: u32,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        let all = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        Self {
            units: Arc::new(Semaphore::new(all as usize)),
            all,
        }
    }

    /// The same answer, whose body takes its room until the last byte of it is on its way.
    ///
    /// # Errors
    /// 429 where there is no room. One answer that is larger than all the room has it to itself.
    pub(super) async fn keep(&self, response: Response<Body>) -> Result<Response<Body>, Status> {
        let (head, body) = response.into_parts();
        let Ok(body) = body.collect().await;
        let bytes = body.to_bytes();
        let units = u32::try_from(bytes.len().div_ceil(UNIT)).unwrap_or(u32::MAX);
        let units = units.min(self.all);
        let Ok(place) = Arc::clone(&self.units).try_acquire_many_owned(units) else {
            return Err(Status::too_many_requests(
                "too many answers wait for their readers; hint: read each answer to its end before the next question",
                AGAIN,
            ));
        };
        let kept = Kept {
            bytes,
            _place: place,
        };
        Ok(Response::from_parts(
            head,
            Body::new(Bytes::from_owner(kept)),
        ))
    }
}

/// Bytes that take their room while anybody holds them: hyper and h2 pass them on without a copy.
struct Kept {
    bytes: Bytes,
    _place: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn kept(room: &Room, bytes: usize) -> Option<Response<Body>> {
        let body = Body::new(Bytes::from(vec![b'x'; bytes]));
        room.keep(Response::new(body)).await.ok()
    }

    #[tokio::test]
    async fn room_is_taken_until_the_last_holder_of_the_bytes_is_gone() {
        let room = Room::new(10 * UNIT);
        let first = kept(&room, 6 * UNIT).await.unwrap();
        assert!(kept(&room, 6 * UNIT).await.is_none());
        let small = kept(&room, 1).await;
        assert!(small.is_some());
        let Ok(first) = first.into_body().collect().await;
        let part = first.to_bytes().slice(..5);
        assert!(
            kept(&room, 6 * UNIT).await.is_none(),
            "a part is held still"
        );
        drop(part);
        assert!(kept(&room, 6 * UNIT).await.is_some());
    }

    #[tokio::test]
    async fn an_answer_that_is_larger_than_the_room_has_it_to_itself() {
        let room = Room::new(10 * UNIT);
        let large = kept(&room, 100 * UNIT).await;
        assert!(large.is_some() && kept(&room, 1).await.is_none());
        drop(large);
        assert!(kept(&room, 1).await.is_some());
    }
}
