//! What `wpa_supplicant` is told and tells about moving to another access point.

use rether_proto::mac::MacAddr;

use super::{Control, ControlError, Event, Fields, text};

/// Where a scan looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanOrder {
    /// Centre frequencies in MHz; none means all.
    pub frequencies: Vec<u32>,
    /// Without probe requests.
    pub passive: bool,
}

impl ScanOrder {
    /// The command. Its type keeps `wpa_supplicant` from choosing a network by what it finds.
    fn command(&self) -> String {
        let mut command = "SCAN TYPE=ONLY".to_owned();
        if !self.frequencies.is_empty() {
            let list: Vec<_> = self.frequencies.iter().map(u32::to_string).collect();
            command.push_str(" freq=");
            command.push_str(&list.join(","));
        }
        if self.passive {
            command.push_str(" passive=1");
        }
        command
    }
}

/// An access point in the table of `wpa_supplicant`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBss {
    /// Its address.
    pub bssid: MacAddr,
    /// Centre frequency in MHz.
    pub frequency: u32,
    /// Signal in dBm.
    pub signal: i32,
    /// Age of that in seconds.
    pub age: u32,
    /// What its security offers, such as `[WPA2-PSK+FT/PSK-CCMP][ESS]`.
    pub flags: String,
}

impl KnownBss {
    /// Reads the reply to `BSS`; `None` if the access point is not known.
    fn parse(reply: &str) -> Option<Self> {
        let fields = Fields::parse(reply);
        let number = |key| fields.get(key)?.parse().ok();
        Some(Self {
            bssid: fields.get("bssid")?.parse().ok()?,
            frequency: fields.get("freq")?.parse().ok()?,
            signal: number("level")?,
            age: fields.get("age").and_then(|age| age.parse().ok())?,
            flags: fields.get("flags").unwrap_or_default().to_owned(),
        })
    }
}

impl Control {
    /// Has `wpa_supplicant` move to `bssid` of the present network, without a scan: the access
    /// point must be known ([`Control::known_bss`]). [`SupplicantEvent::Connected`] tells the end.
    ///
    /// # Errors
    /// As for [`Control::order`]: not known, or of another network.
    pub async fn roam(&mut self, bssid: MacAddr) -> Result<(), ControlError> {
        self.order(&format!("ROAM {bssid}")).await
    }

    /// Begins a scan that changes nothing by what it finds.
    ///
    /// # Errors
    /// As for [`Control::order`]: another scan is under way.
    pub async fn scan(&mut self, order: &ScanOrder) -> Result<(), ControlError> {
        self.order(&order.command()).await
    }

    /// What `wpa_supplicant` knows of `bssid`; `None` is nothing.
    ///
    /// # Errors
    /// As for [`Control::request`].
    pub async fn known_bss(&mut self, bssid: MacAddr) -> Result<Option<KnownBss>, ControlError> {
        match self.request(&format!("BSS {bssid}")).await {
            Ok(reply) => Ok(KnownBss::parse(&reply)),
            Err(ControlError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A step of a connection, as `wpa_supplicant` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupplicantEvent {
    /// It begins to authenticate.
    Authenticating {
        /// The access point.
        bssid: MacAddr,
    },
    /// It begins to associate; not told where the driver does both.
    Associating {
        /// The access point; some drivers choose themselves.
        bssid: Option<MacAddr>,
    },
    /// It is associated; keys may be still to come.
    Associated {
        /// The access point.
        bssid: MacAddr,
    },
    /// Data may flow.
    Connected {
        /// The access point.
        bssid: MacAddr,
    },
    /// The connection is over.
    Disconnected {
        /// The access point; all zero if there was none yet.
        bssid: MacAddr,
        /// 802.11 reason code; 0 if it was not told.
        reason: u16,
        /// This end wanted it.
        local: bool,
    },
    /// The access point refused the association.
    AssociationRefused {
        /// The access point, if it was told.
        bssid: Option<MacAddr>,
        /// 802.11 status code.
        status: u16,
    },
    /// The access point refused the authentication.
    AuthenticationRefused {
        /// The access point.
        bssid: MacAddr,
        /// 802.11 status code.
        status: u16,
    },
    /// Results of a scan are there.
    Scanned,
    /// A scan came to nothing.
    ScanFailed,
}

impl SupplicantEvent {
    /// Reads an event; `None` if it is another or makes no sense.
    #[must_use]
    pub fn parse(event: &Event) -> Option<Self> {
        let detail = event.detail.as_str();
        let named = || text::value::<MacAddr>(detail, "bssid");
        let status = || text::value(detail, "status_code");
        Some(match event.name.as_str() {
            // "SME: Trying to authenticate with MAC (SSID='x' freq=5180 MHz)"
            "SME:" if detail.starts_with("Trying to authenticate with ") => Self::Authenticating {
                bssid: text::mac(detail, 4)?,
            },
            // "Trying to associate with MAC (...)", or "with SSID '...'".
            "Trying" if detail.starts_with("to associate with ") => Self::Associating {
                bssid: text::mac(detail, 3),
            },
            "Associated" => Self::Associated {
                bssid: text::mac(detail, 1)?,
            },
            // "- Connection to MAC completed [id=0 id_str=]"
            "CTRL-EVENT-CONNECTED" => Self::Connected {
                bssid: text::mac(detail, 3)?,
            },
            "CTRL-EVENT-DISCONNECTED" => Self::Disconnected {
                bssid: named()?,
                reason: text::value(detail, "reason").unwrap_or(0),
                local: text::value(detail, "locally_generated") == Some(1),
            },
            "CTRL-EVENT-ASSOC-REJECT" => Self::AssociationRefused {
                bssid: named(),
                status: status()?,
            },
            // "MAC auth_type=0 auth_transaction=2 status_code=17"
            "CTRL-EVENT-AUTH-REJECT" => Self::AuthenticationRefused {
                bssid: text::mac(detail, 0)?,
                status: status()?,
            },
            "CTRL-EVENT-SCAN-RESULTS" => Self::Scanned,
            "CTRL-EVENT-SCAN-FAILED" => Self::ScanFailed,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AP: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

    fn read(text: &str) -> Option<SupplicantEvent> {
        SupplicantEvent::parse(&Event::parse(text).unwrap())
    }

    const TOLD: &[(&str, SupplicantEvent)] = &[
        (
            "<3>SME: Trying to authenticate with 02:00:00:00:01:00 (SSID='a cell' freq=5180 MHz)",
            SupplicantEvent::Authenticating { bssid: AP },
        ),
        (
            "<3>Trying to associate with 02:00:00:00:01:00 (SSID='cell' freq=5180 MHz)",
            SupplicantEvent::Associating { bssid: Some(AP) },
        ),
        (
            "<3>Trying to associate with SSID 'cell'",
            SupplicantEvent::Associating { bssid: None },
        ),
        (
            "<3>Associated with 02:00:00:00:01:00",
            SupplicantEvent::Associated { bssid: AP },
        ),
        (
            "<3>CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:01:00 completed [id=0 id_str=]",
            SupplicantEvent::Connected { bssid: AP },
        ),
        (
            "<3>CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:01:00 reason=3 locally_generated=1",
            SupplicantEvent::Disconnected {
                bssid: AP,
                reason: 3,
                local: true,
            },
        ),
        (
            "<3>CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:01:00 reason=0",
            SupplicantEvent::Disconnected {
                bssid: AP,
                reason: 0,
                local: false,
            },
        ),
        (
            "<3>CTRL-EVENT-ASSOC-REJECT bssid=02:00:00:00:01:00 status_code=17 timeout=x",
            SupplicantEvent::AssociationRefused {
                bssid: Some(AP),
                status: 17,
            },
        ),
        (
            "<3>CTRL-EVENT-ASSOC-REJECT status_code=1",
            SupplicantEvent::AssociationRefused {
                bssid: None,
                status: 1,
            },
        ),
        (
            "<3>CTRL-EVENT-AUTH-REJECT 02:00:00:00:01:00 auth_type=0 auth_transaction=2 status_code=17",
            SupplicantEvent::AuthenticationRefused {
                bssid: AP,
                status: 17,
            },
        ),
        ("<3>CTRL-EVENT-SCAN-RESULTS ", SupplicantEvent::Scanned),
        (
            "<3>CTRL-EVENT-SCAN-FAILED ret=-16",
            SupplicantEvent::ScanFailed,
        ),
    ];

    #[test]
    fn steps_of_a_connection() {
        for (text, expected) in TOLD {
            assert_eq!(read(text), Some(*expected), "{text}");
        }
        for other in [
            "<3>CTRL-EVENT-CONNECTED",
            "<3>CTRL-EVENT-CONNECTED - Connection to nobody completed",
            "<3>CTRL-EVENT-AUTH-REJECT 02:00:00:00:01:00 status_code=x",
            "<3>CTRL-EVENT-DISCONNECTED reason=3",
            "<3>Associated with",
            "<3>WPS-AP-AVAILABLE ",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn cut_off_events_do_not_panic() {
        for (text, _) in TOLD {
            for cut in 3..text.len() {
                let _ = read(&text[..cut]);
            }
        }
    }

    #[test]
    fn the_reply_to_bss() {
        let reply = "id=3\nbssid=02:00:00:00:01:00\nfreq=5180\nbeacon_int=100\nlevel=-30\n\
                     tsf=17\nage=4\nie=0004\nflags=[WPA2-PSK+FT/PSK-CCMP][ESS]\nssid=cell\n";
        let expected = KnownBss {
            bssid: AP,
            frequency: 5180,
            signal: -30,
            age: 4,
            flags: "[WPA2-PSK+FT/PSK-CCMP][ESS]".to_owned(),
        };
        assert_eq!(KnownBss::parse(reply), Some(expected));
        assert_eq!(KnownBss::parse(""), None);
        assert_eq!(
            KnownBss::parse("bssid=x\nfreq=5180\nlevel=-30\nage=4\n"),
            None
        );
    }

    #[test]
    fn commands() {
        assert_eq!(ScanOrder::default().command(), "SCAN TYPE=ONLY");
        let order = ScanOrder {
            frequencies: vec![5180, 5200],
            passive: true,
        };
        assert_eq!(order.command(), "SCAN TYPE=ONLY freq=5180,5200 passive=1");
    }
}
