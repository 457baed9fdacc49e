//! The kinds of call this tool can place.
//!
//! Packet sizes follow the RTP audio profile (RFC 3551 sections 4.5.6 and 4.5.14):
//! G.711 is 64 kb/s (8 bytes a millisecond), G.729 is 8 kb/s (10 bytes every 10 ms).
//! Opus (RFC 7587) has no fixed rate; 28 kb/s in 20 ms packets stands for it.

use serde::{Deserialize, Serialize};

use crate::mos::Codec;

/// One kind of call: codec, packet time and payload size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[value(rename_all = "kebab-case")]
pub enum Profile {
    /// G.711 mu-law, 20 ms: 160 bytes, 50 packets a second
    G711,
    /// G.711 mu-law, 10 ms: 80 bytes, 100 packets a second
    #[serde(rename = "g711-10")]
    #[value(name = "g711-10")]
    G711Ms10,
    /// G.711 mu-law, 30 ms: 240 bytes, 33.3 packets a second
    #[serde(rename = "g711-30")]
    #[value(name = "g711-30")]
    G711Ms30,
    /// G.729 Annex A, 20 ms: 20 bytes, 50 packets a second
    G729,
    /// Opus-like, 20 ms: 70 bytes (28 kb/s), 50 packets a second
    OpusLike,
    /// No call but a probe, 5 ms: 160 bytes, 200 packets a second, each one's fate reported
    Probe,
    /// The same, 1 ms: 1,000 packets a second
    #[serde(rename = "probe-1")]
    #[value(name = "probe-1")]
    ProbeMs1,
    /// The same, 2 ms: 500 packets a second
    #[serde(rename = "probe-2")]
    #[value(name = "probe-2")]
    ProbeMs2,
    /// The same, 10 ms: 100 packets a second
    #[serde(rename = "probe-10")]
    #[value(name = "probe-10")]
    ProbeMs10,
    /// The same, 20 ms: 50 packets a second
    #[serde(rename = "probe-20")]
    #[value(name = "probe-20")]
    ProbeMs20,
}

impl Profile {
    /// Every profile, in the order of its wire code.
    pub const ALL: [Self; 10] = [
        Self::G711,
        Self::G711Ms10,
        Self::G711Ms30,
        Self::G729,
        Self::OpusLike,
        Self::Probe,
        Self::ProbeMs1,
        Self::ProbeMs2,
        Self::ProbeMs10,
        Self::ProbeMs20,
    ];

    /// The name used on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::G711 => "g711",
            Self::G711Ms10 => "g711-10",
            Self::G711Ms30 => "g711-30",
            Self::G729 => "g729",
            Self::OpusLike => "opus-like",
            Self::Probe => "probe",
            Self::ProbeMs1 => "probe-1",
            Self::ProbeMs2 => "probe-2",
            Self::ProbeMs10 => "probe-10",
            Self::ProbeMs20 => "probe-20",
        }
    }

    /// The number that stands for this profile in a HELLO.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::G711 => 0,
            Self::G711Ms10 => 1,
            Self::G711Ms30 => 2,
            Self::G729 => 3,
            Self::OpusLike => 4,
            Self::Probe => 5,
            Self::ProbeMs1 => 6,
            Self::ProbeMs2 => 7,
            Self::ProbeMs10 => 8,
            Self::ProbeMs20 => 9,
        }
    }

    /// The profile a HELLO's number stands for, if there is one.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.code() == code)
    }

    /// Time between packets, milliseconds.
    #[must_use]
    pub const fn packet_ms(self) -> u32 {
        match self {
            Self::G711 | Self::G729 | Self::OpusLike | Self::ProbeMs20 => 20,
            Self::G711Ms10 | Self::ProbeMs10 => 10,
            Self::G711Ms30 => 30,
            Self::Probe => 5,
            Self::ProbeMs1 => 1,
            Self::ProbeMs2 => 2,
        }
    }

    /// Time between packets, nanoseconds.
    #[must_use]
    pub const fn packet_ns(self) -> u64 {
        self.packet_ms() as u64 * 1_000_000
    }

    /// RTP payload, bytes.
    #[must_use]
    pub const fn payload_len(self) -> usize {
        match self {
            Self::G711 => 160,
            Self::G711Ms10 => 80,
            Self::G711Ms30 => 240,
            Self::G729 => 20,
            Self::OpusLike => 70,
            Self::Probe | Self::ProbeMs1 | Self::ProbeMs2 | Self::ProbeMs10 | Self::ProbeMs20 => {
                160
            }
        }
    }

    /// Whether it is no call but a probe, whose receiver reports the fate of each packet
    /// ([`crate::stats::Trace`]).
    #[must_use]
    pub const fn is_probe(self) -> bool {
        matches!(
            self,
            Self::Probe | Self::ProbeMs1 | Self::ProbeMs2 | Self::ProbeMs10 | Self::ProbeMs20
        )
    }

    /// RTP payload type: RFC 3551 table 4 for the fixed ones, 111 (dynamic,
    /// the number browsers use) for Opus and the one after it for probes.
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::G711 | Self::G711Ms10 | Self::G711Ms30 => 0,
            Self::G729 => 18,
            Self::OpusLike => 111,
            Self::Probe | Self::ProbeMs1 | Self::ProbeMs2 | Self::ProbeMs10 | Self::ProbeMs20 => {
                112
            }
        }
    }

    /// How much the RTP timestamp grows from packet to packet. Opus counts at
    /// 48 kHz whatever its bandwidth (RFC 7587 section 4.1), the others at 8 kHz.
    #[must_use]
    pub const fn timestamp_step(self) -> u32 {
        match self {
            Self::OpusLike => 48 * self.packet_ms(),
            _ => 8 * self.packet_ms(),
        }
    }

    /// The codec's figures for the E-model.
    #[must_use]
    pub const fn codec(self) -> Codec {
        match self {
            // A probe is judged as if it were G.711.
            Self::G711
            | Self::G711Ms10
            | Self::G711Ms30
            | Self::Probe
            | Self::ProbeMs1
            | Self::ProbeMs2
            | Self::ProbeMs10
            | Self::ProbeMs20 => Codec::G711_PLC,
            Self::G729 => Codec::G729A,
            Self::OpusLike => Codec::OPUS_ASSUMED,
        }
    }

    /// How many packets a stream of `duration_ms` milliseconds has, at least one.
    #[must_use]
    pub const fn packets_in(self, duration_ms: u32) -> u32 {
        let whole = duration_ms.div_ceil(self.packet_ms());
        if whole == 0 { 1 } else { whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::HEADER_LEN;

    #[test]
    fn codes_and_names_are_distinct_and_come_back() {
        for (index, profile) in Profile::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(profile.code()), index);
            assert_eq!(Profile::from_code(profile.code()), Some(profile));
            let json = serde_json::to_string(&profile).unwrap();
            assert_eq!(json, format!("\"{}\"", profile.name()));
        }
        assert_eq!(Profile::from_code(10), None);
    }

    #[test]
    fn payload_matches_the_codec_rate() {
        for profile in [Profile::G711, Profile::G711Ms10, Profile::G711Ms30] {
            assert_eq!(profile.payload_len(), 8 * profile.packet_ms() as usize);
            assert_eq!(profile.timestamp_step() as usize, profile.payload_len());
        }
        let opus_bits_per_s = Profile::OpusLike.payload_len() * 8 * 50;
        assert!(
            (24_000..=32_000).contains(&opus_bits_per_s),
            "{opus_bits_per_s}"
        );
    }

    #[test]
    fn our_header_fits_the_smallest_payload() {
        assert!(Profile::ALL.iter().all(|p| p.payload_len() >= HEADER_LEN));
    }

    #[test]
    fn a_started_packet_time_counts_as_a_packet() {
        assert_eq!(Profile::G711.packets_in(30_000), 1500);
        assert_eq!(Profile::G711Ms30.packets_in(100), 4);
        assert_eq!(Profile::G711.packets_in(0), 1);
    }
}
