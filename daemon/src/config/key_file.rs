//! Files that hold a key.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rether_proto::auth::Key;

use super::value::{Raw, Value, Wrong};

/// Who may do anything at all with a file besides its owner and its group.
const OTHERS: u32 = 0o007;
/// More than this is no key with white space around it.
const LONGEST: u64 = 1_024;

/// The key in a file, which the configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile(pub Key);

impl Value for KeyFile {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let Raw::Text(path) = raw else {
            let example = "a path in quotes, such as \"/etc/rether/site.key\"";
            return Err(Wrong::not(raw, "the path of a key file", example));
        };
        read(Path::new(path)).map(Self)
    }
}

/// Reads the key in the file at `path`.
fn read(path: &Path) -> Result<Key, Wrong> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        Wrong::new(
            format!("cannot read the key file {shown}: {error}"),
            format!("make one with `rether-ap keygen {shown}`, or copy that of the access point"),
        )
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // Of the open file, so that what is checked is what is read.
    let mode = file.metadata().map_err(unreadable)?.mode();
    if mode & OTHERS != 0 {
        return Err(Wrong::new(
            format!("everybody on this machine may use the key file {shown}"),
            format!("run `chmod 600 {shown}`, and make a new key if others may have read it"),
        ));
    }
    let mut text = String::new();
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    text.parse().map_err(|error| {
        Wrong::new(
            format!("the key file {shown} is unusable: {error}"),
            "make a new one with `rether-ap keygen FILE`, and copy it to all that need it",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_file_is_private_and_holds_64_digits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.key");
        let problem = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match KeyFile::read(Raw::Text(path.to_str().unwrap())) {
                Ok(_) => String::new(),
                Err(wrong) => format!("{}; {}", wrong.problem, wrong.remedy),
            }
        };
        let good = "0123456789abcdef".repeat(4) + "\n";
        assert_eq!(problem(&good, 0o600), "");
        assert_eq!(problem(&good, 0o440), "");
        assert!(problem(&good, 0o604).contains("chmod 600"));
        assert!(problem(&good, 0o602).contains("everybody"));
        assert!(problem(&good[1..], 0o600).contains("has 63 characters"));
        assert!(problem(&good.repeat(40), 0o600).contains("character 65"));
        assert!(problem("hunter2", 0o600).contains("character 1"));
        assert!(problem("", 0o600).contains("has 0 characters"));
        std::fs::remove_file(&path).unwrap();
        let missing = KeyFile::read(Raw::Text(path.to_str().unwrap())).unwrap_err();
        assert!(missing.remedy.contains("rether-ap keygen"));
        assert!(KeyFile::read(Raw::Integer(7)).is_err());
    }
}
