//! jvb-adapter.

fn main() {}
