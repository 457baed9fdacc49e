//! What a station heard of an access point (802.11-2020, 9.4.2.21.7, Beacon report).

use rether_proto::mac::MacAddr;

/// A beacon report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeaconReport {
    /// Operating class of the channel.
    pub class: u8,
    /// Channel number.
    pub channel: u8,
    /// The access point that was heard.
    pub bssid: MacAddr,
    /// Signal in dBm, rounded down; `None` if it was not measured.
    pub signal: Option<i16>,
}

/// Length of the fixed fields.
const FIXED: usize = 26;

impl BeaconReport {
    /// Reads it in hexadecimal, as hostapd gives it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut digits = text.chars();
        let mut octets = [0; FIXED];
        for octet in &mut octets {
            let mut digit = || digits.next()?.to_digit(16);
            *octet = (digit()? << 4 | digit()?) as u8;
        }
        // Class, channel, start (8), duration (2), frame information, RCPI, RSNI, BSSID, antenna,
        // parent TSF (4). RCPI counts half decibels from -110 dBm; 220 and above say nothing.
        let (rcpi, bssid) = (octets[13], octets[15..].first_chunk()?);
        Some(Self {
            class: octets[0],
            channel: octets[1],
            bssid: MacAddr(*bssid),
            signal: (rcpi <= 220).then(|| i16::from(rcpi / 2) - 110),
        })
    }
}

/// As `wpa_supplicant` sends it.
#[cfg(test)]
pub(super) const EXAMPLE: &str = "7324000000000000000014000780ff0200000002000112345678";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_and_what_is_none() {
        let expected = BeaconReport {
            class: 115,
            channel: 36,
            bssid: MacAddr([2, 0, 0, 0, 2, 0]),
            signal: Some(-46),
        };
        assert_eq!(BeaconReport::parse(EXAMPLE), Some(expected));
        let more = format!("{EXAMPLE}0100");
        assert_eq!(BeaconReport::parse(&more), Some(expected));
        for cut in 0..EXAMPLE.len() {
            assert_eq!(BeaconReport::parse(&EXAMPLE[..cut]), None);
        }
        let unmeasured = EXAMPLE.replacen("80ff", "ffff", 1);
        assert_eq!(BeaconReport::parse(&unmeasured).unwrap().signal, None);
        for odd in [
            "x".repeat(52),
            "é".repeat(26),
            EXAMPLE.replacen('7', "+", 1),
        ] {
            assert_eq!(BeaconReport::parse(&odd), None, "{odd}");
        }
    }
}
