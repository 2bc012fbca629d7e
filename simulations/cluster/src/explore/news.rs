//! What a replica has still to hear, as far as it would learn anything by it.

use scaler_policy::Guard;
use scaler_policy::world::Uid;

use super::state::State;
use crate::api::{Change, Object};

impl State {
    /// The changes of the API server's log, with their places in it, that a replica has still to hear and by which it would learn
    /// something. Of an older version of a pod than it knows, or of the same, it learns nothing, and of changes that it hears
    /// together only by the last one of each pod; except while it waits for what became of a write of its own.
    pub(super) fn news(&self, number: usize) -> Vec<(usize, &Change)> {
        let replica = &self.leaders[number].replica;
        let Some(mind) = &replica.mind else {
            return Vec::new();
        };
        let now = self.world.now();
        let news = replica.news(&self.world.api);
        let first = self.world.api.log().len() - news.len();
        let strict = self.without == Some(Guard::OldEventsIgnored);
        let tells = |place: usize, change: &Change| match &*change.object {
            Object::Pool(pool) => pool.spec.replicas != mind.pool().spec.replicas,
            Object::Pod(pod) => {
                let uid = Uid(pod.meta.uid.clone());
                let known = mind.pods().get(&uid);
                let awaited = mind.outstanding().writes.contains_key(&uid);
                let newer = Some(pod.meta.version) > known.and_then(|known| known.pod.version());
                let tells = change.gone && known.is_some() || newer && !change.gone;
                // At the end of a pause it hears of what was before the last one.
                let together = |later: &Change| {
                    later.key == change.key && (later.at == now) == (change.at == now)
                };
                let last = !news[place + 1..].iter().any(together);
                awaited || strict || tells && last
            }
            _ => false,
        };
        let news = news.iter().enumerate();
        news.filter(|(place, change)| tells(*place, change))
            .map(|(place, change)| (first + place, change))
            .collect()
    }
}
