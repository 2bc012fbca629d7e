//! What programs of others make of the adapter's answers: the Go clients that the HPA itself is built of, the tests of the Go
//! library under most other adapters, and a Rust crate of the same API.

mod go_clients;
mod k8s_metrics;
mod paths;

/// The APIs that the adapter serves; the rows of `paths.txt` of another one are not asked for.
const SERVED: &[&str] = &["custom", "external"];
