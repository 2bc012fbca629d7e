//! What the real HPA does when something breaks: never does it scale in by mistake.
//!
//! Each bridge measures what the HPA wants of it, the HPA's tolerance is 1 % and its scale-down window 0: a single bridge that
//! is taken for idle, a single time, would be a pod less in the HPA's history. Where the load is constant the test ends with one
//! that does fall, and the HPA follows: it was not asleep.
//!
//! Each test was seen to fail with its guard broken; docs/adapter-faults.md says which that is, and tells operators what is shown
//! here.

mod address;
mod answers;
mod asked;
mod boot;
mod control_plane;
mod reader;
mod restart;
mod slow;
mod stage;
mod watch;
