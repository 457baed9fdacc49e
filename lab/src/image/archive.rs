//! Writes an initramfs: a cpio archive in "newc" format with fixed times, owners and order.

use cpio::newc::{Builder, trailer};
use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;
const LINK: u32 = 0o120_777;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// An archive being written.
pub(super) struct Archive<W: Write> {
    to: W,
    inode: u32,
    folders: BTreeSet<String>,
}

impl<W: Write> Archive<W> {
    pub(super) const fn new(to: W) -> Self {
        Self {
            to,
            inode: 0,
            folders: BTreeSet::new(),
        }
    }

    fn entry(&mut self, path: &str, mode: u32, data: &[u8]) -> io::Result<()> {
        self.parents(path)?;
        self.put(Builder::new(path), mode, data)
    }

    fn put(&mut self, entry: Builder, mode: u32, data: &[u8]) -> io::Result<()> {
        self.inode += 1;
        let size = u32::try_from(data.len()).map_err(io::Error::other)?;
        let mut writer = entry
            .ino(self.inode)
            .mode(mode)
            .nlink(1)
            .write(&mut self.to, size);
        writer.write_all(data)?;
        writer.finish().map(drop)
    }

    /// The kernel makes no folder by itself.
    fn parents(&mut self, path: &str) -> io::Result<()> {
        for (end, _) in path.match_indices('/') {
            let folder = path.get(..end).unwrap_or_default();
            if self.folders.insert(folder.to_owned()) {
                self.put(Builder::new(folder), FOLDER, &[])?;
            }
        }
        Ok(())
    }

    /// A file with the data given.
    pub(super) fn file(&mut self, path: &str, data: &[u8], program: bool) -> io::Result<()> {
        self.entry(path, if program { PROGRAM } else { FILE }, data)
    }

    /// A copy of the file `from`, through any link.
    pub(super) fn copy(&mut self, path: &str, from: &Path) -> io::Result<()> {
        let program = fs::metadata(from)?.permissions().mode() & 0o111 != 0;
        self.file(path, &fs::read(from)?, program)
    }

    /// A symbolic link to `target`.
    pub(super) fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        self.entry(path, LINK, target.as_bytes())
    }

    /// The node of a character device.
    pub(super) fn device(&mut self, path: &str, major: u32, minor: u32) -> io::Result<()> {
        self.parents(path)?;
        let entry = Builder::new(path).rdev_major(major).rdev_minor(minor);
        self.put(entry, CHARACTER_DEVICE, &[])
    }

    /// Ends the archive.
    pub(super) fn finish(mut self) -> io::Result<()> {
        trailer(&mut self.to)?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpio::newc::Reader;

    #[test]
    fn folders_come_first_and_once() {
        let mut bytes = Vec::new();
        let mut archive = Archive::new(&mut bytes);
        archive.file("usr/bin/one", b"1", true).unwrap();
        archive.file("usr/bin/two", b"22", false).unwrap();
        archive.link("sbin", "usr/sbin").unwrap();
        archive.device("dev/console", 5, 1).unwrap();
        archive.finish().unwrap();

        let mut seen = Vec::new();
        let mut rest = &bytes[..];
        loop {
            let reader = Reader::new(rest).unwrap();
            let entry = reader.entry();
            if entry.is_trailer() {
                break;
            }
            seen.push((entry.name().to_owned(), entry.mode(), entry.file_size()));
            rest = reader.finish().unwrap();
        }
        let expected = [
            ("usr", FOLDER, 0),
            ("usr/bin", FOLDER, 0),
            ("usr/bin/one", PROGRAM, 1),
            ("usr/bin/two", FILE, 2),
            ("sbin", LINK, 8),
            ("dev", FOLDER, 0),
            ("dev/console", CHARACTER_DEVICE, 0),
        ];
        assert_eq!(
            seen,
            expected.map(|(name, mode, size)| (name.to_owned(), mode, size))
        );
    }
}
