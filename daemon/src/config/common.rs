//! What the files of both daemons have.

use std::path::Path;

use rether_proto::time::Duration;

use super::{ConfigError, Count, Section, Span};
use crate::watchdog;

/// The configuration in the file that was named, else in the `usual` one if it is there; `None`
/// if there is neither.
///
/// # Errors
/// Those of `load`.
pub fn find<T>(
    named: Option<&Path>,
    usual: &str,
    load: impl FnOnce(&Path) -> Result<T, ConfigError>,
) -> Result<Option<T>, ConfigError> {
    let usual = Path::new(usual);
    let file = named.or_else(|| usual.exists().then_some(usual));
    file.map(load).transpose()
}

/// `queue` of `[gate]`: number of the first queue, if it is chosen.
pub fn queue(gate: &mut Section<'_>) -> Option<u16> {
    let queue = gate.value::<Count<1, 65_000>>("queue");
    queue.and_then(|queue| u16::try_from(queue.0).ok())
}

/// `patience` of `[watchdog]`: how long the token thread may be silent.
pub fn patience(file: &mut Section<'_>) -> Duration {
    let patience = file.section("watchdog", |watchdog| {
        watchdog.value::<Span<500_000, 60_000_000>>("patience")
    });
    patience.map_or(watchdog::PATIENCE, |patience| patience.0)
}

/// `group` of `[control]`: the observe socket is for the file's group too.
pub fn group_may_observe(file: &mut Section<'_>) -> bool {
    let group = file.section("control", |control| control.value::<bool>("group"));
    group.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_named_file_comes_first_and_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let usual = folder.path().join("usual.toml");
        let usual_name = usual.to_str().unwrap();
        let found = |named| find(named, usual_name, |path| Ok(path.to_owned())).unwrap();
        assert_eq!(found(None), None);
        let named = PathBuf::from("/nowhere.toml");
        assert_eq!(found(Some(&named)), Some(named.clone()));
        std::fs::write(&usual, "").unwrap();
        assert_eq!(found(Some(&named)), Some(named.clone()));
        assert_eq!(found(None), Some(usual.clone()));
    }
}
