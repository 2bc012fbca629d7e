//! Pools as they are written, and the pods that become of them.

#[cfg(test)]
mod golden;
#[cfg(test)]
mod page;
#[cfg(test)]
mod pools;
#[cfg(test)]
mod properties;
