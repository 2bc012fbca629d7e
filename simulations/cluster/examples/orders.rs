//! Searches every order of events of the small model: `cargo run --package cluster --example orders`.
//!
//! More words change the model: `begun=20`, `size=1`, `pauses=2`, `pause=5`, `leaders=1`, `crash=0`, `conference=0`, `decisions=3`
//! and `states=1000000`; `without=DeleteFenced` switches a guard of the policy off.

use cluster::explore::{Model, explore};
use scaler_policy::Guard;

fn main() -> Result<(), String> {
    let mut model = Model::default();
    for word in std::env::args().skip(1) {
        let (key, value) = word.split_once('=').ok_or("words are like pauses=3")?;
        let number = || {
            value
                .parse::<u32>()
                .map_err(|_| format!("{value:?} is no number"))
        };
        match key {
            "begun" => model.begun = number()?,
            "size" => model.size = number()?,
            "pauses" => model.pauses = number()?,
            "pause" => model.pause = number()?,
            "leaders" => model.leaders = number()?.clamp(1, 2) as usize,
            "crash" => model.crash = number()? > 0,
            "exact" => model.exact = number()? > 0,
            "conference" => model.conference = number()? > 0,
            "decisions" => model.decisions = number()?,
            "states" => model.states = number()? as usize,
            "without" => {
                let guard = Guard::ALL
                    .into_iter()
                    .find(|guard| format!("{guard:?}") == value);
                model.without = Some(guard.ok_or(format!("there is no guard {value:?}"))?);
            }
            _ => return Err(format!("there is no bound {key:?}")),
        }
    }
    println!("{}", explore(model));
    Ok(())
}
