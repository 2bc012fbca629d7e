//! A list and a watch of everything, as one replica of a controller keeps it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;

use super::object::{Key, Object};
use super::server::ApiServer;

/// The objects as one reader knows them: a past of the store.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    objects: BTreeMap<Key, Arc<Object>>,
    /// How many changes of the server's log it has heard of.
    position: usize,
    /// When it last heard, or was told by a bookmark, how things stand.
    heard: Option<Time>,
}

impl Watch {
    /// Lists the store as it was this long ago, and goes on from there.
    pub fn list(api: &ApiServer, old: Duration, now: Time) -> Self {
        let mut watch = Self::default();
        watch.hear(api, old, now);
        watch
    }

    /// Hears of every change that is at least this old. Which ones of the log that were.
    pub fn hear(&mut self, api: &ApiServer, old: Duration, now: Time) -> Range<usize> {
        let until = now - old;
        let before = self.position;
        let news = api.log()[before..]
            .iter()
            .take_while(|change| change.at <= until);
        for change in news {
            self.position += 1;
            if change.gone {
                self.objects.remove(&change.key);
            } else {
                self.objects
                    .insert(change.key.clone(), change.object.clone());
            }
        }
        self.heard = Some(self.heard.map_or(until, |heard| heard.max(until)));
        before..self.position
    }

    /// When the next change that it has not heard of was made.
    pub fn next(&self, api: &ApiServer) -> Option<Time> {
        api.log().get(self.position).map(|change| change.at)
    }

    /// The version that it shows: each change has the next one.
    pub fn version(&self) -> u64 {
        self.position as u64
    }

    /// The moment that it shows, as far as it knows.
    pub fn heard(&self) -> Option<Time> {
        self.heard
    }

    /// The objects as it knows them.
    pub fn objects(&self) -> &BTreeMap<Key, Arc<Object>> {
        &self.objects
    }
}
