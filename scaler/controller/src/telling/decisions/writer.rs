//! Lines, written as they come, each of its own whatever fails.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use tracing::{error, info};

use crate::shared::Shared;

/// Whoever writes lines.
pub(super) struct Writer<W> {
    file: W,
    /// Whether what was written last does not end a line.
    torn: bool,
    /// Whether the last line could not be written.
    failing: bool,
    shared: Arc<Shared>,
}

impl<W: Write> Writer<W> {
    /// Into this, which may end within a line.
    pub(super) fn new(file: W, torn: bool, shared: Arc<Shared>) -> Self {
        Self {
            file,
            torn,
            failing: false,
            shared,
        }
    }

    /// Writes all lines that come; one that cannot be written is counted.
    pub(super) fn run(mut self, lines: Receiver<String>) {
        for line in lines {
            match self.put(&line) {
                Ok(()) => {
                    if std::mem::take(&mut self.failing) {
                        info!("decisions are written down again");
                    }
                }
                Err(error) => {
                    self.shared.telemetry.decision_unlogged();
                    // Said once, not of each line.
                    if !std::mem::replace(&mut self.failing, true) {
                        error!(
                            "decisions cannot be written down (--decision-log), and are only counted, in \
                             jvb_scaler_decisions_unlogged_total, until they can: {error}"
                        );
                    }
                }
            }
        }
    }

    /// One line, never behind a part of another one.
    fn put(&mut self, line: &str) -> io::Result<()> {
        if self.torn {
            self.all(b"\n")?;
        }
        self.all(line.as_bytes())
    }

    fn all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    let (done, rest) = bytes.split_at(written);
                    self.torn = !done.ends_with(b"\n");
                    bytes = rest;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether a file ends within a line: whoever wrote it before found the disk full. Of a pipe or device nobody knows.
pub(super) fn is_torn(path: &Path) -> bool {
    let last = || {
        let about = std::fs::metadata(path).ok()?;
        let at = about.len().checked_sub(1).filter(|_| about.is_file())?;
        let mut last = [0];
        File::open(path).ok()?.read_exact_at(&mut last, at).ok()?;
        Some(last)
    };
    last().is_some_and(|last| last != *b"\n")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// A disk with room for so many bytes, which is full, and then cleared for as many again.
    struct Disk<'a> {
        text: &'a mut Vec<u8>,
        room: usize,
        left: usize,
    }

    impl Write for Disk<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.left == 0 {
                self.left = self.room;
                return Err(io::ErrorKind::StorageFull.into());
            }
            let taken = bytes.len().min(self.left);
            self.left -= taken;
            self.text.extend(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_full_disk_cut_off_takes_no_other_line_along() {
        const LINES: usize = 20;
        let records: Vec<String> = (0..LINES).map(|n| format!("{{\"n\":{n}}}")).collect();
        for room in 1..50 {
            let shared = Arc::new(Shared::new());
            let mut text = Vec::new();
            let disk = Disk {
                text: &mut text,
                room,
                left: room,
            };
            let (lines, waiting) = channel();
            for record in &records {
                lines.send(format!("{record}\n")).unwrap();
            }
            drop(lines);
            Writer::new(disk, false, Arc::clone(&shared)).run(waiting);
            let text = String::from_utf8(text).unwrap();
            let (whole, parts): (Vec<&str>, Vec<&str>) = text
                .lines()
                .partition(|line| records.iter().any(|record| record == line));
            for part in &parts {
                let begins = |record: &String| record.starts_with(part);
                assert!(!part.is_empty() && records.iter().any(begins), "{text}");
            }
            let counted = shared.telemetry.render().unwrap();
            // Where only the end of a line was cut off, the record is there although it was counted as lost.
            let told = counted
                .lines()
                .find_map(|line| line.strip_prefix("jvb_scaler_decisions_unlogged_total "));
            let lost: usize = told.unwrap().parse().unwrap();
            assert!(whole.len() + lost >= LINES, "{room}: {text}");
            assert!(lost > 0 || room > text.len(), "{room}: {text}");
        }
    }
}
