//! Files that are whole or not there: written beside their place, then moved to it. Readers see the old one or the new one.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Folders of the volume are everybody's in the pod: its containers may run as different users, and none is less trusted there.
const FOLDER: u32 = 0o777;

/// Files may be read by all.
const DATA: u32 = 0o644;

/// Programs may be run by all.
const PROGRAM: u32 = 0o755;

/// No file of ours is larger.
const LARGEST: u64 = 64 * 1024;

/// This program's own file.
const SELF: &str = "/proc/self/exe";

/// Writes a file, with the folder it is in.
///
/// # Errors
/// What the system says; then the file is what it was.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    replace(path, DATA, |file| file.write_all(content))
}

/// Writes a file that is written anew every moment: whole at every moment too, but not after the machine lost its power.
///
/// # Errors
/// What the system says; then the file is what it was.
pub fn sign(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    make(path.parent().unwrap_or(path))?;
    fs::write(&beside, content)?;
    fs::rename(&beside, path)
}

/// Writes this program to this path, to be run from there.
///
/// # Errors
/// What the system says; then the file is what it was.
pub fn install(path: &Path) -> io::Result<()> {
    let mut program = File::open(SELF)?;
    replace(path, PROGRAM, |file| {
        io::copy(&mut program, file)?;
        Ok(())
    })
}

/// Whether there is such a file.
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Reads a file that holds JSON; `None` where there is none.
///
/// # Errors
/// When it cannot be read or holds something else.
pub fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let Some(text) = read_text(path, LARGEST)? else {
        return Ok(None);
    };
    Ok(Some(serde_json::from_str(&text)?))
}

/// Reads a file of at most so many bytes as text; `None` where there is none.
///
/// # Errors
/// When it cannot be read, is larger, or is no text.
pub fn read_text(path: &Path, largest: u64) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = String::new();
    let read = file.take(largest + 1).read_to_string(&mut text)?;
    if read as u64 > largest {
        let why = format!("it is larger than {largest} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(Some(text))
}

/// Puts a file in the place of another, which is whole at every moment, and still is after the machine lost its power.
fn replace(
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path
        .parent()
        .ok_or_else(|| io::Error::other("it is in no folder"))?;
    make(folder)?;
    let beside = beside(path);
    // What an earlier one of us left in the middle.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Never through a link that somebody put there.
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)?;
    let written = fill(&mut new)
        // The user's mask may have taken something away.
        .and_then(|()| new.set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| new.sync_all())
        .and_then(|()| {
            drop(new);
            fs::rename(&beside, path)
        });
    if let Err(error) = written {
        // Half a file would only take room.
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    File::open(folder)?.sync_all()
}

/// Makes a folder, and lets everybody in the pod write to it; one that is there is left as it is.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(FOLDER))
}

/// The name under which a file is written before it is whole: of each process its own.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_written_whole_with_its_folder_and_leaves_nothing_else() {
        let volume = tempfile::tempdir().unwrap();
        let path = volume.path().join("state/ready");
        write(&path, b"1").unwrap();
        write(&path, b"22").unwrap();
        assert_eq!(read::<u32>(&path).unwrap(), Some(22));
        assert_eq!(names(&volume.path().join("state")), ["ready"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), DATA);
        assert_eq!(mode(&volume.path().join("state")), FOLDER);
    }

    #[test]
    fn what_cannot_be_written_leaves_the_old_file_and_no_other() {
        let volume = tempfile::tempdir().unwrap();
        let path = volume.path().join("state/ready");
        write(&path, b"1").unwrap();
        let full = replace(&path, DATA, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(read::<u32>(&path).unwrap(), Some(1));
        assert_eq!(names(&volume.path().join("state")), ["ready"]);
        let below_a_file = write(&path.join("x"), b"1");
        assert!(below_a_file.is_err());
    }

    #[test]
    fn a_link_in_its_place_is_replaced_and_not_followed() {
        let volume = tempfile::tempdir().unwrap();
        let (path, victim) = (volume.path().join("ready"), volume.path().join("victim"));
        fs::write(&victim, "as it was").unwrap();
        symlink(&victim, &path).unwrap();
        symlink(&victim, beside(&path)).unwrap();
        write(&path, b"1").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "as it was");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn this_program_is_installed_to_be_run_by_anybody() {
        let volume = tempfile::tempdir().unwrap();
        let path = volume.path().join("bin/jvb-sidecar");
        for _ in 0..2 {
            install(&path).unwrap();
            let installed = fs::metadata(&path).unwrap();
            assert_eq!(installed.permissions().mode() & 0o777, PROGRAM);
            assert_eq!(installed.len(), fs::metadata(SELF).unwrap().len());
        }
        assert_eq!(names(&volume.path().join("bin")), ["jvb-sidecar"]);
    }

    #[test]
    fn what_is_not_there_is_none_and_what_is_not_understood_an_error() {
        let volume = tempfile::tempdir().unwrap();
        let path = volume.path().join("ready");
        assert_eq!(read::<u32>(&path).unwrap(), None);
        fs::write(&path, "x").unwrap();
        assert!(read::<u32>(&path).is_err());
        fs::write(&path, [0xff]).unwrap();
        assert!(read::<u32>(&path).is_err());
        fs::write(&path, vec![b' '; 70_000]).unwrap();
        let large = read::<u32>(&path).unwrap_err();
        assert_eq!(large.kind(), io::ErrorKind::FileTooLarge);
        assert!(read::<u32>(volume.path()).is_err(), "a folder");
    }
}
