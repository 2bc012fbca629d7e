//! Gzip as gunzip reads it: one member after the other, and zeros at the end, as tapes and disks leave them, are nothing.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// What gzip begins with.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What is packed in a file.
pub(super) struct Members<R> {
    /// The one that is read; `None` at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(packed: R) -> Self {
        Self {
            member: Some(GzDecoder::new(packed)),
        }
    }

    /// The member after this one, if any.
    fn next(member: GzDecoder<R>) -> io::Result<Option<GzDecoder<R>>> {
        let mut packed = member.into_inner();
        let first = loop {
            let bytes = packed.fill_buf()?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let first = bytes.get(zeros).copied();
            packed.consume(zeros);
            if let Some(first) = first {
                break first;
            }
        };
        if first == MAGIC[0] {
            return Ok(Some(GzDecoder::new(packed)));
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "something that is no gzip follows them",
        ))
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            if let Some(member) = self.member.take() {
                self.member = Self::next(member)?;
            }
        }
        Ok(0)
    }
}
