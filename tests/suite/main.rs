//! Everything that needs a laboratory, in one program: it links once.

mod laboratory;
