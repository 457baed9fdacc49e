//! The part of the root that belongs to one run: our programs and the scenario.

use super::{Image, add_library, archive::Archive, libraries::host_libraries_of};
use crate::error::{AtPath, Error};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

/// What a run adds to the image.
pub(crate) struct Overlay<'a> {
    /// Our programs.
    pub(crate) programs: &'a [PathBuf],
    /// Other files: path in the guest without its first slash, and content.
    pub(crate) files: &'a [(&'a str, Vec<u8>)],
}

/// Writes the initramfs of a run: the base and, appended as a second archive, the overlay.
pub(crate) fn write(image: &Image, overlay: &Overlay<'_>, to: &Path) -> Result<(), Error> {
    let mut out = BufWriter::new(File::create(to).at(to)?);
    let base = File::open(&image.base).at(&image.base)?;
    io::copy(&mut BufReader::new(base), &mut out).at(to)?;

    let mut copies = BTreeMap::new();
    for program in overlay.programs {
        for library in host_libraries_of(program)? {
            add_library(&mut copies, library);
        }
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        copies.insert(format!("usr/bin/{name}"), program.clone());
    }
    // libc and the loader belong together: both come from the image, whose packages are of the
    // release our programs are built on.
    copies.retain(|path, _| {
        !super::recipe::LIBRARIES
            .iter()
            .any(|name| path.ends_with(name))
    });
    let mut archive = Archive::new(&mut out);
    let mut write = || {
        for (path, from) in &copies {
            archive.copy(path, from)?;
        }
        for (path, content) in overlay.files {
            archive.file(path, content, false)?;
        }
        Ok(())
    };
    write()
        .and_then(|()| archive.finish())
        .and_then(|()| out.flush())
        .at(to)
}

/// The programs of ours that `names` name, in `folder`.
pub(crate) fn programs(folder: &Path, names: &[&str]) -> Result<Vec<PathBuf>, Error> {
    names
        .iter()
        .map(|name| folder.join(name))
        .map(|path| {
            if fs::metadata(&path).is_ok() {
                Ok(path)
            } else {
                Err(Error::NotBuilt(path))
            }
        })
        .collect()
}
