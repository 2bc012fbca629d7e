//! What an operator sees, as texts that are kept: of pools that were observed by the controller's own code.

#[cfg(test)]
mod asked;
#[cfg(test)]
mod changed;
#[cfg(test)]
mod help;
#[cfg(test)]
mod page;
#[cfg(test)]
mod pools;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod through;
#[cfg(test)]
mod told;
