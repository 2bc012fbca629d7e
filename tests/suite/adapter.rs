//! The adapter, read by the real API server and the real HPA.

mod absence;
mod reading;
mod scaling;
