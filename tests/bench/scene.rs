//! What happens in a run, one after another.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::candidate::{Candidate, Contestant};
use crate::notes::Notes;
use crate::pace::Pace;
use crate::progress::Progress;
use crate::results::OURS;
use crate::stage::Stage;

mod hpas;
mod ours;
mod peer;
mod snapshot;
mod starts;
mod turnover;

/// One part of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scene {
    /// So many bridges are there.
    Grow(usize),
    /// Our adapter as it is shipped.
    Ours(usize),
    /// Our adapter when it asks no bridge for a reader's sake.
    Snapshot(usize),
    /// Bridges come and go.
    Turnover(usize),
    /// Our adapter starts.
    Starts(usize),
    /// Two replicas and three real HPAs.
    Hpas(usize),
    /// Another adapter, by its place in the list.
    Peer(usize, usize),
}

/// All scenes of a run with so many other adapters.
pub(crate) fn scenes(pace: &Pace, peers: usize) -> Vec<Scene> {
    let mut scenes = Vec::new();
    for &bridges in &pace.sizes {
        scenes.extend([
            Scene::Grow(bridges),
            Scene::Ours(bridges),
            Scene::Snapshot(bridges),
        ]);
        if bridges == pace.middle {
            scenes.extend([
                Scene::Turnover(bridges),
                Scene::Starts(bridges),
                Scene::Hpas(bridges),
            ]);
        }
        scenes.extend((0..peers).map(|peer| Scene::Peer(peer, bridges)));
    }
    scenes
}

impl Scene {
    /// About how long it takes.
    pub(crate) fn takes(self, pace: &Pace) -> Duration {
        // Starting an adapter, until it tells so many bridges.
        let start = |bridges: usize| Duration::from_secs(4) + Duration::from_millis(bridges as u64);
        let ages = |bridges| pace.period * pace.of(pace.periods, bridges);
        let middle = |bridges, length: Duration| {
            if bridges == pace.middle {
                length
            } else {
                Duration::ZERO
            }
        };
        match self {
            Self::Grow(bridges) => Duration::from_millis(5) * bridges as u32,
            Self::Ours(bridges) => {
                start(bridges)
                    + pace.of(pace.rest, bridges)
                    + ages(bridges)
                    + pace.between_rounds * pace.of(pace.rounds, bridges) as u32
                    + middle(bridges, pace.period * 2 + pace.saturation)
            }
            Self::Snapshot(bridges) => {
                start(bridges)
                    + pace.reading * 3
                    + middle(bridges, pace.saturation * 2 + pace.period * 2)
            }
            Self::Turnover(bridges) => {
                start(bridges) + Duration::from_secs(1) * pace.turnover as u32
            }
            Self::Starts(_) => Duration::from_secs(4) * pace.starts as u32,
            Self::Hpas(bridges) => start(bridges) + pace.hpas + pace.period,
            Self::Peer(_, bridges) => {
                start(bridges) * 2
                    + pace.of(pace.rest, bridges) / 4
                    + pace.reading * 2
                    + pace.saturation * 2
            }
        }
    }

    fn title(self, peers: &[Candidate]) -> String {
        let (what, bridges) = match self {
            Self::Grow(bridges) => ("pods are made".to_owned(), bridges),
            Self::Ours(bridges) => (OURS.to_owned(), bridges),
            Self::Snapshot(bridges) => (format!("{OURS} with a fresh snapshot"), bridges),
            Self::Turnover(bridges) => ("bridges come and go".to_owned(), bridges),
            Self::Starts(bridges) => (format!("{OURS} starts"), bridges),
            Self::Hpas(bridges) => ("two replicas, three HPAs".to_owned(), bridges),
            Self::Peer(peer, bridges) => (peers[peer].name.clone(), bridges),
        };
        format!("{bridges} bridges: {what}")
    }
}

/// Who is measured.
pub(crate) struct Cast {
    /// The program of our adapter.
    pub(crate) adapter: PathBuf,
    /// Other adapters.
    pub(crate) peers: Vec<Candidate>,
}

/// Plays all scenes. One that fails is noted, and the others are played all the same.
pub(crate) async fn play(cast: Cast, pace: &Pace, progress: &Progress) -> Result<Notes> {
    let mut notes = Notes::default();
    let mut stage = Stage::set(pace.period).await?;
    let ours = Contestant::place(&stage.lab, Candidate::ours(cast.adapter)).await?;
    notes.subjects.push(ours.candidate.subject());
    let mut peers = Vec::new();
    for peer in &cast.peers {
        peers.push(Contestant::place(&stage.lab, peer.clone()).await?);
        notes.subjects.push(peer.subject());
    }
    let all = scenes(pace, peers.len());
    for (n, scene) in all.iter().enumerate() {
        let title = scene.title(&cast.peers);
        let later = all[n + 1..].iter().map(|scene| scene.takes(pace)).sum();
        progress.begin(
            &format!("{}/{} {title}", n + 1, all.len()),
            scene.takes(pace),
            later,
        );
        let played = match *scene {
            Scene::Grow(bridges) => stage.grow(bridges).await,
            Scene::Ours(_) => ours::play(&stage, &ours, pace, progress, &mut notes).await,
            Scene::Snapshot(_) => snapshot::play(&stage, &ours, pace, progress, &mut notes).await,
            Scene::Turnover(_) => turnover::play(&stage, &ours, pace, progress, &mut notes).await,
            Scene::Starts(_) => starts::play(&stage, &ours, pace, progress, &mut notes).await,
            Scene::Hpas(_) => hpas::play(&stage, &ours, pace, progress, &mut notes).await,
            Scene::Peer(peer, _) => {
                peer::play(&stage, &peers[peer], pace, progress, &mut notes).await
            }
        };
        if let Err(error) = played {
            progress.say(&format!("failed: {error:#}"));
            notes.remark(format!("{title} failed: {error:#}"));
            notes.failed.push(title);
        }
    }
    let stopped = stage.lab.stop().await;
    stopped.map(|()| notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_run_fits_into_a_quarter_of_an_hour() {
        let pace = Pace::real();
        let total: Duration = scenes(&pace, 1).iter().map(|s| s.takes(&pace)).sum();
        assert!(total < Duration::from_mins(16), "{total:?}");
        assert!(total > Duration::from_mins(8), "{total:?}");
    }

    #[test]
    fn everything_with_a_target_is_played_with_its_number_of_bridges() {
        let sizes = Pace::real().sizes;
        for target in crate::targets::TARGETS {
            assert!(sizes.contains(&target.bridges), "{target:?}");
        }
    }
}
