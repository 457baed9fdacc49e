//! The file that says what was in force before the profile.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rether_linux::link::InterfaceName;
use rether_linux::wmm::{Identity, Parameters, Settings};

const CONTROL: &str = "rether_control";
const HOSTAPD: &str = "rether_hostapd";

/// What is needed to put it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Which hostapd was changed.
    pub(super) hostapd: Identity,
    /// Where it listens.
    pub(super) control: PathBuf,
    /// What was in force.
    pub(super) before: Parameters,
}

/// Beside the observe sockets, and like them gone after a reboot.
fn path(interface: &InterfaceName) -> PathBuf {
    Path::new(rether_daemon::control::FOLDER).join(format!("{interface}.wmm"))
}

/// Writes it, all or nothing.
pub(super) fn write(interface: &InterfaceName, record: &Record) -> anyhow::Result<()> {
    let path = path(interface);
    let fresh = path.with_extension("wmm-new");
    let written = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = fs::File::create(&fresh)?;
        file.write_all(record.to_text().as_bytes())?;
        fs::rename(&fresh, &path)
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

/// The file of a predecessor, if it left one.
pub(super) fn read(interface: &InterfaceName) -> anyhow::Result<Option<Record>> {
    let path = path(interface);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let record = Record::parse(&text);
    record
        .with_context(|| format!("{} is damaged", path.display()))
        .map(Some)
}

/// Removes it: everything is as before.
pub(super) fn forget(interface: &InterfaceName) {
    let path = path(interface);
    if let Err(error) = fs::remove_file(&path)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!("cannot remove {}: {error}", path.display());
    }
}

impl Record {
    fn to_text(&self) -> String {
        let Identity { pid, started } = self.hostapd;
        format!(
            "# 802.11e parameters before token mode; rether-ap puts them back.\n\
             {CONTROL}={}\n{HOSTAPD}={pid} {started}\n{}",
            self.control.display(),
            self.before.to_config()
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |wanted: &str| {
            text.lines()
                .filter_map(|line| line.split_once('='))
                .find(|(key, _)| *key == wanted)
                .map(|(_, value)| value)
        };
        let (pid, started) = value(HOSTAPD)?.split_once(' ')?;
        Some(Self {
            hostapd: Identity {
                pid: pid.parse().ok()?,
                started: started.parse().ok()?,
            },
            control: value(CONTROL)?.into(),
            before: Settings::parse(text).ok()?.parameters,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_a_damaged_one_is_not() {
        let text = "wmm_ac_be_aifs=4\nwmm_ac_vi_cwmax=5\ntx_queue_data0_cwmin=7\n";
        let record = Record {
            hostapd: Identity {
                pid: 17,
                started: 4711,
            },
            control: "/run/hostapd/wlan0".into(),
            before: Settings::parse(text).unwrap().parameters,
        };
        let text = record.to_text();
        assert_eq!(Record::parse(&text), Some(record));
        for bad in [
            text.replace("17 4711", "17"),
            text.replace("17 4711", "x 4711"),
            text.replace(CONTROL, "control"),
            text.replace("wmm_ac_be_aifs=4", "wmm_ac_be_aifs=x"),
            String::new(),
        ] {
            assert_eq!(Record::parse(&bad), None, "{bad}");
        }
    }
}
