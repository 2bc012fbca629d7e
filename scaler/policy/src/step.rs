//! The decision: from what is known and the moment, a plan.

mod draft;
mod ending;
mod expel;
mod findings;
mod grow;
mod leave;
mod lost;
mod motion;
mod removal;
mod rollout;
mod shrink;
mod surroundings;
mod unknown;
mod upkeep;
mod wake;

use bridge::Time;

use self::draft::Draft;
pub(crate) use self::removal::licensed;
pub(crate) use self::shrink::standing;
use crate::guards::Guard;
use crate::plan::Plan;
use crate::scene::Scene;
use crate::world::World;

/// What is to be done about a pool at this moment, and why.
///
/// It depends on nothing else, and asks nothing twice: what is under way is taken to succeed until its outcome is known. In a
/// world in which nothing changed and nothing is due it costs nothing.
///
/// The order matters. What is under way is kept up first, also while the pool is paused. Then come the size and the order of
/// the pool, so that a bridge that is needed again is taken back before it is removed for being empty.
pub fn step(world: &World, now: Time) -> Plan {
    if world.quiet(now) {
        return Plan::nothing(now, world.wake(), world.changes());
    }
    let scene = Scene::new(world, now);
    let mut draft = Draft::new(&scene);
    unknown::inquire(&mut draft);
    if !world.guards.hold(Guard::ListFirst, world.listed) {
        return draft.finish();
    }
    ending::hold(&mut draft);
    upkeep::acknowledge(&mut draft);
    lost::uncount(&mut draft);
    let goes_on = world.guards.hold(Guard::Paused, !world.pool.spec.paused);
    if world.pool.spec.workload_ref.is_none() && goes_on && !scene.breakers.blind {
        lost::clear(&mut draft);
        lost::replace(&mut draft);
        if world.pool.deletion.is_some() {
            ending::drain_all(&mut draft);
        } else {
            leave::escalate(&mut draft);
            rollout::count_replacements(&mut draft);
            leave::drain(&mut draft);
            rollout::drain_outdated(&mut draft);
            grow::grow(&mut draft);
            shrink::shrink(&mut draft);
            rollout::surge(&mut draft);
        }
        removal::remove(&mut draft);
        expel::expel(&mut draft);
    }
    upkeep::command(&mut draft);
    surroundings::find(&mut draft);
    findings::find(&mut draft);
    draft.finish()
}
