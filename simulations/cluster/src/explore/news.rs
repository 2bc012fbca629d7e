//! What a replica has still to hear, as far as it would learn anything by it.

use scaler_policy::Guard;
use scaler_policy::world::Uid;

use super::state::State;
use crate::api::{Change, Object, Pod};

impl State {
    /// The changes of the API server's log, with their places in it, that a replica has still to hear and by which it would learn
    /// something, now or when something else has happened.
    pub(super) fn news(&self, number: usize) -> Vec<(usize, &Change)> {
        let replica = &self.leaders[number].replica;
        let Some(mind) = &replica.mind else {
            return Vec::new();
        };
        let news = replica.news(&self.world.api);
        let first = self.world.api.log().len() - news.len();
        let strict = self.without == Some(Guard::OldEventsIgnored);
        let tells = |place: usize, change: &Change| match &*change.object {
            Object::Pool(pool) => pool.spec.replicas != mind.pool().spec.replicas,
            Object::Pod(_) if strict => true,
            Object::Pod(pod) => {
                let known = mind.pods().get(&Uid(pod.meta.uid.clone()));
                if change.gone {
                    return known.is_some();
                }
                let overtaken = || self.overtaken(change, &news[place + 1..]);
                match known.map(|known| known.pod.version()) {
                    Some(version) if Some(pod.meta.version) > version => true,
                    Some(_) => self.may_be_forgotten(pod) && !overtaken(),
                    None => !overtaken(),
                }
            }
            _ => false,
        };
        let news = news.iter().enumerate();
        news.filter(|(place, change)| tells(*place, change))
            .map(|(place, change)| (first + place, change))
            .collect()
    }

    /// Whether a replica can learn by an answer that this pod is gone, as long as the model lasts: from then on it takes up whatever
    /// it had not heard of it before. A pod on a node is not gone before time has gone by.
    fn may_be_forgotten(&self, pod: &Pod) -> bool {
        let present = self.world.api.pod(&pod.meta.name);
        let stays = |present: &Pod| present.node.is_some() && !present.ended();
        self.left > 0 || !present.is_some_and(stays)
    }

    /// Whether a later change of the same pod is heard together with this one, always: at the end of a pause a replica hears of what
    /// was before the last one.
    fn overtaken(&self, change: &Change, later: &[Change]) -> bool {
        let now = self.world.now();
        later.iter().any(|later| {
            !later.gone && later.key == change.key && (later.at == now) == (change.at == now)
        })
    }
}
