//! What was found, in lines for a person. Without I/O: width, colours and time zone are arguments.

mod changes;
mod consequences;
mod explain;
mod pen;
mod status;
mod table;
mod template;

pub use changes::changes;
pub use consequences::consequences;
pub use explain::{order, story};
pub use pen::Pen;
pub(crate) use pen::some;
pub use status::status;
pub use template::template;
