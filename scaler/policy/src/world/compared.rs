//! What is known of a pod and its bridge, compared when it is heard: a decision does not compare texts of thousands.

use crate::world::{Live, Marks, Pod};

/// How the texts in a pod and in what its bridge said relate.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Compared {
    /// Whether the run that answered last is of the container that runs.
    pub(crate) answered: bool,
    /// Whether the run that goes on is the one that confirmed its drain mode, as the pod's marks have it.
    pub(crate) confirmed: bool,
    /// The number of the pod's revision, where its marks can be understood.
    pub(crate) revision: Option<usize>,
}

impl Compared {
    /// `revision` is the number of the pod's revision.
    pub(crate) fn new(pod: &Pod, live: &Live, revision: Option<usize>) -> Self {
        let running = pod.running();
        let run = live.run.as_ref().map(|run| run.container.as_str());
        Self {
            answered: running.is_some() && run == running,
            confirmed: (pod.marks.as_ref()).is_ok_and(|marks| confirmed(marks, pod, live)),
            revision,
        }
    }
}

/// Whether the run that goes on confirmed a drain mode. A restart leaves nothing confirmed.
pub(crate) fn confirmed(marks: &Marks, pod: &Pod, live: &Live) -> bool {
    marks.acked.as_ref().is_some_and(|acked| {
        pod.running() == Some(acked.container_id.as_str())
            && live.run.as_ref().is_none_or(|run| {
                run.container != acked.container_id || run.startup == acked.startup_time
            })
    })
}
