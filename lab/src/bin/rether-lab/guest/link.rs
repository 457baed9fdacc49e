//! hostapd and `wpa_supplicant`: one process for each node, as in the field.

use super::{
    plan::{Kind, Node},
    process::{Process, run, start, wait_for},
};
use anyhow::Result;
use rether_lab::scenario::{Ap, Mode, Phy, Scenario, Security};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

const PASSPHRASE: &str = "passphrase of the lab";
/// Virtual time a cell may take to come up, and a station to join it.
const PATIENCE: Duration = Duration::from_secs(20);

/// The process that runs the link of a node.
#[derive(Debug)]
pub(crate) struct Link {
    node: String,
    words: Vec<String>,
    log: PathBuf,
    /// What the log says when the link is up.
    ready: &'static str,
    process: Process,
}

fn ssid(ap: &Ap) -> String {
    format!("rether-{}", ap.name)
}

/// The rates that stations of a cell must have, in 100 kbit/s: what hostapd takes by default.
const fn basic_rates(phy: Phy) -> &'static [u16] {
    match phy {
        Phy::A => &[60, 120, 240],
        Phy::B => &[10, 20],
        Phy::G => &[10, 20, 55, 110],
    }
}

/// Rates that the cell of `ap` announces as basic ones besides: mac80211 refuses to hold a sender
/// at rates none of which is a basic one.
pub(crate) fn feigned_basic_rates(scenario: &Scenario, ap: &Ap) -> Vec<u16> {
    let members = scenario.station.iter().filter(|other| other.ap == ap.name);
    let rates = members.filter_map(|station| station.rate_mbps);
    let mut feigned = Vec::new();
    for rate in rates.chain([ap.rate_mbps()]) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "one of the rates of the phy, 1 to 54"
        )]
        let rate = (rate * 10.0).round() as u16;
        if !basic_rates(ap.phy).contains(&rate) && !feigned.contains(&rate) {
            feigned.push(rate);
        }
    }
    feigned
}

/// The configuration of hostapd for `ap`.
fn hostapd(scenario: &Scenario, ap: &Ap) -> String {
    let rates = |rates: &[u16]| {
        rates
            .iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mode = match ap.phy {
        Phy::A => "a",
        Phy::B => "b",
        Phy::G => "g",
    };
    let mut basic = basic_rates(ap.phy).to_vec();
    basic.extend(feigned_basic_rates(scenario, ap));
    let mut text = format!(
        "interface=wlan0\ndriver=nl80211\nctrl_interface=/run/hostapd\nssid={}\n\
         hw_mode={mode}\nchannel={}\nieee80211n=0\nwmm_enabled={}\nsupported_rates={}\n\
         basic_rates={}\n",
        ssid(ap),
        ap.channel(),
        u8::from(ap.wmm),
        rates(ap.phy.rates()),
        rates(&basic),
    );
    if ap.short_preamble {
        text += "preamble=1\n";
    }
    if ap.mode == Mode::Bridge {
        text += "bridge=br0\n";
    }
    if ap.security == Security::Wpa2 {
        text += &format!(
            "wpa=2\nwpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\nwpa_passphrase={PASSPHRASE}\n"
        );
    }
    text
}

/// The configuration of `wpa_supplicant` for a station of `ap`; it looks at one channel only.
fn supplicant(ap: &Ap) -> String {
    let security = match ap.security {
        Security::Open => "key_mgmt=NONE".to_owned(),
        Security::Wpa2 => format!("key_mgmt=WPA-PSK\n  psk=\"{PASSPHRASE}\""),
    };
    let frequency = ap.phy.frequency(ap.channel()).unwrap_or_default();
    format!(
        "ctrl_interface=/run/wpa_supplicant\nnetwork={{\n  ssid=\"{}\"\n  \
         scan_freq={frequency}\n  freq_list={frequency}\n  disable_ht=1\n  disable_vht=1\n  \
         {security}\n}}\n",
        ssid(ap),
    )
}

impl Link {
    /// Writes the configuration of `node` and starts its program; returns nothing for the wire.
    pub(crate) fn start(scenario: &Scenario, node: &Node<'_>, logs: &Path) -> Result<Option<Self>> {
        let folder = "/etc/lab";
        fs::create_dir_all(folder)?;
        let config = format!("{folder}/{}.conf", node.name);
        let (text, program, ready) = match node.kind {
            Kind::Wire => return Ok(None),
            Kind::Ap(ap) => (hostapd(scenario, ap), "hostapd", "AP-ENABLED"),
            Kind::Station(_, ap) => (supplicant(ap), "wpa_supplicant", "CTRL-EVENT-CONNECTED"),
        };
        fs::write(&config, text)?;
        let log = logs.join(format!("{}-{program}.log", node.name));
        let log_text = log.display().to_string();
        let words: Vec<_> = match node.kind {
            Kind::Station(..) => {
                vec![
                    program, "-t", "-f", &log_text, "-D", "nl80211", "-i", "wlan0", "-c", &config,
                ]
            }
            _ => vec![program, "-t", "-f", &log_text, &config],
        };
        let words: Vec<_> = words.into_iter().map(str::to_owned).collect();
        let process = start(Some(node.name), &words, &log, &log)?;
        Ok(Some(Self {
            node: node.name.to_owned(),
            words,
            log,
            ready,
            process,
        }))
    }

    /// Waits until the cell is up, or the station is associated.
    pub(crate) fn wait(&mut self) -> Result<()> {
        let (log, ready, process) = (&self.log, self.ready, &mut self.process);
        wait_for(
            &format!("{} of {}", self.ready, self.node),
            PATIENCE,
            || {
                if let Some(status) = process.ended()? {
                    anyhow::bail!("{} ended at once ({status}); see {log:?}", self.node);
                }
                Ok(fs::read_to_string(log)?.contains(ready))
            },
        )
    }

    /// Stops the program in an orderly way and starts it again.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.process.stop(PATIENCE)?;
        self.process = start(Some(&self.node), &self.words, &self.log, &self.log)?;
        Ok(())
    }
}

/// Holds the sender of `node` at its rate, or at that of its cell.
pub(crate) fn pin_rate(node: &Node<'_>) -> Result<()> {
    let (ap, rate) = match node.kind {
        Kind::Wire => return Ok(()),
        Kind::Ap(ap) => (ap, None),
        Kind::Station(station, ap) => (ap, station.rate_mbps),
    };
    let rate = rate.unwrap_or_else(|| ap.rate_mbps());
    let band = if ap.phy == Phy::A {
        "legacy-5"
    } else {
        "legacy-2.4"
    };
    run(
        Some(node.name),
        &format!("iw dev wlan0 set bitrates {band} {rate}"),
    )
}

/// Cuts a radio off without a word: in a radio group of its own it neither hears nor
/// is heard, while everything above it goes on.
pub(crate) fn vanish(radio: &str) -> Result<()> {
    let group = format!("/sys/kernel/debug/ieee80211/{radio}/hwsim/group");
    fs::write(&group, "2").map_err(|error| anyhow::anyhow!("{group}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rether_lab::scenario::Scenario;

    fn scenario(keys: &str) -> Scenario {
        let text = format!("name = 'x'\n[[ap]]\nname = 'ap'\n{keys}\n");
        Scenario::parse(&text, "x").unwrap()
    }

    fn hostapd(keys: &str) -> String {
        let scenario = scenario(keys);
        super::hostapd(&scenario, &scenario.ap[0])
    }

    #[test]
    fn a_b_cell_offers_no_rate_of_g() {
        let text = hostapd("phy = '11b'");
        assert!(text.contains("hw_mode=b\nchannel=1\n"), "{text}");
        assert!(
            text.contains("supported_rates=10 20 55 110\nbasic_rates=10 20 110\n"),
            "{text}"
        );
        assert!(
            text.contains("bridge=br0") && !text.contains("wpa="),
            "{text}"
        );
    }

    #[test]
    fn a_secured_routed_cell_is_no_bridge_port() {
        let keys = "phy = '11a'\nmode = 'routed'\nsecurity = 'wpa2'\nrate-mbps = 24";
        let text = hostapd(keys);
        let ap = scenario(keys).ap.remove(0);
        assert!(text.contains("basic_rates=60 120 240\n"), "{text}");
        assert!(
            !text.contains("bridge=") && text.contains("wpa_key_mgmt=WPA-PSK"),
            "{text}"
        );
        assert!(supplicant(&ap).contains("scan_freq=5180\n"));
        assert!(supplicant(&ap).contains("psk=\"passphrase of the lab\""));
    }

    #[test]
    fn rates_that_senders_are_held_at_are_announced_as_basic() {
        let text = hostapd(
            "phy = '11b'\nshort-preamble = true\n[[station]]\nname = 'a'\nap = 'ap'\n\
             rate-mbps = 5.5\n[[station]]\nname = 'b'\nap = 'ap'\nrate-mbps = 2",
        );
        assert!(text.contains("basic_rates=10 20 55 110\n"), "{text}");
        assert!(text.contains("preamble=1\n"), "{text}");
    }
}
