//! The control socket of a station's `wpa_supplicant`: no program is started to give an order, as
//! starting one takes longer than a roam.

use crate::guest::process::{run_folder, wait_for};
use anyhow::{Context as _, Result, ensure};
use std::{fs, os::unix::net::UnixDatagram, time::Duration};

/// Virtual time that an answer, and a scan, may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer that is looked at.
const LONGEST: usize = 4096;

/// A connection to it.
#[derive(Debug)]
pub(super) struct Supplicant {
    node: String,
    socket: UnixDatagram,
    own: String,
}

impl Supplicant {
    /// That of `node`, which must run.
    pub(super) fn connect(node: &str) -> Result<Self> {
        let own = format!("/tmp/lab-roam-{node}");
        let socket = UnixDatagram::bind(&own).with_context(|| own.clone())?;
        let path = run_folder(node).join("wpa_supplicant/wlan0");
        socket.connect(&path).with_context(|| format!("{path:?}"))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            node: node.to_owned(),
            socket,
            own,
        })
    }

    /// What it answers to `order`.
    fn ask(&self, order: &str) -> Result<String> {
        self.socket.send(order.as_bytes())?;
        let mut answer = [0; LONGEST];
        let length = self
            .socket
            .recv(&mut answer)
            .with_context(|| format!("wpa_supplicant of {} on {order}", self.node))?;
        let answer = answer.get(..length).unwrap_or_default();
        Ok(String::from_utf8_lossy(answer).trim().to_owned())
    }

    /// Gives an order that is answered with OK.
    pub(super) fn order(&self, order: &str) -> Result<()> {
        let said = self.ask(order)?;
        ensure!(
            said == "OK",
            "wpa_supplicant of {} answers {order} with {said}",
            self.node
        );
        Ok(())
    }

    /// Lets it join any access point of its network from now on, and looks at `frequencies` once,
    /// so that it knows all of `bssids`.
    pub(super) fn learn(&self, frequencies: &[u16], bssids: &[String]) -> Result<()> {
        self.order("SET_NETWORK 0 bssid any")?;
        let frequencies: Vec<_> = frequencies.iter().map(u16::to_string).collect();
        // Results that lead to no roam.
        self.order(&format!("SCAN TYPE=ONLY freq={}", frequencies.join(",")))?;
        wait_for(
            &format!("a scan by {} that finds {}", self.node, bssids.join(", ")),
            PATIENCE,
            || {
                let scanning = self.ask("STATUS")?.contains("wpa_state=SCANNING");
                let known = |bssid: &String| Ok(!self.ask(&format!("BSS {bssid}"))?.is_empty());
                let all: Vec<bool> = bssids.iter().map(known).collect::<Result<_>>()?;
                Ok(!scanning && all.into_iter().all(|known| known))
            },
        )
    }
}

impl Drop for Supplicant {
    fn drop(&mut self) {
        // The next arm makes another.
        let _ = fs::remove_file(&self.own);
    }
}
