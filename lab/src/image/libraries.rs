//! Which shared libraries a program needs, asked of a dynamic loader.

use crate::error::Error;
use crate::host;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A root folder made of unpacked packages, whether or not `/lib` is merged into `/usr/lib`.
pub(super) struct Sysroot<'a>(pub(super) &'a Path);

impl Sysroot<'_> {
    fn find_in(&self, folders: &[&str], name: &str) -> Result<PathBuf, Error> {
        folders
            .iter()
            .map(|folder| self.0.join(folder).join(name))
            .find(|path| path.exists())
            .ok_or_else(|| Error::Missing {
                what: name.to_owned(),
                remedy: "the image recipe does not fit it",
            })
    }

    /// The program of that name.
    pub(super) fn program(&self, name: &str) -> Result<PathBuf, Error> {
        self.find_in(&["usr/sbin", "usr/bin", "sbin", "bin"], name)
    }

    /// The library of that name.
    pub(super) fn library(&self, name: &str) -> Result<PathBuf, Error> {
        self.find_in(&["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"], name)
    }

    /// The root's own loader, which finds libraries in the root only.
    pub(super) fn loader(&self) -> Result<Command, Error> {
        let mut command = Command::new(self.library("ld-linux-x86-64.so.2")?);
        let folders = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"]
            .map(|folder| self.0.join(folder).display().to_string());
        command.arg("--library-path").arg(folders.join(":"));
        Ok(command)
    }

    /// The libraries `program` needs, as found in the root.
    pub(super) fn libraries_of(&self, program: &Path) -> Result<Vec<PathBuf>, Error> {
        // The loader says nothing when it refuses a static program, which has no libraries.
        match host::output(self.loader()?.arg("--verify").arg(program), "") {
            Ok(_) => {}
            Err(Error::Command { said, .. }) if said.is_empty() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        host::output(self.loader()?.arg("--list").arg(program), "")
            .map(|listing| resolved(&listing))
    }
}

/// The libraries `program` needs, as the host resolves them.
pub(super) fn host_libraries_of(program: &Path) -> Result<Vec<PathBuf>, Error> {
    match host::output(Command::new("ldd").arg(program), "") {
        Err(Error::Command { said, .. }) if said.contains("not a dynamic") => Ok(Vec::new()),
        listing => listing.map(|listing| resolved(&listing)),
    }
}

/// The paths in the output of `ldd`.
fn resolved(listing: &str) -> Vec<PathBuf> {
    listing
        .lines()
        .filter_map(|line| {
            line.split_once("=>").map_or_else(
                || line.trim().strip_prefix('/').map(|_| line),
                |(_, path)| Some(path),
            )
        })
        .filter_map(|path| path.split_whitespace().next())
        .filter(|path| path.starts_with('/'))
        .map(PathBuf::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::resolved;
    use std::path::PathBuf;

    #[test]
    fn paths_are_taken_and_the_vdso_is_not() {
        let listing = "\tlinux-vdso.so.1 (0x00007ffe)\n\
            \tlibgcc_s.so.1 => /lib/x86_64-linux-gnu/libgcc_s.so.1 (0x00007f)\n\
            \tlibm.so.6 => not found\n\
            \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n\
            \tld-linux-x86-64.so.2 => /x/ld-linux-x86-64.so.2 (0x00007f)\n";
        let expected = [
            "/lib/x86_64-linux-gnu/libgcc_s.so.1",
            "/lib64/ld-linux-x86-64.so.2",
            "/x/ld-linux-x86-64.so.2",
        ];
        assert_eq!(resolved(listing), expected.map(PathBuf::from));
        assert!(resolved("\tstatically linked\n").is_empty());
    }
}
