//! What happens to bridges, told from what is seen of their pods: pure.

use std::collections::BTreeMap;

use scaler_api::state::Intent;

/// A bridge's pod as the API server tells of it.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    /// The pod's name, which is the bridge's nickname.
    pub(crate) name: String,
    /// What its pool intends with it; without a pool to serve.
    pub(crate) intent: Intent,
    /// Whether it is being deleted.
    pub(crate) deleted: bool,
    /// Whether nothing of it is left.
    pub(crate) gone: bool,
}

impl Sighting {
    /// Nothing of a pod is left.
    pub(crate) fn gone(name: String) -> Self {
        Self {
            name,
            intent: Intent::Active,
            deleted: true,
            gone: true,
        }
    }
}

/// Something that people who watch are told. Bridges have numbers, in the order in which they came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Happening {
    /// A bridge is started.
    Started(usize),
    /// It begins to drain with so many people on it.
    Drains(usize, u32),
    /// It is taken back with so many people on it.
    TakenBack(usize, u32),
    /// It has drained for as long as it may, and its last people are moved.
    Moves(usize, u32),
    /// It was drained, and is deleted.
    Removed(usize),
    /// It is ended as it is, with so many people on it.
    Ended(usize, u32),
}

/// How many bridges are doing what.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    /// Take new conferences.
    pub(crate) running: usize,
    /// Have people, or had, and take no new conferences.
    pub(crate) draining: usize,
    /// Are not in their brewery yet.
    pub(crate) booting: usize,
    /// Are being deleted.
    pub(crate) ending: usize,
}

impl Tally {
    /// All that are there.
    pub(crate) fn all(self) -> usize {
        self.running + self.draining + self.booting + self.ending
    }
}

/// How often something happened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    /// A bridge was started, those of the beginning included.
    pub(crate) started: usize,
    /// A bridge that had people was drained until all of them had left by themselves, and removed.
    pub(crate) drained_empty: usize,
    /// A bridge was drained for as long as it might, and the last people on it were moved.
    pub(crate) evacuated: usize,
    /// A draining bridge was taken back.
    pub(crate) taken_back: usize,
    /// A bridge was ended as it was.
    pub(crate) ended: usize,
}

/// The bridges of a namespace, and what happened to them so far.
#[derive(Debug, Default)]
pub(crate) struct Story {
    bridges: BTreeMap<String, Bridge>,
    counts: Counts,
}

#[derive(Debug)]
struct Bridge {
    number: usize,
    pod: Pod,
    intent: Intent,
    way: Way,
    /// Whether it is in its brewery.
    inside: bool,
    /// Whether anybody ever was on it.
    peopled: bool,
    /// How many people were on it when they were last counted.
    people: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Pod {
    There,
    Deleted,
    Gone,
}

/// What a pool did about the people on a bridge since it last served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Nothing,
    Drained,
    Moved,
}

impl Story {
    /// Takes up what was seen of a pod: what happened, if anything did.
    pub(crate) fn saw(&mut self, seen: &Sighting) -> Vec<Happening> {
        let mut happened = Vec::new();
        if !self.bridges.contains_key(&seen.name) {
            if seen.gone {
                return happened;
            }
            self.counts.started += 1;
            happened.push(Happening::Started(self.bridges.len() + 1));
            let bridge = Bridge::new(self.bridges.len() + 1);
            self.bridges.insert(seen.name.clone(), bridge);
        }
        if let Some(bridge) = self.bridges.get_mut(&seen.name) {
            if !seen.gone {
                happened.extend(bridge.intends(seen.intent, &mut self.counts));
            }
            if seen.deleted && bridge.pod == Pod::There {
                happened.push(bridge.ends(&mut self.counts));
            }
            if seen.gone {
                bridge.pod = Pod::Gone;
            }
        }
        happened
    }

    /// Takes up how it looks inside a bridge: whether it is in its brewery, and how many people are on it.
    pub(crate) fn looked(&mut self, name: &str, inside: bool, people: u32) {
        if let Some(bridge) = self.bridges.get_mut(name) {
            bridge.inside = inside;
            bridge.peopled |= people > 0;
            bridge.people = people;
        }
    }

    /// How many bridges are doing what.
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for bridge in self.bridges.values() {
            let place = match bridge {
                Bridge { pod: Pod::Gone, .. } => continue,
                Bridge {
                    pod: Pod::Deleted, ..
                } => &mut tally.ending,
                Bridge { intent, .. } if *intent != Intent::Active => &mut tally.draining,
                Bridge { inside: true, .. } => &mut tally.running,
                _ => &mut tally.booting,
            };
            *place += 1;
        }
        tally
    }

    /// How often something happened so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }
}

impl Bridge {
    fn new(number: usize) -> Self {
        Self {
            number,
            pod: Pod::There,
            intent: Intent::Active,
            way: Way::Nothing,
            inside: false,
            peopled: false,
            people: 0,
        }
    }

    fn intends(&mut self, intent: Intent, counts: &mut Counts) -> Option<Happening> {
        let before = std::mem::replace(&mut self.intent, intent);
        match (before, intent) {
            (Intent::Active, Intent::Drain) => {
                self.way = Way::Drained;
                Some(Happening::Drains(self.number, self.people))
            }
            (Intent::Drain | Intent::Remove, Intent::Active) if self.way == Way::Drained => {
                self.way = Way::Nothing;
                counts.taken_back += 1;
                Some(Happening::TakenBack(self.number, self.people))
            }
            (Intent::Drain | Intent::Remove, Intent::Expel) => {
                self.way = Way::Moved;
                Some(Happening::Moves(self.number, self.people))
            }
            _ => None,
        }
    }

    fn ends(&mut self, counts: &mut Counts) -> Happening {
        self.pod = Pod::Deleted;
        if self.intent != Intent::Remove {
            counts.ended += 1;
            return Happening::Ended(self.number, self.people);
        }
        match self.way {
            Way::Moved => counts.evacuated += 1,
            Way::Drained if self.peopled => counts.drained_empty += 1,
            Way::Drained | Way::Nothing => {}
        }
        Happening::Removed(self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(intent: Intent, deleted: bool) -> Sighting {
        Sighting {
            name: "jvb-x".into(),
            intent,
            deleted,
            gone: false,
        }
    }

    /// A bridge that serves so many people.
    fn serving(people: u32) -> Story {
        let mut story = Story::default();
        let started = story.saw(&seen(Intent::Active, false));
        assert_eq!(started, [Happening::Started(1)]);
        assert_eq!(story.tally().booting, 1);
        story.looked("jvb-x", true, people);
        assert_eq!(story.tally().running, 1);
        story
    }

    #[test]
    fn a_pod_that_is_deleted_as_it_is_takes_its_people_along() {
        let mut story = serving(23);
        let happened = story.saw(&seen(Intent::Active, true));
        assert_eq!(happened, [Happening::Ended(1, 23)]);
        assert_eq!(story.tally().ending, 1);
        assert!(
            story.saw(&seen(Intent::Active, true)).is_empty(),
            "told once"
        );
        assert!(story.saw(&Sighting::gone("jvb-x".into())).is_empty());
        assert_eq!(story.tally(), Tally::default());
        assert_eq!((story.counts().ended, story.counts().drained_empty), (1, 0));
    }

    #[test]
    fn a_bridge_is_drained_taken_back_drained_again_and_removed() {
        let mut story = serving(14);
        let drains = story.saw(&seen(Intent::Drain, false));
        assert_eq!(drains, [Happening::Drains(1, 14)]);
        assert_eq!(story.tally().draining, 1);
        story.looked("jvb-x", true, 9);
        let back = story.saw(&seen(Intent::Active, false));
        assert_eq!(back, [Happening::TakenBack(1, 9)]);
        story.saw(&seen(Intent::Drain, false));
        story.looked("jvb-x", true, 0);
        assert!(story.saw(&seen(Intent::Remove, false)).is_empty());
        let removed = story.saw(&seen(Intent::Remove, true));
        assert_eq!(removed, [Happening::Removed(1)]);
        let counts = story.counts();
        assert_eq!((counts.taken_back, counts.drained_empty), (1, 1));
        assert_eq!((counts.started, counts.ended, counts.evacuated), (1, 0, 0));
    }

    #[test]
    fn a_bridge_whose_people_were_moved_was_not_drained_empty() {
        let mut story = serving(14);
        story.saw(&seen(Intent::Drain, false));
        let moves = story.saw(&seen(Intent::Expel, false));
        assert_eq!(moves, [Happening::Moves(1, 14)]);
        story.saw(&seen(Intent::Remove, false));
        story.saw(&seen(Intent::Remove, true));
        let counts = story.counts();
        assert_eq!((counts.drained_empty, counts.evacuated), (0, 1));
    }

    #[test]
    fn nor_was_one_to_which_somebody_came_at_the_last_moment_and_was_moved() {
        let mut story = serving(14);
        story.saw(&seen(Intent::Drain, false));
        story.looked("jvb-x", true, 0);
        story.saw(&seen(Intent::Remove, false));
        story.looked("jvb-x", true, 1);
        let moves = story.saw(&seen(Intent::Expel, false));
        assert_eq!(moves, [Happening::Moves(1, 1)]);
        story.saw(&seen(Intent::Remove, false));
        story.saw(&seen(Intent::Remove, true));
        let counts = story.counts();
        assert_eq!((counts.drained_empty, counts.evacuated), (0, 1));
    }

    #[test]
    fn a_bridge_that_never_had_people_had_nothing_to_be_drained_of() {
        let mut story = Story::default();
        story.saw(&seen(Intent::Active, false));
        story.saw(&seen(Intent::Drain, false));
        story.saw(&seen(Intent::Remove, true));
        assert_eq!(story.counts().drained_empty, 0);
        let mut story = serving(0);
        story.saw(&seen(Intent::Drain, false));
        story.saw(&seen(Intent::Remove, true));
        assert_eq!(story.counts().drained_empty, 0);
    }
}
