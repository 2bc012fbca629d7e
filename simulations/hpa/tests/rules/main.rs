//! The rules of the HPA, each shown by a sync or a few.

mod case;
mod properties;
mod traps;
mod upstream;
