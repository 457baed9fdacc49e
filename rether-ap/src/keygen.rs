//! `rether-ap keygen`: makes a key.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use rether_daemon::{cli, exit, host};

/// Its owner reads and writes it.
const PRIVATE: u32 = 0o600;

/// Writes a new key into a new file, or prints it; returns the exit code.
pub(crate) fn keygen(file: Option<&Path>) -> anyhow::Result<u8> {
    let mut text = String::new();
    for octet in host::secret()?.octets() {
        // Writing into a string cannot fail.
        let _ = write!(text, "{octet:02x}");
    }
    text.push('\n');
    let Some(path) = file else {
        cli::print(&text)?;
        return Ok(exit::OK);
    };
    // Never over another key: stations would be locked out.
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE)
        .open(path);
    let mut new = created.with_context(|| {
        format!(
            "cannot make {}; an existing key is not overwritten",
            path.display()
        )
    })?;
    new.write_all(text.as_bytes())
        .and_then(|()| new.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))?;
    cli::print(&format!(
        "{0}: a new key. Copy it to the stations, and write key-file = \"{0}\" under [security] \
         here and there.\n",
        path.display()
    ))?;
    Ok(exit::OK)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn a_new_key_is_private_usable_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.key");
        assert_eq!(keygen(Some(&path)).unwrap(), exit::OK);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, PRIVATE);
        let first = std::fs::read_to_string(&path).unwrap();
        assert!(keygen(Some(&path)).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
        let text = format!("[security]\nkey-file = {path:?}\n");
        let config = crate::config::parse("ap.toml", &text).unwrap();
        assert!(!config.security.is_open());
        let other = folder.path().join("other.key");
        keygen(Some(&other)).unwrap();
        assert_ne!(std::fs::read_to_string(&other).unwrap(), first);
    }
}
