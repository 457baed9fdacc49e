//! hostapd and `wpa_supplicant`: one process for each node, as in the field.

use super::{
    plan::{Kind, Node, bssid},
    process::{Process, run, start, wait_for},
};
use anyhow::Result;
use rether_lab::scenario::{Ap, Mode, Phy, Scenario, Security, Station};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// The same for all access points of a site (802.11-2020 clause 9.4.2.46).
const MOBILITY_DOMAIN: &str = "7e74";
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
    format!("rether-{}", ap.site())
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
    let members = scenario.station.iter().filter(|station| {
        let mut site = scenario.site_of(station);
        site.any(|other| other.name == ap.name)
    });
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
    match ap.mode {
        Mode::Bridge => text += "bridge=br0\n",
        Mode::Edge => text += "bridge=br-edge\n",
        Mode::Routed => {}
    }
    if scenario
        .ap
        .iter()
        .filter(|other| other.site() == ap.site())
        .nth(1)
        .is_some()
    {
        // What access points of several offer: 802.11v and 802.11k.
        text += "bss_transition=1\nrrm_neighbor_report=1\n";
    }
    let key_mgmt = match ap.security {
        Security::Open => return text,
        Security::Wpa2 => "WPA-PSK",
        Security::FtPsk => "FT-PSK",
    };
    text += &format!(
        "wpa=2\nwpa_key_mgmt={key_mgmt}\nrsn_pairwise=CCMP\nwpa_passphrase={PASSPHRASE}\n"
    );
    if ap.security == Security::FtPsk {
        // With a passphrase each access point can make its keys itself; none has to be fetched.
        // hostapd speaks over the distribution system in its own subnet only.
        text += &format!(
            "mobility_domain={MOBILITY_DOMAIN}\nnas_identifier={}\nft_psk_generate_local=1\n\
             ft_over_ds={}\n",
            ap.name,
            u8::from(ap.mode == Mode::Bridge),
        );
    }
    text
}

/// The channels in use at the site of `station`, in MHz.
pub(crate) fn frequencies(scenario: &Scenario, station: &Station) -> Vec<u16> {
    let site = scenario.site_of(station);
    let mut all: Vec<_> = site
        .filter_map(|ap| ap.phy.frequency(ap.channel()))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The configuration of `wpa_supplicant` for a station that begins at `ap`, whose address is
/// `bssid`. It looks at the channels of its site only.
fn supplicant(scenario: &Scenario, station: &Station, ap: &Ap, bssid: &str) -> String {
    let mut security = match ap.security {
        Security::Open => "key_mgmt=NONE".to_owned(),
        Security::Wpa2 => format!("key_mgmt=WPA-PSK\n  psk=\"{PASSPHRASE}\""),
        Security::FtPsk => format!("key_mgmt=FT-PSK\n  psk=\"{PASSPHRASE}\""),
    };
    if scenario.site_of(station).nth(1).is_some() {
        // Only to begin with; it is let go before the clock starts.
        security += &format!("\n  bssid={bssid}");
    }
    if let Some(bgscan) = &station.bgscan {
        security += &format!("\n  bgscan=\"{bgscan}\"");
    }
    let frequencies: Vec<_> = frequencies(scenario, station)
        .iter()
        .map(u16::to_string)
        .collect();
    let frequency = frequencies.join(" ");
    format!(
        "ctrl_interface=/run/wpa_supplicant\nnetwork={{\n  ssid=\"{}\"\n  \
         scan_freq={frequency}\n  freq_list={frequency}\n  disable_ht=1\n  disable_vht=1\n  \
         {security}\n}}\n",
        ssid(ap),
    )
}

/// The log of the program that runs the link of `node`.
pub(crate) fn log(node: &Node<'_>, logs: &Path) -> PathBuf {
    let program = match node.kind {
        Kind::Station(..) => "wpa_supplicant",
        Kind::Ap(_) | Kind::Wire => "hostapd",
    };
    logs.join(format!("{}-{program}.log", node.name))
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
            Kind::Station(station, ap) => {
                let bssid = bssid(scenario, ap).unwrap_or_default();
                let text = supplicant(scenario, station, ap, &bssid);
                (text, "wpa_supplicant", "CTRL-EVENT-CONNECTED")
            }
        };
        fs::write(&config, text)?;
        let log = log(node, logs);
        let log_text = log.display().to_string();
        let arguments: &[&str] = match node.kind {
            Kind::Station(..) => &["-D", "nl80211", "-i", "wlan0", "-c", &config],
            _ => &[&config],
        };
        let words = [&[program, "-t", "-f", &log_text][..], arguments].concat();
        let words: Vec<_> = words.into_iter().map(str::to_owned).collect();
        let process = start(Some(node.name), &words, &log, &log)?;
        process.goes_first()?;
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
        self.process.goes_first()?;
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

    /// Of the first station.
    fn supplicant(keys: &str) -> String {
        let scenario = scenario(keys);
        let station = &scenario.station[0];
        let ap = scenario.find_ap(&station.ap).unwrap();
        super::supplicant(&scenario, station, ap, &bssid(&scenario, ap).unwrap())
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
        assert!(text.contains("basic_rates=60 120 240\n"), "{text}");
        assert!(
            !text.contains("bridge=") && text.contains("wpa_key_mgmt=WPA-PSK"),
            "{text}"
        );
        let text = supplicant(&format!("{keys}\n[[station]]\nname = 'a'\nap = 'ap'"));
        assert!(text.contains("scan_freq=5180\n"), "{text}");
        assert!(text.contains("psk=\"passphrase of the lab\""), "{text}");
        assert!(!text.contains("bssid="), "{text}");
    }

    #[test]
    fn a_site_has_one_name_and_one_mobility_domain() {
        let keys = "site = 's'\nphy = '11a'\nsecurity = 'ft-psk'\n[[ap]]\nname = 'two'\n\
            site = 's'\nphy = '11a'\nchannel = 44\nsecurity = 'ft-psk'\n\
            [[station]]\nname = 'a'\nap = 'two'\nbgscan = 'simple:5:-65:60'\nrate-mbps = 9";
        let scenario = scenario(keys);
        for (ap, channel) in scenario.ap.iter().zip([36, 44]) {
            let text = super::hostapd(&scenario, ap);
            for part in [
                "ssid=rether-s\n".to_owned(),
                format!("channel={channel}\n"),
                "wpa_key_mgmt=FT-PSK\n".to_owned(),
                format!("mobility_domain=7e74\nnas_identifier={}\n", ap.name),
                "ft_over_ds=1\n".to_owned(),
                // Of a station that may come.
                "basic_rates=60 120 240 90 540\n".to_owned(),
            ] {
                assert!(text.contains(&part), "{part} is not in\n{text}");
            }
        }
        let text = supplicant(keys);
        for part in [
            "ssid=\"rether-s\"\n",
            "freq_list=5180 5220\n",
            "key_mgmt=FT-PSK\n",
            "bssid=02:00:00:00:01:00\n",
            "bgscan=\"simple:5:-65:60\"\n",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn the_distribution_system_ends_at_the_router() {
        let text = hostapd("phy = '11a'\nmode = 'edge'\nsecurity = 'ft-psk'");
        assert!(text.contains("bridge=br-edge\n"), "{text}");
        assert!(text.contains("ft_over_ds=0\n"), "{text}");
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
