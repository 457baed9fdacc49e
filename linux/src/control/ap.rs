//! What hostapd is told and tells about stations that come, go, or are asked to.

use std::fmt::Write;

use rether_proto::mac::MacAddr;

use super::beacon_report::BeaconReport;
use super::{Control, ControlError, Event, text};

/// An access point that a station is asked to move to: what 802.11-2020, 9.4.2.36 (Neighbor
/// Report) says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its address.
    pub bssid: MacAddr,
    /// BSSID Information field.
    pub information: u32,
    /// Operating class.
    pub class: u8,
    /// Channel number.
    pub channel: u8,
    /// PHY type (`dot11PHYType`).
    pub phy: u8,
    /// BSS Transition Candidate Preference: 255 is the best; `None` leaves it out.
    pub preference: Option<u8>,
}

/// A request to move to another access point (802.11v, BSS Transition Management Request).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransitionRequest {
    /// Where to.
    pub candidates: Vec<Candidate>,
    /// Access points that are not named should not be chosen.
    pub abridged: bool,
    /// How many beacon intervals the list is good for; 0 leaves it at hostapd's value.
    pub valid_beacons: u8,
    /// Beacon intervals until the station is sent away, if it is to be.
    pub disassociate_in: Option<u16>,
}

impl TransitionRequest {
    fn command(&self, station: MacAddr) -> String {
        let mut command = format!("BSS_TM_REQ {station}");
        // Writing to a string does not fail.
        if let Some(beacons) = self.disassociate_in {
            let _ = write!(command, " disassoc_imminent=1 disassoc_timer={beacons}");
        }
        if self.valid_beacons > 0 {
            let _ = write!(command, " valid_int={}", self.valid_beacons);
        }
        if self.abridged {
            command.push_str(" abridged=1");
        }
        if !self.candidates.is_empty() {
            command.push_str(" pref=1");
        }
        for candidate in &self.candidates {
            let Candidate {
                bssid,
                information,
                class,
                channel,
                phy,
                preference,
            } = candidate;
            let _ = write!(
                command,
                " neighbor={bssid},{information:#x},{class},{channel},{phy}"
            );
            if let Some(preference) = preference {
                // Subelement 3, BSS Transition Candidate Preference, in hexadecimal.
                let _ = write!(command, ",0301{preference:02x}");
            }
        }
        command
    }
}

impl Control {
    /// Asks `station` to move to another access point; [`ApEvent::TransitionAnswer`] is its answer,
    /// if it gives one.
    ///
    /// # Errors
    /// As for [`Control::order`]: the station is not associated.
    pub async fn ask_to_move(
        &mut self,
        station: MacAddr,
        request: &TransitionRequest,
    ) -> Result<(), ControlError> {
        self.order(&request.command(station)).await
    }
}

/// What hostapd tells of a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApEvent {
    /// The station may send and receive data: it is authorised, with all keys agreed on.
    Authorised {
        /// The station.
        station: MacAddr,
    },
    /// It is associated no longer.
    Gone {
        /// The station.
        station: MacAddr,
    },
    /// It answered a [`TransitionRequest`].
    TransitionAnswer {
        /// The station.
        station: MacAddr,
        /// 802.11-2020, table 9-428: 0 is accepted.
        status: u8,
        /// Where it goes, if it said so.
        target: Option<MacAddr>,
    },
    /// It asks for a [`TransitionRequest`].
    TransitionQuery {
        /// The station.
        station: MacAddr,
        /// 802.11-2020, table 9-202.
        reason: u8,
    },
    /// It heard an access point, as 802.11k asks it to.
    BeaconReport {
        /// The station.
        station: MacAddr,
        /// Number of the request.
        token: u8,
        /// What it heard; `None` if it refused, or heard nothing.
        report: Option<BeaconReport>,
    },
}

impl ApEvent {
    /// Reads an event; `None` if it is another or makes no sense.
    #[must_use]
    pub fn parse(event: &Event) -> Option<Self> {
        let detail = event.detail.as_str();
        let station = text::mac(detail, 0);
        Some(match event.name.as_str() {
            "AP-STA-CONNECTED" => Self::Authorised { station: station? },
            "AP-STA-DISCONNECTED" => Self::Gone { station: station? },
            // "MAC dialog_token=1 status_code=0 bss_termination_delay=0 target_bssid=MAC"
            "BSS-TM-RESP" => Self::TransitionAnswer {
                station: station?,
                status: text::value(detail, "status_code")?,
                target: text::value(detail, "target_bssid"),
            },
            // "MAC reason=16 neighbor=..."
            "BSS-TM-QUERY" => Self::TransitionQuery {
                station: station?,
                reason: text::value(detail, "reason")?,
            },
            // "MAC token mode report", the last two in hexadecimal.
            "BEACON-RESP-RX" => {
                let mut words = detail.split(' ').skip(1);
                let token = words.next()?.parse().ok()?;
                let mode = u8::from_str_radix(words.next()?, 16).ok()?;
                let report = words.next().filter(|_| mode == 0);
                Self::BeaconReport {
                    station: station?,
                    token,
                    report: report.and_then(BeaconReport::parse),
                }
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATION: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
    const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);

    fn read(text: &str) -> Option<ApEvent> {
        ApEvent::parse(&Event::parse(text).unwrap())
    }

    #[test]
    fn events() {
        let station = STATION;
        let answer = |status, target| ApEvent::TransitionAnswer {
            station,
            status,
            target,
        };
        let none = ApEvent::BeaconReport {
            station,
            token: 7,
            report: None,
        };
        let told = [
            (
                "<3>AP-STA-CONNECTED 02:00:00:00:01:00",
                ApEvent::Authorised { station },
            ),
            (
                "<3>AP-STA-CONNECTED 02:00:00:00:01:00 auth_alg=ft",
                ApEvent::Authorised { station },
            ),
            (
                "<3>AP-STA-DISCONNECTED 02:00:00:00:01:00",
                ApEvent::Gone { station },
            ),
            (
                "<3>BSS-TM-RESP 02:00:00:00:01:00 dialog_token=1 status_code=0 \
                 bss_termination_delay=0 target_bssid=02:00:00:00:02:00",
                answer(0, Some(OTHER)),
            ),
            (
                "<3>BSS-TM-RESP 02:00:00:00:01:00 status_code=1 bss_termination_delay=0",
                answer(1, None),
            ),
            (
                "<3>BSS-TM-QUERY 02:00:00:00:01:00 reason=16",
                ApEvent::TransitionQuery {
                    station,
                    reason: 16,
                },
            ),
            ("<3>BEACON-RESP-RX 02:00:00:00:01:00 7 04 ", none),
            ("<3>BEACON-RESP-RX 02:00:00:00:01:00 7 00", none),
        ];
        for (text, expected) in told {
            assert_eq!(read(text), Some(expected), "{text}");
            for cut in 3..text.len() {
                let _ = read(&text[..cut]);
            }
        }
        for other in [
            "<3>AP-STA-CONNECTED",
            "<3>AP-STA-CONNECTED x",
            "<3>BSS-TM-RESP 02:00:00:00:01:00",
            "<3>BEACON-RESP-RX 02:00:00:00:01:00 x 00",
            "<3>BEACON-RESP-RX 02:00:00:00:01:00 7",
            "<3>AP-ENABLED ",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_report_is_read_along() {
        let told = read(&format!(
            "<3>BEACON-RESP-RX 02:00:00:00:01:00 7 00 {}",
            super::super::beacon_report::EXAMPLE
        ));
        let Some(ApEvent::BeaconReport { report, .. }) = told else {
            panic!("{told:?}")
        };
        assert_eq!(report.unwrap().bssid, OTHER);
    }

    #[test]
    fn requests() {
        let plain = TransitionRequest::default();
        assert_eq!(plain.command(STATION), "BSS_TM_REQ 02:00:00:00:01:00");
        let full = TransitionRequest {
            candidates: vec![Candidate {
                bssid: OTHER,
                information: 0x8f,
                class: 115,
                channel: 36,
                phy: 9,
                preference: Some(255),
            }],
            abridged: true,
            valid_beacons: 200,
            disassociate_in: Some(100),
        };
        assert_eq!(
            full.command(STATION),
            "BSS_TM_REQ 02:00:00:00:01:00 disassoc_imminent=1 disassoc_timer=100 valid_int=200 \
             abridged=1 pref=1 neighbor=02:00:00:00:02:00,0x8f,115,36,9,0301ff"
        );
    }
}
