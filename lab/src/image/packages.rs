//! Fetches Debian packages without installing them, as an ordinary user.
//!
//! apt is given an empty status file and a cache of its own, so that it resolves every
//! dependency, verifies every signature against the host's lists, and changes nothing outside
//! the cache.

use crate::error::{AtPath, Error};
use crate::host;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const REMEDY: &str = "\nrun `scripts/setup --update`, which brings the package lists up to date";

/// An apt that keeps everything it writes below `folder`.
fn apt(program: &str, folder: &Path) -> Result<Command, Error> {
    let archives = folder.join("archives/partial");
    fs::create_dir_all(&archives).at(&archives)?;
    let status = folder.join("status");
    fs::write(&status, "").at(&status)?;
    let mut command = Command::new(program);
    let option = |key: &str, value: String| ["-o".to_owned(), format!("{key}={value}")];
    command
        .current_dir(folder)
        .args(option("Debug::NoLocking", "1".to_owned()))
        .args(option("APT::Install-Recommends", "0".to_owned()))
        // Without this apt, as root, tries to become a user who cannot write here.
        .args(option("APT::Sandbox::User", String::new()))
        .args(option("Dir::Cache", folder.display().to_string()))
        .args(option("Dir::Cache::archives", "archives".to_owned()))
        .args(option("Dir::Cache::pkgcache", String::new()))
        .args(option("Dir::Cache::srcpkgcache", String::new()))
        .args(option("Dir::State::status", status.display().to_string()));
    Ok(command)
}

/// All `.deb` files in `folder`, in order of name.
fn debs(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).at(folder)? {
        let path = entry.at(folder)?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Downloads `names` and all they depend on into `folder`; returns the package files.
pub(super) fn fetch_closure(names: &[&str], folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut command = apt("apt-get", folder)?;
    command
        .args(["--yes", "--quiet", "--download-only", "install"])
        .args(names);
    host::output(&mut command, REMEDY)?;
    debs(&folder.join("archives"))
}

/// Downloads the package that `name` depends on first, alone; returns its file.
pub(super) fn fetch_target(name: &str, folder: &Path) -> Result<PathBuf, Error> {
    let listing = host::output(apt("apt-cache", folder)?.args(["depends", name]), REMEDY)?;
    let target = first_dependency(&listing).ok_or_else(|| Error::Missing {
        what: name.to_owned(),
        remedy: "run scripts/setup",
    })?;
    host::output(
        apt("apt-get", folder)?.args(["--quiet", "download", target]),
        REMEDY,
    )?;
    debs(folder)?.pop().ok_or_else(|| Error::Missing {
        what: target.to_owned(),
        remedy: "run scripts/setup",
    })
}

/// The first `Depends:` in the output of `apt-cache depends`.
fn first_dependency(listing: &str) -> Option<&str> {
    listing
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends:"))
        .map(str::trim)
}

/// Unpacks a package file into `root`.
pub(super) fn unpack(deb: &Path, root: &Path) -> Result<(), Error> {
    host::output(
        Command::new("dpkg-deb").arg("--extract").arg(deb).arg(root),
        "",
    )
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::first_dependency;

    #[test]
    fn the_kernel_is_behind_its_metapackage() {
        let listing = "linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n  Suggests: x\n";
        assert_eq!(
            first_dependency(listing),
            Some("linux-image-6.1.0-56-amd64")
        );
        assert_eq!(first_dependency("linux-image-amd64\n"), None);
    }
}
