//! Which steps are asked, and which are left out before anything is asked. Pure.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::place::Place;
use crate::step::{Effect, Server, Step};
use crate::suite;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bridge, if one is to be asked.
    pub bridge: Option<Place>,
    /// The jicofo, if one is to be asked.
    pub jicofo: Option<Place>,
    /// The bridge's nickname in the brewery, where jicofo's bridges cannot be told apart otherwise.
    pub nick: Option<String>,
    /// Whether steps are asked that change something that is put back.
    pub allow_changes: bool,
    /// Whether steps are asked that end the bridge.
    pub allow_shutdown: bool,
    /// Parts of the names of the steps that are asked; none: all.
    pub only: Vec<String>,
    /// For how long a reply is waited for.
    pub deadline: Duration,
    /// For how long a step is asked again that waits for what one server learns from the other.
    pub patience: Duration,
    /// For how long a bridge that shuts down is waited for.
    pub exit_within: Duration,
}

impl Options {
    /// Where a server is asked, if it is.
    pub fn place(&self, server: Server) -> Option<&Place> {
        match server {
            Server::Bridge => self.bridge.as_ref(),
            Server::Jicofo => self.jicofo.as_ref(),
        }
    }
}

/// The steps that were chosen.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In the order in which they are asked.
    pub steps: Vec<Step>,
    /// Whether changes are allowed, and the end of the bridge.
    allowed: (bool, bool),
}

impl Plan {
    /// Chooses among all steps.
    ///
    /// # Errors
    /// When none is left, or a part of a name is in no name.
    pub fn new(options: &Options) -> Result<Self> {
        let mut steps = suite::steps();
        for part in &options.only {
            if !steps.iter().any(|step| step.name.contains(part.as_str())) {
                bail!("no step has {part:?} in its name\nhint: --list tells their names");
            }
        }
        let chosen = |step: &Step| {
            options.only.is_empty()
                || options
                    .only
                    .iter()
                    .any(|part| step.name.contains(part.as_str()))
        };
        steps.retain(|step| options.place(step.server).is_some() && chosen(step));
        if steps.is_empty() {
            bail!(
                "no step is left to be asked\nhint: name a bridge with --bridge, a jicofo with --jicofo, and choose with --only among their steps"
            );
        }
        Ok(Self {
            steps,
            allowed: (options.allow_changes, options.allow_shutdown),
        })
    }

    /// The steps that change something, whether they are asked or not.
    pub fn changing(&self) -> impl Iterator<Item = (&Step, &'static str)> {
        self.steps
            .iter()
            .filter_map(|step| step.effect.changes().map(|what| (step, what)))
    }

    /// Why a step is left out for what it changes.
    pub fn withheld(&self, step: &Step) -> Option<&'static str> {
        let (changes, shutdown) = self.allowed;
        match step.effect {
            Effect::Reads => None,
            Effect::Changes(_) => {
                (!changes).then_some("it changes something: --allow-changes asks it")
            }
            Effect::Ends(_) => {
                let allowed = changes && shutdown;
                (!allowed)
                    .then_some("it may end the bridge: --allow-changes --allow-shutdown asks it")
            }
        }
    }

    /// How many steps are left out for what they change.
    pub fn withheld_count(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| self.withheld(step).is_some())
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            bridge: Some("jvb".parse().unwrap()),
            jicofo: Some("jicofo".parse().unwrap()),
            nick: None,
            allow_changes: false,
            allow_shutdown: false,
            only: Vec::new(),
            deadline: Duration::from_secs(1),
            patience: Duration::from_secs(1),
            exit_within: Duration::from_secs(1),
        }
    }

    #[test]
    fn without_leave_nothing_that_changes_something_is_asked() {
        let plan = Plan::new(&options()).unwrap();
        assert!(plan.changing().count() > 20);
        assert_eq!(plan.changing().count(), plan.withheld_count());
        assert!(
            plan.changing()
                .all(|(step, _)| plan.withheld(step).is_some())
        );
    }

    #[test]
    fn leave_to_change_is_no_leave_to_end_the_bridge() {
        let mut options = options();
        options.allow_changes = true;
        let plan = Plan::new(&options).unwrap();
        for (step, _) in plan.changing() {
            let ends = matches!(step.effect, Effect::Ends(_));
            assert_eq!(plan.withheld(step).is_some(), ends, "{}", step.name);
        }
        options.allow_shutdown = true;
        assert_eq!(Plan::new(&options).unwrap().withheld_count(), 0);
        options.allow_changes = false;
        let plan = Plan::new(&options).unwrap();
        assert_eq!(plan.changing().count(), plan.withheld_count());
    }

    #[test]
    fn steps_are_chosen_by_a_part_of_their_names() {
        let mut options = options();
        options.only = vec!["metrics-json".to_owned(), "pin-".to_owned()];
        let plan = Plan::new(&options).unwrap();
        assert!(plan.steps.len() > 5);
        assert!(
            plan.steps
                .iter()
                .all(|step| step.name.contains("metrics-json") || step.name.contains("pin-"))
        );
        options.only.push("nowhere-at-all".to_owned());
        let error = Plan::new(&options).unwrap_err().to_string();
        assert!(
            error.contains("nowhere-at-all") && error.contains("hint: --list"),
            "{error}"
        );
    }

    #[test]
    fn whoever_is_not_named_is_not_asked() {
        let mut options = options();
        options.jicofo = None;
        let plan = Plan::new(&options).unwrap();
        assert!(plan.steps.iter().all(|step| step.server == Server::Bridge));
        options.only = vec!["pin-".to_owned()];
        assert!(
            Plan::new(&options)
                .unwrap_err()
                .to_string()
                .contains("no step is left")
        );
    }
}
