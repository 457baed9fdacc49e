//! The kernel of the image and the modules taken from its package.

use super::{libraries::Sysroot, modules::Modules, recipe};
use crate::error::{AtPath, Error};
use crate::host;
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// An unpacked kernel package.
pub(super) struct Kernel {
    /// The kernel itself.
    pub(super) file: PathBuf,
    /// As `uname -r` says it.
    pub(super) release: String,
    root: PathBuf,
}

impl Kernel {
    /// The kernel unpacked into `root`.
    pub(super) fn find(root: &Path) -> Result<Self, Error> {
        let boot = root.join("boot");
        for entry in fs::read_dir(&boot).at(&boot)? {
            let entry = entry.at(&boot)?;
            if let Some(release) = entry.file_name().to_string_lossy().strip_prefix("vmlinuz-") {
                let (root, release) = (root.to_owned(), release.to_owned());
                return Ok(Self {
                    file: entry.path(),
                    release,
                    root,
                });
            }
        }
        Err(Error::Missing {
            what: "vmlinuz".to_owned(),
            remedy: "the kernel package is not one",
        })
    }

    /// The folder of the modules, wherever this release of Debian puts it.
    fn modules(&self) -> Result<PathBuf, Error> {
        let places = ["lib/modules", "usr/lib/modules"].map(|place| self.root.join(place));
        let folder = places
            .into_iter()
            .find(|place| place.exists())
            .ok_or_else(|| Error::Missing {
                what: "modules".to_owned(),
                remedy: "the kernel package is not one",
            })?;
        Ok(folder.join(&self.release))
    }

    /// Lists the needed modules; the package leaves `depmod` to the installation, which is never done.
    pub(super) fn needed_modules(
        &self,
        sysroot: &Sysroot<'_>,
    ) -> Result<BTreeMap<String, PathBuf>, Error> {
        let folder = self.modules()?;
        let depmod = sysroot.0.join("depmod");
        symlink(sysroot.program("kmod")?, &depmod).at(&depmod)?;
        let run_depmod = |base: &Path| {
            let mut command = sysroot.loader()?;
            host::output(
                command.arg(&depmod).arg("-b").arg(base).arg(&self.release),
                "",
            )
            .map(drop)
        };
        // kmod of one release looks in /lib/modules, of another in /usr/lib/modules.
        for place in ["lib", "usr/lib"] {
            let parent = self.root.join(place).join("modules");
            if !parent.exists() {
                fs::create_dir_all(&parent).at(&parent)?;
                let link = parent.join(&self.release);
                symlink(&folder, &link).at(&link)?;
            }
        }
        run_depmod(&self.root)?;
        let read = |name: &str| fs::read_to_string(folder.join(name)).at(&folder.join(name));
        let (dep, builtin) = (read("modules.dep")?, read("modules.builtin")?);
        let known = Modules::new(&dep, &builtin);
        let mut paths = known
            .closure(recipe::MODULES)
            .map_err(|name| Error::Missing {
                what: format!("kernel module {name}"),
                remedy: "the lab cannot use this kernel",
            })?;
        for name in recipe::EXTRA_MODULES {
            paths.extend(known.closure(&[name]).unwrap_or_default());
        }
        let mut files: BTreeMap<_, _> = paths
            .into_iter()
            .map(|path| (path.to_owned(), folder.join(path)))
            .collect();
        for name in [
            "dep",
            "dep.bin",
            "alias",
            "alias.bin",
            "softdep",
            "symbols",
            "symbols.bin",
            "builtin",
            "builtin.bin",
            "builtin.alias.bin",
            "order",
            "devname",
        ] {
            let name = format!("modules.{name}");
            let path = folder.join(&name);
            if path.exists() {
                files.insert(name, path);
            }
        }
        Ok(files)
    }
}
