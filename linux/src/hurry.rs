//! Has the kernel hurry while the radio changes its access point.
//!
//! mac80211 waits for grace periods of RCU (`synchronize_net`) when a station leaves an access
//! point, some 12 ms each on an idle machine with 250 ticks a second, and nothing can be sent
//! meanwhile. Expedited grace periods take microseconds, at the price of an interrupt for every
//! processor (`Documentation/RCU/Design/Expedited-Grace-Periods`), which is why they are asked for
//! during the switch only.

use std::fs;
use std::path::{Path, PathBuf};

/// `rcu_expedited` of the running kernel; only root may write it.
pub const FILE: &str = "/sys/kernel/rcu_expedited";

/// While this is there the kernel hurries.
#[derive(Debug)]
pub struct Hurry(PathBuf);

impl Hurry {
    /// From now on. `None` if the kernel hurries anyway, or does not let us: then the switch takes
    /// what it takes.
    #[must_use]
    pub fn begin() -> Option<Self> {
        Self::by(Path::new(FILE))
    }

    fn by(file: &Path) -> Option<Self> {
        let usual = fs::read_to_string(file).ok()?.trim() == "0";
        (usual && fs::write(file, "1").is_ok()).then(|| Self(file.to_owned()))
    }
}

impl Drop for Hurry {
    fn drop(&mut self) {
        // What could be written before can be written now.
        let _ = fs::write(&self.0, "0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_put_back_and_others_are_left_alone() {
        let folder = std::env::temp_dir().join(format!("rether-hurry-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("rcu_expedited");
        fs::write(&file, "0\n").unwrap();
        let hurry = Hurry::by(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "1");
        assert!(Hurry::by(&file).is_none(), "somebody else wants it so");
        drop(hurry);
        assert_eq!(fs::read_to_string(&file).unwrap(), "0");
        assert!(Hurry::by(&folder.join("none")).is_none());
        fs::remove_dir_all(&folder).unwrap();
    }
}
