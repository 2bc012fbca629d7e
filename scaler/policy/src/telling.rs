//! What is told of a decision to people: whether at all, how loudly, and in which words.

use scaler_api::State;

use crate::plan::{Action, Decision, Transition};

/// How loudly a decision is told in Kubernetes' events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Weight {
    /// As was to be expected.
    Normal,
    /// Somebody should look: people are taken off a bridge, or a bridge is lost.
    Warning,
}

impl Decision {
    /// How loudly it is told in events and as the last decision of its pool; `None` where it is not told at all, because it asks
    /// for something alone or repeats what was told before. The decision log has every one.
    pub fn weight(&self) -> Option<Weight> {
        if self.action == Action::AskRooms {
            return None;
        }
        let changes = self.from != self.to;
        match self.transition {
            Transition::Uncount
            | Transition::Expel
            | Transition::Preempt
            | Transition::StartFailed => Some(Weight::Warning),
            Transition::Create
            | Transition::Count
            | Transition::Drain
            | Transition::Unsettle
            | Transition::Remove
            | Transition::Return
            | Transition::ShutDown
            | Transition::Delete
            | Transition::Rescue
            | Transition::Wake
            | Transition::KeepWarm
            | Transition::Move
            | Transition::HoldPool
            | Transition::ReleasePool
            | Transition::Adopt
            | Transition::Orphan => Some(Weight::Normal),
            // What a bridge is told again and again until it follows is told once it has followed.
            Transition::Activate
            | Transition::Acknowledge
            | Transition::Redrain
            | Transition::Settle => changes.then_some(Weight::Normal),
            Transition::Reassert | Transition::Inquire => None,
        }
    }

    /// What was decided, by what numbers, in a sentence.
    pub fn sentence(&self) -> String {
        let what = self.what();
        let evidence = &self.evidence;
        format!(
            "{what} ({:?}); {} counted, {} wanted, {} take conferences",
            self.why, evidence.counted, evidence.wanted, evidence.active
        )
    }

    fn what(&self) -> String {
        let name = self.pod.as_ref().map_or("it", |pod| pod.name.as_str());
        let changes = self.from != self.to;
        let either = |now: &str, otherwise: &str| {
            let says = if changes { now } else { otherwise };
            format!("{name} {says}")
        };
        match self.transition {
            Transition::Create => "a new bridge is started".to_owned(),
            Transition::Activate => either("takes conferences", "is told to take conferences"),
            Transition::Count => format!("{name} is counted from now on, in another one's place"),
            Transition::Uncount => format!(
                "{name} does not answer and is missed by others too: it is kept, and another one takes its place"
            ),
            Transition::Drain => either(
                "is to be drained",
                "is drained already, and gets another deadline",
            ),
            Transition::Acknowledge => either("drains", "is told to drain"),
            Transition::Redrain => either(
                "was started anew, and drains again",
                "was started anew, and is told to drain again",
            ),
            Transition::Settle => either("is empty for the first time", "is empty"),
            Transition::Unsettle => format!("{name} is not seen empty any more"),
            Transition::Remove => format!("{name} is to be removed{}", self.there()),
            Transition::Return => {
                format!("{name} is not removed: somebody came, or it was started anew")
            }
            Transition::ShutDown => format!("{name} is told to shut down{}", self.there()),
            Transition::Delete => format!("{name} is deleted{}", self.there()),
            Transition::Rescue => format!("{name} was draining, and is taken back"),
            Transition::Wake => format!("{name} was warm, and is woken"),
            Transition::KeepWarm => format!("{name} is kept warm: empty and hidden"),
            Transition::Expel => {
                format!(
                    "{name} is past its deadline: its people are moved{}",
                    self.there()
                )
            }
            Transition::Move => self.moved(name),
            Transition::Preempt => format!(
                "somebody else deleted {name}{}: another one takes its place",
                self.there()
            ),
            Transition::StartFailed if self.to == State::Removing => {
                format!("{name} does not come up, or ended, and is to be removed")
            }
            Transition::StartFailed => format!("{name} does not come up, and is to be drained"),
            Transition::Reassert => {
                format!("{name} does not follow, or was changed: it is put right")
            }
            Transition::HoldPool => {
                "the pool is held, so that its bridges are drained before it goes".to_owned()
            }
            Transition::ReleasePool => "the pool is no longer held".to_owned(),
            Transition::Adopt => {
                format!("{name} had no owner, and belongs to the pool from now on")
            }
            Transition::Orphan => format!("{name} has no owner from now on, and outlives the pool"),
            Transition::Inquire if self.pod.is_some() => format!("{name} is read anew"),
            Transition::Inquire => "all bridges are listed anew".to_owned(),
        }
    }

    /// A conference is moved, or it is asked which there are.
    fn moved(&self, name: &str) -> String {
        match &self.action {
            Action::Move { endpoints, .. } => {
                format!("jicofo is asked to move a conference of {endpoints} off {name}")
            }
            _ => format!("jicofo is asked which conferences are on {name}"),
        }
    }

    /// How many people are there, by the bridge's last word; empty where nobody is.
    fn there(&self) -> String {
        match self.evidence.look.map(|look| look.people) {
            Some(Some(0)) => String::new(),
            Some(Some(people)) => format!(", with {people} people on it"),
            Some(None) | None => ", and nobody knows how many people are on it".to_owned(),
        }
    }
}
