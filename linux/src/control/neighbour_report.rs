//! What an access point says of others when it is asked (802.11-2020, 9.6.6.7, Neighbor Report
//! Response), as `wpa_supplicant` tells it.
//!
//! It comes from the air, where frames may be unprotected: whatever is not certain is left out.

use rether_proto::mac::MacAddr;

use super::{Control, ControlError, Event, text};

/// An access point of the same network, as another says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeighbourReport {
    /// Its address.
    pub bssid: MacAddr,
    /// Centre frequency of its primary channel in MHz.
    pub frequency: u16,
}

impl NeighbourReport {
    /// Reads an event, of which there is one for each neighbour; `None` if it is another, or its
    /// address or channel cannot be one.
    #[must_use]
    pub fn parse(event: &Event) -> Option<Self> {
        // "bssid=MAC info=0x8f op_class=115 chan=36 phy_type=7 lci=..."
        if event.name != "RRM-NEIGHBOR-REP-RECEIVED" {
            return None;
        }
        let detail = event.detail.as_str();
        let bssid: MacAddr = text::value(detail, "bssid")?;
        let frequency = frequency(
            text::value(detail, "op_class")?,
            text::value(detail, "chan")?,
        )?;
        let is_group = bssid.0[0] & 1 != 0;
        (!is_group && bssid.0 != [0; 6]).then_some(Self { bssid, frequency })
    }
}

impl Control {
    /// Asks the access point what others its network has. Answers come as events, within a second;
    /// perhaps none.
    ///
    /// # Errors
    /// As for [`Control::order`]: the access point offers no reports, or an earlier question waits
    /// for its answer.
    pub async fn ask_for_neighbours(&mut self) -> Result<(), ControlError> {
        self.order("NEIGHBOR_REP_REQUEST").await
    }
}

/// The centre of a primary channel in MHz: 802.11-2020, table E-4 (global operating classes), and
/// 802.11ax for 6 GHz. In wide channels some give the number of the whole one, which says nothing of
/// the primary; and classes below 81 mean different channels in different countries.
const fn frequency(class: u8, channel: u8) -> Option<u16> {
    let steps = 5 * channel as u16;
    match (class, channel) {
        (81, 1..=13) | (83, 1..=9) | (84, 5..=13) => Some(2_407 + steps),
        (82, 14) => Some(2_484),
        (115..=117 | 128 | 129 | 130, 36 | 40 | 44 | 48)
        | (118..=120 | 128 | 129 | 130, 52 | 56 | 60 | 64)
        | (
            121..=123 | 128 | 129 | 130,
            100 | 104 | 108 | 112 | 116 | 120 | 124 | 128 | 132 | 136 | 140 | 144,
        )
        | (124..=130, 149 | 153 | 157 | 161)
        | (125..=130, 165 | 169 | 173 | 177) => Some(5_000 + steps),
        (131..=135, 1..=233) if channel % 4 == 1 => Some(5_950 + steps),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<NeighbourReport> {
        NeighbourReport::parse(&Event::parse(text)?)
    }

    const TOLD: &str = "<3>RRM-NEIGHBOR-REP-RECEIVED bssid=02:00:00:00:02:00 info=0x8f \
                        op_class=115 chan=44 phy_type=4 lci=01000800101298c0b512926666f6c2f1";

    #[test]
    fn a_report_and_what_is_none() {
        let expected = NeighbourReport {
            bssid: MacAddr([2, 0, 0, 0, 2, 0]),
            frequency: 5_220,
        };
        assert_eq!(read(TOLD), Some(expected));
        for (from, to) in [
            ("bssid=02:", "bssid=01:"),
            ("02:00:00:00:02:00", "00:00:00:00:00:00"),
            ("02:00:00:00:02:00", "ff:ff:ff:ff:ff:ff"),
            ("02:00:00:00:02:00", "nobody"),
            ("op_class=115", "op_class=12"),
            ("op_class=115", "op_class=371"),
            ("op_class=115", "op_class=-1"),
            ("op_class=115 ", ""),
            ("chan=44", "chan=46"),
            ("chan=44", "chan=300"),
            ("chan=44", "chan="),
            (
                "RRM-NEIGHBOR-REP-RECEIVED",
                "RRM-NEIGHBOR-REP-REQUEST-FAILED",
            ),
        ] {
            let text = TOLD.replacen(from, to, 1);
            assert_eq!(read(&text), None, "{text}");
        }
    }

    #[test]
    fn channels_and_their_frequencies() {
        for (class, channel, expected) in [
            (81, 1, Some(2_412)),
            (81, 13, Some(2_472)),
            (81, 14, None),
            (82, 14, Some(2_484)),
            (115, 36, Some(5_180)),
            (115, 52, None),
            (118, 64, Some(5_320)),
            (121, 144, Some(5_720)),
            (124, 149, Some(5_745)),
            (125, 165, Some(5_825)),
            (128, 44, Some(5_220)),
            // The number of the whole 80 MHz.
            (128, 42, None),
            (131, 5, Some(5_975)),
            (133, 7, None),
            (131, 237, None),
            // 5 GHz in the USA, 2.4 GHz in Europe.
            (4, 100, None),
            (0, 0, None),
            (255, 255, None),
        ] {
            assert_eq!(frequency(class, channel), expected, "{class} {channel}");
        }
    }

    #[test]
    fn every_channel_is_in_a_band() {
        for class in 0..=u8::MAX {
            for channel in 0..=u8::MAX {
                if let Some(mhz) = frequency(class, channel) {
                    let bands = [2_412..=2_484, 5_180..=5_885, 5_955..=7_115];
                    assert!(
                        bands.iter().any(|band| band.contains(&mhz)),
                        "{class} {channel} {mhz}"
                    );
                }
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_survived(
            at in 0..TOLD.len(),
            gone in 0..8_usize,
            put in ".{0,8}",
        ) {
            let end = (at + gone).min(TOLD.len());
            let text = format!("{}{put}{}", &TOLD[..at], &TOLD[end..]);
            if let Some(report) = read(&text) {
                assert!(report.bssid.0[0] & 1 == 0 && report.frequency >= 2_412);
            }
        }
    }
}
