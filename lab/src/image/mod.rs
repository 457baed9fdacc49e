//! The image: a Debian kernel and a root in memory, built once and kept.
//!
//! Everything in it comes from Debian packages of the host's release, which are unpacked, never
//! installed; what the host has installed does not leak in. Our own programs are in a second
//! archive ([`overlay`]), made for each run, so that a change of code costs no new image.

mod archive;
mod kernel;
mod libraries;
mod modules;
pub(crate) mod overlay;
mod packages;
mod recipe;

use crate::error::{AtPath, Error};
use archive::Archive;
use kernel::Kernel;
use libraries::Sysroot;
use std::{
    collections::BTreeMap,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::BufWriter,
    path::{Path, PathBuf},
};

/// A built image.
#[derive(Clone, Debug)]
pub struct Image {
    /// The kernel.
    pub kernel: PathBuf,
    /// The initramfs without our programs.
    pub base: PathBuf,
    /// One line for each package in it, `name_version_architecture.deb`.
    pub packages: String,
}

/// Where images are kept: `$XDG_CACHE_HOME/rether-lab`, else `~/.cache/rether-lab`, else
/// `target/lab`.
#[must_use]
pub fn cache_folder() -> PathBuf {
    let folder = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    folder("XDG_CACHE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".cache")))
        .map_or_else(
            || PathBuf::from("target/lab"),
            |cache| cache.join("rether-lab"),
        )
}

/// Changes with everything the image is made of, except the versions of the packages: a security
/// update of the host makes no new image until it is asked for.
fn key() -> String {
    let mut hasher = DefaultHasher::new();
    recipe::VERSION.hash(&mut hasher);
    (
        recipe::PACKAGES,
        recipe::KERNEL,
        recipe::PROGRAMS,
        recipe::KMOD_NAMES,
    )
        .hash(&mut hasher);
    (
        recipe::LIBRARIES,
        recipe::MODULES,
        recipe::EXTRA_MODULES,
        recipe::INIT,
    )
        .hash(&mut hasher);
    fs::read_to_string("/etc/os-release")
        .unwrap_or_default()
        .hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

impl Image {
    fn at(folder: &Path) -> Result<Self, Error> {
        let list = folder.join("packages.txt");
        Ok(Self {
            kernel: folder.join("vmlinuz"),
            base: folder.join("base.cpio"),
            packages: fs::read_to_string(&list).at(&list)?,
        })
    }

    /// Returns the image of this recipe, building it if it is not there or if `anew`; `tell` is
    /// given a line for each step.
    ///
    /// # Errors
    /// If packages cannot be fetched or do not hold what is needed, or on a full disk.
    pub fn obtain(anew: bool, tell: &mut dyn FnMut(&str)) -> Result<Self, Error> {
        let cache = cache_folder();
        let folder = cache.join(key());
        if folder.exists() && !anew {
            return Self::at(&folder);
        }
        fs::create_dir_all(&cache).at(&cache)?;
        let work = tempfile::tempdir_in(&cache).at(&cache)?;
        let made = work.path().join("image");
        fs::create_dir(&made).at(&made)?;
        build(work.path(), &made, tell)?;
        if anew && folder.exists() {
            fs::remove_dir_all(&folder).at(&folder)?;
        }
        // Another run may have built the same image meanwhile; either is as good.
        if !folder.exists() {
            fs::rename(&made, &folder).at(&folder)?;
        }
        Self::at(&folder)
    }
}

fn build(work: &Path, made: &Path, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let subfolder = |name: &str| {
        let path = work.join(name);
        fs::create_dir_all(&path).at(&path).map(|()| path)
    };
    tell("image: fetching the userland packages (once)");
    let mut debs = packages::fetch_closure(recipe::PACKAGES, &subfolder("userland")?)?;
    tell("image: fetching the kernel package (once)");
    let kernel_deb = packages::fetch_target(recipe::KERNEL, &subfolder("kernel")?)?;
    tell("image: unpacking");
    let root = subfolder("root")?;
    for deb in &debs {
        packages::unpack(deb, &root)?;
    }
    let kernel_root = subfolder("kernel-root")?;
    packages::unpack(&kernel_deb, &kernel_root)?;
    debs.push(kernel_deb);
    tell("image: writing");
    let sysroot = Sysroot(&root);
    let kernel = Kernel::find(&kernel_root)?;
    fs::copy(&kernel.file, made.join("vmlinuz")).at(&kernel.file)?;
    write_base(&sysroot, &kernel, &made.join("base.cpio"))?;
    let names = debs
        .iter()
        .filter_map(|deb| deb.file_name())
        .map(|name| name.to_string_lossy());
    let list = made.join("packages.txt");
    fs::write(
        &list,
        names.map(|name| format!("{name}\n")).collect::<String>(),
    )
    .at(&list)
}

fn write_base(sysroot: &Sysroot<'_>, kernel: &Kernel, to: &Path) -> Result<(), Error> {
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for name in recipe::PROGRAMS {
        let program = sysroot.program(name)?;
        for library in sysroot.libraries_of(&program)? {
            add_library(&mut files, library);
        }
        files.insert(format!("usr/bin/{name}"), program);
    }
    for name in recipe::LIBRARIES {
        add_library(&mut files, sysroot.library(name)?);
    }
    for (name, path) in kernel.needed_modules(sysroot)? {
        files.insert(format!("usr/lib/modules/{}/{name}", kernel.release), path);
    }
    let file = fs::File::create(to).at(to)?;
    let mut archive = Archive::new(BufWriter::new(file));
    let mut write = || {
        for (from, target) in [
            ("bin", "usr/bin"),
            ("sbin", "usr/sbin"),
            ("usr/sbin", "bin"),
        ] {
            archive.link(from, target)?;
        }
        archive.link("lib", "usr/lib")?;
        archive.link("lib64", "usr/lib64")?;
        archive.link(
            "usr/lib64/ld-linux-x86-64.so.2",
            "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        )?;
        // busybox as a shell would put its own `ip` and `ping` before the real ones.
        archive.link("usr/bin/sh", "dash")?;
        archive.device("dev/console", 5, 1)?;
        archive.file("init", recipe::INIT.as_bytes(), true)?;
        archive.file(
            "etc/passwd",
            b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
            false,
        )?;
        archive.file("etc/group", b"root:x:0:\nnogroup:x:65534:\n", false)?;
        for name in recipe::KMOD_NAMES {
            archive.link(&format!("usr/bin/{name}"), "kmod")?;
        }
        for (path, from) in &files {
            archive.copy(path, from)?;
        }
        Ok(())
    };
    write().and_then(|()| archive.finish()).at(to)
}

/// Libraries keep their name and all come to lie in one folder.
fn add_library(files: &mut BTreeMap<String, PathBuf>, library: PathBuf) {
    if let Some(name) = library.file_name() {
        files.insert(
            format!("usr/lib/x86_64-linux-gnu/{}", name.to_string_lossy()),
            library,
        );
    }
}
