//! `jvb-sim`: what there is to be known of a policy without a cluster.
//!
//! So far that is the HPA alone: [`conformance`] holds recorded decisions of a real one against [`hpa`].

pub mod args;
pub mod conformance;
