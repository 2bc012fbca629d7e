//! A runtime whose containers do nothing but remember what was done to them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::runtime::{BoxFuture, PodHandle, Runtime};

/// SIGTERM's exit code, as a process that has no handler for it ends.
const TERMINATED: i32 = 143;

/// Something that was done to a container.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Deed {
    /// It was started.
    Start,
    /// It got SIGTERM.
    Terminate,
    /// It got SIGKILL.
    Kill,
    /// A command was run in it.
    Exec(Vec<String>),
}

/// A deed, to whom, and when.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it was done.
    pub at: Instant,
    /// The run of the container it was done to.
    pub pod: PodHandle,
    /// What was done.
    pub deed: Deed,
}

/// Containers that do nothing, end at once on SIGTERM unless told to be stubborn, and end by themselves when told to.
#[derive(Debug, Default)]
pub struct Recorder {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    /// Exit codes by container ID.
    exits: BTreeMap<String, i32>,
    /// Exit codes of commands by their first word; others succeed.
    commands: BTreeMap<String, i32>,
    stubborn: bool,
}

impl Recorder {
    /// From now on containers ignore SIGTERM, or no longer do.
    pub fn set_stubborn(&self, stubborn: bool) {
        self.state().stubborn = stubborn;
    }

    /// From now on commands of this name end with this exit code. Others succeed.
    pub fn set_command(&self, name: &str, code: i32) {
        self.state().commands.insert(name.into(), code);
    }

    /// Ends the latest run of a container by itself. False where it never ran.
    pub fn exit(&self, pod: &str, container: &str, code: i32) -> bool {
        let mut state = self.state();
        let latest = state.entries.iter().rev().find(|entry| {
            entry.deed == Deed::Start && entry.pod.name == pod && entry.pod.container == container
        });
        let Some(id) = latest.map(|entry| entry.pod.container_id.clone()) else {
            return false;
        };
        state.exits.insert(id, code);
        true
    }

    /// All that was done, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.state().entries.clone()
    }

    /// What was done to a pod, in order: container and deed.
    pub fn deeds(&self, pod: &str) -> Vec<(String, Deed)> {
        let state = self.state();
        let of_pod = state.entries.iter().filter(|entry| entry.pod.name == pod);
        of_pod
            .map(|entry| (entry.pod.container.clone(), entry.deed.clone()))
            .collect()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, pod: &PodHandle, deed: Deed) {
        let (at, pod) = (Instant::now(), pod.clone());
        self.state().entries.push(Entry { at, pod, deed });
    }
}

impl Runtime for Recorder {
    fn start(&self, pod: &PodHandle) -> BoxFuture<'_, anyhow::Result<()>> {
        self.record(pod, Deed::Start);
        Box::pin(async { Ok(()) })
    }

    fn terminate(&self, pod: &PodHandle) -> BoxFuture<'_, ()> {
        self.record(pod, Deed::Terminate);
        let mut state = self.state();
        if !state.stubborn {
            state
                .exits
                .entry(pod.container_id.clone())
                .or_insert(TERMINATED);
        }
        Box::pin(async {})
    }

    fn kill(&self, pod: &PodHandle) -> BoxFuture<'_, ()> {
        self.record(pod, Deed::Kill);
        Box::pin(async {})
    }

    fn exited(&self, pod: &PodHandle) -> Option<i32> {
        self.state().exits.get(&pod.container_id).copied()
    }

    fn exec(&self, pod: &PodHandle, command: &[String]) -> BoxFuture<'_, i32> {
        self.record(pod, Deed::Exec(command.to_vec()));
        let state = self.state();
        let code = command
            .first()
            .and_then(|name| state.commands.get(name))
            .copied();
        Box::pin(async move { code.unwrap_or(0) })
    }
}
