//! Settings of the kernel that are otherwise for a while, and then as they were.

use std::fs;
use std::path::{Path, PathBuf};

/// While this is there a setting is another than usual.
#[derive(Debug)]
pub struct Meanwhile {
    file: PathBuf,
    usual: &'static str,
}

impl Meanwhile {
    /// From now on the setting in `file` is `other`. `None` if it is not as `usual`: then somebody else
    /// wants it so, and it is left alone; or if the kernel does not have it, or does not let us.
    #[must_use]
    pub fn begin(file: &Path, usual: &'static str, other: &str) -> Option<Self> {
        let is_usual = fs::read_to_string(file).ok()?.trim() == usual;
        (is_usual && fs::write(file, other).is_ok()).then(|| Self {
            file: file.to_owned(),
            usual,
        })
    }
}

impl Drop for Meanwhile {
    fn drop(&mut self) {
        // What could be written before can be written now.
        let _ = fs::write(&self.file, self.usual);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_put_back_and_others_are_left_alone() {
        let folder = std::env::temp_dir().join(format!("rether-setting-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("rcu_expedited");
        fs::write(&file, "0\n").unwrap();
        let other = Meanwhile::begin(&file, "0", "1").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "1");
        let again = Meanwhile::begin(&file, "0", "1");
        assert!(again.is_none(), "somebody else wants it so");
        drop(other);
        assert_eq!(fs::read_to_string(&file).unwrap(), "0");
        assert!(Meanwhile::begin(&folder.join("none"), "0", "1").is_none());
        fs::remove_dir_all(&folder).unwrap();
    }
}
