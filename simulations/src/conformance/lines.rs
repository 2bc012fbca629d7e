//! The lines of a file, gzip or plain.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::gzip::{MAGIC, Members};
use super::problem::Problem;

/// The longest line that is read, in bytes. The longest episode of the project's recordings has a hundredth of it.
const LONGEST: u64 = 64 << 20;

/// A file that is read line by line.
pub(super) struct Lines {
    file: PathBuf,
    reader: Box<dyn BufRead>,
    packed: bool,
    line: Vec<u8>,
    number: usize,
}

impl Lines {
    pub(super) fn open(file: &Path) -> Result<Self, Problem> {
        let unreadable = |error: io::Error| Problem::unreadable(file, &error);
        let mut reader = BufReader::new(File::open(file).map_err(unreadable)?);
        let packed = reader.fill_buf().map_err(unreadable)?.starts_with(&MAGIC);
        let reader: Box<dyn BufRead> = if packed {
            Box::new(BufReader::new(Members::new(reader)))
        } else {
            Box::new(reader)
        };
        Ok(Self {
            file: file.to_owned(),
            reader,
            packed,
            line: Vec::new(),
            number: 0,
        })
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Problem> {
        loop {
            self.line.clear();
            self.number += 1;
            let mut limited = self.reader.as_mut().take(LONGEST + 1);
            let read = limited.read_until(b'\n', &mut self.line);
            let read = read.map_err(|error| {
                if self.packed {
                    Problem::gzip(&self.file, self.number, &error)
                } else {
                    Problem::unreadable(&self.file, &error)
                }
            })?;
            if read == 0 {
                return Ok(None);
            }
            if self.line.len() as u64 > LONGEST {
                return Err(Problem::long(&self.file, self.number));
            }
            if !self.line.trim_ascii().is_empty() {
                // Borrowed anew: the loop would hold the first borrow.
                break;
            }
        }
        Ok(Some(&self.line))
    }

    /// The number of the line that was read last, counted from 1.
    pub(super) fn number(&self) -> usize {
        self.number
    }
}
