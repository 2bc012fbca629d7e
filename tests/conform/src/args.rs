//! The command line.

use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::place::Place;
use crate::plan::Options;

/// Asks a videobridge and a jicofo what the suite asks, and tells where they answer otherwise than the real ones that were recorded.
///
/// Without --bridge and --jicofo it starts mock ones and asks them everything.
///
/// Exit codes: 0 everything is as expected, 1 something is not, 2 nothing could be reached or asked, 130 interrupted.
#[derive(Clone, Debug, Parser)]
#[command(name = "conform", version, max_term_width = 100)]
pub struct Arguments {
    /// The bridge's private HTTP, for example http://127.0.0.1:8080.
    #[arg(long, value_name = "URL")]
    pub bridge: Option<Place>,

    /// jicofo's HTTP, for example http://127.0.0.1:8888.
    #[arg(long, value_name = "URL")]
    pub jicofo: Option<Place>,

    /// The bridge's nickname in the brewery; by default it is the one with its relay id, or the only one that jicofo knows.
    #[arg(long, value_name = "NAME", requires = "bridge", requires = "jicofo")]
    pub nick: Option<String>,

    /// Also ask what changes something; it is put back at the end.
    #[arg(long)]
    pub allow_changes: bool,

    /// Also ask what ends the bridge, last; there is no way back.
    #[arg(long, requires = "allow_changes")]
    pub allow_shutdown: bool,

    /// Ask only the steps with this in their names; may be repeated.
    #[arg(long, value_name = "TEXT")]
    pub only: Vec<String>,

    /// List the steps, and ask nothing.
    #[arg(long)]
    pub list: bool,

    /// For how long a reply is waited for.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub deadline: Duration,

    /// For how long a step is asked again that waits for what one server learns from the other.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub patience: Duration,

    /// For how long a bridge that shuts down is waited for.
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub exit_within: Duration,

    /// How to tell what came of it.
    #[arg(long, short, value_enum, default_value = "text")]
    pub output: Output,
}

/// How it is told what came of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Output {
    /// Lines for people, as it goes.
    Text,
    /// One JSON document at the end.
    Json,
}

/// The most that can be waited for.
const LONGEST: Duration = Duration::from_hours(24);

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() || duration > LONGEST {
        return Err("more than nothing and at most 24h is needed".to_owned());
    }
    Ok(duration)
}

impl Arguments {
    /// Whether mocks are to be asked.
    pub fn mocks(&self) -> bool {
        self.bridge.is_none() && self.jicofo.is_none()
    }

    /// What is to be done.
    pub fn options(&self) -> Options {
        Options {
            bridge: self.bridge.clone(),
            jicofo: self.jicofo.clone(),
            nick: self.nick.clone(),
            allow_changes: self.allow_changes,
            allow_shutdown: self.allow_shutdown,
            only: self.only.clone(),
            deadline: self.deadline,
            patience: self.patience,
            exit_within: self.exit_within,
        }
    }
}
