//! Everything that needs a laboratory, in one program: it links once.

mod adapter;
mod bench;
mod check;
mod demo;
mod faults;
mod laboratory;
mod mocks;
mod plugin;
mod pool;
mod programs;
mod rights;
mod scaler;
mod serving;
mod strangers;
