//! The cascade: what an HPA does to a pool at constant load, when the load of the bridges that drain is not in its metric.
//!
//! A bridge that is drained takes its load out of an average over the bridges that serve. The average of those that are left does
//! not rise, so the HPA asks for fewer again, and again. This is shown with the real decisions of both sides, the HPA's and the
//! pool's, in a cluster in which nothing goes wrong. `docs/cascade.md` is what [`page()`] makes of it.

mod course;
mod differences;
mod figures;
mod page;
mod study;
mod words;

pub use course::{Case, Course, Metric, Starts, course};
pub use page::page;
pub use study::{Calculated, ROWS, Row, Study, Table, study};
