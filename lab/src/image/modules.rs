//! Which kernel modules a list of modules needs.

use std::collections::{BTreeMap, BTreeSet};

/// The content of `modules.dep` and `modules.builtin`.
pub(super) struct Modules<'a> {
    /// Name to path and needed paths.
    loadable: BTreeMap<String, (&'a str, Vec<&'a str>)>,
    builtin: BTreeSet<String>,
}

/// `kernel/net/wireless/cfg80211.ko.xz` is `cfg80211`; `-` and `_` are the same.
fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split(".ko").next().unwrap_or(file).replace('-', "_")
}

impl<'a> Modules<'a> {
    pub(super) fn new(dep: &'a str, builtin: &str) -> Self {
        let loadable = dep
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(path, needs)| {
                (
                    name_of(path),
                    (path.trim(), needs.split_whitespace().collect()),
                )
            });
        Self {
            loadable: loadable.collect(),
            builtin: builtin.lines().map(name_of).collect(),
        }
    }

    /// Paths of `names` and of all they need; a name the kernel does not have at all is returned
    /// as an error.
    pub(super) fn closure<'n>(&self, names: &[&'n str]) -> Result<BTreeSet<&'a str>, &'n str> {
        let mut paths = BTreeSet::new();
        for name in names {
            match self.loadable.get(&name.replace('-', "_")) {
                // modules.dep lists indirect needs as well.
                Some((path, needs)) => paths.extend(needs.iter().copied().chain([*path])),
                None if self.builtin.contains(&name.replace('-', "_")) => {}
                None => return Err(name),
            }
        }
        Ok(paths)
    }
}

#[cfg(test)]
mod tests {
    use super::Modules;

    const DEP: &str = "kernel/a/mac80211.ko.xz: kernel/b/cfg80211.ko.xz kernel/c/rfkill.ko.xz\n\
        kernel/c/ghash-generic.ko:\n";

    #[test]
    fn needs_come_along_and_builtins_do_not() {
        let modules = Modules::new(DEP, "kernel/fs/ext4.ko\n");
        let paths = modules
            .closure(&["mac80211", "ext4", "ghash_generic"])
            .unwrap();
        let expected = [
            "kernel/a/mac80211.ko.xz",
            "kernel/b/cfg80211.ko.xz",
            "kernel/c/ghash-generic.ko",
            "kernel/c/rfkill.ko.xz",
        ];
        assert_eq!(paths.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_module_the_kernel_lacks_is_named() {
        assert_eq!(
            Modules::new(DEP, "").closure(&["mac80211", "nope"]),
            Err("nope")
        );
    }
}
