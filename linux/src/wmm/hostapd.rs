//! The hostapd that serves an interface: which process it is, and how it was configured.

use std::fs;
use std::path::{Path, PathBuf};

use super::Settings;
use crate::link::InterfaceName;

/// A process, told from a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Process id.
    pub pid: u32,
    /// When it started, in clock ticks since boot (field 22 of `/proc/PID/stat`).
    pub started: u64,
}

/// A running hostapd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hostapd {
    /// Which process.
    pub identity: Identity,
    /// The text of the configuration that names the interface.
    pub config: String,
}

impl Identity {
    /// Who has process id `pid` now.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let started = start_time(&stat)?;
        Some(Self { pid, started })
    }
}

/// The name in parentheses may hold anything, also spaces and parentheses.
fn start_time(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19)?.parse().ok()
}

impl Hostapd {
    /// The hostapd in this network namespace whose configuration is about `interface`; the file
    /// is one of its arguments, unless `file` says where it is. `None` if there is none, or it was
    /// configured by other means.
    #[must_use]
    pub fn find(interface: &InterfaceName, file: Option<&Path>) -> Option<Self> {
        let own = fs::read_link("/proc/self/ns/net").ok()?;
        let processes = fs::read_dir("/proc").ok()?;
        let pids =
            processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let is_hostapd = |pid: &u32| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm"));
            name.is_ok_and(|name| name.trim_end() == "hostapd")
                && fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|its| its == own)
        };
        pids.filter(is_hostapd).find_map(|pid| {
            let config = match file {
                Some(file) => fs::read_to_string(file).ok(),
                None => arguments(pid).into_iter().find_map(|file| {
                    fs::read_to_string(file)
                        .ok()
                        .filter(|text| names(text, interface))
                }),
            };
            Some(Self {
                identity: Identity::of(pid)?,
                config: config?,
            })
        })
    }
}

impl Settings {
    /// What the hostapd that serves `interface` was told, by the configuration that
    /// [`Hostapd::find`] finds; `None` if that is not known.
    #[must_use]
    pub fn of(interface: &InterfaceName, file: Option<&Path>) -> Option<Self> {
        let hostapd = Hostapd::find(interface, file)?;
        Self::parse(&hostapd.config).ok()
    }
}

/// Arguments of a process that may be files, as it sees them.
fn arguments(pid: u32) -> Vec<PathBuf> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
    let arguments = line.split(|octet| *octet == 0).skip(1);
    arguments
        .filter_map(|argument| std::str::from_utf8(argument).ok())
        .filter(|argument| !argument.is_empty() && !argument.starts_with('-'))
        .map(|argument| {
            let path = folder.join(argument);
            let inside = path.strip_prefix("/").unwrap_or(&path);
            // It may live in another mount namespace.
            Path::new("/proc")
                .join(pid.to_string())
                .join("root")
                .join(inside)
        })
        .collect()
}

/// Whether a configuration is about `interface`.
fn names(config: &str, interface: &InterfaceName) -> bool {
    config.lines().any(|line| {
        let named = line
            .strip_prefix("interface=")
            .or_else(|| line.strip_prefix("bss="));
        named.is_some_and(|named| named.trim_end() == interface.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_by_its_start() {
        let own = Identity::of(std::process::id()).unwrap();
        assert!(own.started > 0);
        assert_eq!(Identity::of(std::process::id()), Some(own));
        assert_eq!(Identity::of(u32::MAX), None);
        let odd = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 0";
        assert_eq!(start_time(odd), Some(4711));
        assert_eq!(start_time("7 (a) S 1"), None);
    }

    #[test]
    fn a_configuration_names_its_interfaces() {
        let name = |text: &str| text.parse::<InterfaceName>().unwrap();
        let config = "ssid=x\ninterface=wlan0\nbss=wlan0_1\n#interface=wlan9\n";
        assert!(names(config, &name("wlan0")) && names(config, &name("wlan0_1")));
        assert!(!names(config, &name("wlan")) && !names(config, &name("wlan9")));
    }

    #[test]
    fn nobody_serves_an_interface_that_is_not_there() {
        let nowhere: InterfaceName = "rether-none".parse().unwrap();
        assert_eq!(Hostapd::find(&nowhere, None), None);
        assert_eq!(Settings::of(&nowhere, None), None);
    }
}
