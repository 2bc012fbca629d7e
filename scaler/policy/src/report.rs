//! How a pool is, for people: what its bridges are and do, who would be drained and who taken back next, and how many more
//! people fit.
//!
//! It is made of the same world, and by the same code, as what is decided. Nothing is decided by it.

mod bridge;
mod room;

use ::bridge::Time;
use scaler_api::status::Controller;
use serde::{Deserialize, Serialize};

pub use bridge::{BridgeReport, FrozenReport};
pub use room::Room;

use crate::guards::Guard;
use crate::order::{Kept, RescueRank, VictimKey, rescues};
use crate::plan::Tally;
use crate::scene::Scene;
use crate::step::standing;
use crate::world::World;

/// The form of a report. A reader that knows another one must not guess.
pub const FORM: u32 = 1;

/// How a pool is. All moments are by the API server's clock.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`FORM`].
    pub form: u32,
    /// The pool's namespace.
    pub namespace: String,
    /// The pool's name.
    pub pool: String,
    /// Of which moment this is.
    pub at: Time,
    /// Who says this; `None` where it is nobody who decides.
    pub controller: Option<Controller>,
    /// The numbers.
    pub tally: Tally,
    /// What holds everything of a kind back.
    pub holds: Vec<Hold>,
    /// How many more people fit.
    pub room: Room,
    /// The bridges, in the order of their names.
    pub bridges: Vec<BridgeReport>,
    /// The pods that cannot be understood, and are left alone.
    pub frozen: Vec<FrozenReport>,
    /// The bridges of which one is drained when the pool is to be smaller, the first one first.
    pub victims: Vec<Victim>,
    /// The draining and warm bridges of which one is taken back when the pool is to be larger, the first one first.
    pub rescues: Vec<RescueRank>,
}

/// A bridge in the order of those that are drained.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Victim {
    /// By what it stands where it does.
    pub key: VictimKey,
    /// Why it would not be drained now; the next one would be in its stead.
    pub kept: Option<Kept>,
}

/// What holds everything of a kind back.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Hold {
    /// Whoever has just begun to lead has not listed the pods yet: nothing is decided.
    NotListed,
    /// The pool is one over somebody else's workload: nothing is decided.
    Unsupported,
    /// The pool is paused: nothing new is begun.
    Paused,
    /// The API server has told nothing for long: nothing new is begun.
    Blind,
    /// What is decided is told and not done.
    DryRun,
    /// The pool is being deleted.
    BeingDeleted,
    /// Too many bridges are unhealthy or silent at once: none is drained by choice.
    ManyUnhealthy,
    /// Too many bridges fell to zero at once: none is removed.
    MassEmpty,
    /// jicofo does not answer: nobody is moved and no bridge is removed.
    JicofoAway,
    /// Clocks differ: no deadline is acted upon.
    ClockSkew,
}

/// How a pool is at this moment.
pub fn report(world: &World, now: Time) -> Report {
    let scene = Scene::new(world, now);
    let mut bridges: Vec<BridgeReport> = scene
        .sights
        .iter()
        .map(|sight| BridgeReport::new(&scene, sight))
        .collect();
    bridges.sort_by(|one, other| one.name.cmp(&other.name));
    let victims = standing(&scene)
        .into_iter()
        .map(|(rank, kept)| Victim {
            key: rank.key,
            kept,
        })
        .collect();
    Report {
        form: FORM,
        namespace: world.pool.namespace.clone(),
        pool: world.pool.name.clone(),
        at: scene.clock,
        controller: world.keeper.clone(),
        holds: holds(&scene),
        room: Room::of(&scene),
        bridges,
        frozen: scene.frozen.iter().map(FrozenReport::new).collect(),
        victims,
        rescues: rescues(&scene).into_ranks(),
        tally: scene.tally,
    }
}

fn holds(scene: &Scene<'_>) -> Vec<Hold> {
    let world = scene.world;
    let spec = &world.pool.spec;
    let breakers = scene.breakers;
    let unlisted = world.guards.on(Guard::ListFirst) && !world.listed;
    [
        (Hold::NotListed, unlisted),
        (Hold::Unsupported, spec.workload_ref.is_some()),
        (Hold::Paused, spec.paused),
        (Hold::Blind, breakers.blind),
        (Hold::DryRun, spec.dry_run),
        (Hold::BeingDeleted, world.pool.deletion.is_some()),
        (Hold::ManyUnhealthy, breakers.mass_unhealthy),
        (Hold::MassEmpty, breakers.mass_empty),
        (Hold::JicofoAway, breakers.jicofo_away),
        (Hold::ClockSkew, breakers.skewed),
    ]
    .into_iter()
    .filter_map(|(hold, holds)| holds.then_some(hold))
    .collect()
}
