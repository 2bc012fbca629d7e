//! Searches every order of events of the small model: `cargo run --package cluster --example orders`.
//!
//! More words: `begun=20`, `pauses=2`, `decisions=2` and `states=1000000` set the bounds, `without=DeleteFenced` switches a guard
//! of the policy off.

use cluster::explore::{Bounds, explore};
use scaler_policy::Guard;

fn main() -> Result<(), String> {
    let mut bounds = Bounds {
        begun: 0,
        pauses: 1,
        decisions: 2,
        states: usize::MAX,
        without: None,
    };
    for word in std::env::args().skip(1) {
        let (key, value) = word.split_once('=').ok_or("words are like pauses=3")?;
        let number = || {
            value
                .parse::<u32>()
                .map_err(|_| format!("{value:?} is no number"))
        };
        match key {
            "begun" => bounds.begun = number()?,
            "pauses" => bounds.pauses = number()?,
            "decisions" => bounds.decisions = number()?,
            "states" => bounds.states = number()? as usize,
            "without" => {
                let guard = Guard::ALL
                    .into_iter()
                    .find(|guard| format!("{guard:?}") == value);
                bounds.without = Some(guard.ok_or(format!("there is no guard {value:?}"))?);
            }
            _ => return Err(format!("there is no bound {key:?}")),
        }
    }
    println!("{}", explore(bounds));
    Ok(())
}
