//! Files that others write and change: the pod's annotations and the controller's public keys. Each is read again when it has
//! changed.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::store::disk;

/// Annotations have 256 KiB at most, and each byte of them four at most when it is quoted.
const LARGEST: u64 = 1024 * 1024 + 64 * 1024;

/// A file that is read when it has changed.
#[derive(Debug)]
pub(crate) struct Followed {
    path: PathBuf,
    seen: Option<Version>,
}

/// What tells one version of a file from another: volumes of Kubernetes put another file in its place.
type Version = Option<(u64, u64, i64, i64, u64)>;

impl Followed {
    /// Not read yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            seen: None,
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its text where it has changed since the last time it was read, also to an error; inside of that, `None` is a file that is
    /// not there.
    pub(crate) fn changed(&mut self) -> Option<io::Result<Option<String>>> {
        let version = match fs::metadata(&self.path) {
            Ok(data) => Some((
                data.dev(),
                data.ino(),
                data.mtime(),
                data.mtime_nsec(),
                data.len(),
            )),
            Err(_) => None,
        };
        if self.seen == Some(version) {
            return None;
        }
        self.seen = Some(version);
        Some(disk::read_text(&self.path, LARGEST))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// What was read, `-` for a file that is not there; `None` where nothing has changed.
    fn text(changed: Option<io::Result<Option<String>>>) -> Option<String> {
        let text = |read: io::Result<Option<String>>| read.expect("a file that can be read");
        changed.map(|read| text(read).unwrap_or_else(|| "-".to_owned()))
    }

    #[test]
    fn a_file_is_read_once_for_each_version_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("annotations");
        let mut followed = Followed::new(&path);
        assert_eq!(
            text(followed.changed()),
            Some("-".to_owned()),
            "it is not there"
        );
        assert_eq!(text(followed.changed()), None);
        fs::write(&path, "a").unwrap();
        assert_eq!(text(followed.changed()), Some("a".to_owned()));
        assert_eq!(text(followed.changed()), None);
        fs::remove_file(&path).unwrap();
        assert_eq!(text(followed.changed()), Some("-".to_owned()));
    }

    #[test]
    fn it_follows_the_links_by_which_the_kubelet_changes_all_files_of_a_volume_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, content) in [("one", "1"), ("two", "2")] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("keys.json"), content).unwrap();
        }
        symlink("one", at("..data")).unwrap();
        symlink("..data/keys.json", at("keys.json")).unwrap();
        let mut followed = Followed::new(&at("keys.json"));
        assert_eq!(text(followed.changed()), Some("1".to_owned()));
        symlink("two", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        assert_eq!(text(followed.changed()), Some("2".to_owned()));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut followed = Followed::new(folder.path());
        assert!(followed.changed().is_some_and(|read| read.is_err()));
        assert!(followed.changed().is_none());
    }
}
