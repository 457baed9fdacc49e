//! The radiotap header (radiotap.org): how a frame was sent.

use rether_proto::airtime::Rate;
use rether_proto::time::Instant;

/// Fields present, by their bit: TSFT, flags, rate, channel.
const PRESENT: u32 = 0b1111;
/// Bit of the antenna signal.
const SIGNAL: u32 = 1 << 5;
/// Flag: the frame had a short preamble.
const SHORT_PREAMBLE: u8 = 0x02;
/// Channel flags.
const CCK: u16 = 0x0020;
const OFDM: u16 = 0x0040;
const GHZ_2: u16 = 0x0080;
const GHZ_5: u16 = 0x0100;
/// Up to the channel flags.
const LENGTH: u16 = 22;

/// How a frame was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Radiotap {
    /// Its first bit.
    pub(crate) at: Instant,
    pub(crate) rate: Rate,
    pub(crate) short_preamble: bool,
    /// Centre of the channel.
    pub(crate) frequency_mhz: u16,
    /// At the radio it is for.
    pub(crate) signal_dbm: Option<f32>,
}

impl Radiotap {
    /// Appends the header to `out`, which must be empty: fields are aligned to its start.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let (present, length) = match self.signal_dbm {
            Some(_) => (PRESENT | SIGNAL, LENGTH + 1),
            None => (PRESENT, LENGTH),
        };
        out.extend([0, 0]);
        out.extend(length.to_le_bytes());
        out.extend(present.to_le_bytes());
        out.extend((self.at.as_nanos() / 1_000).to_le_bytes());
        out.push(if self.short_preamble {
            SHORT_PREAMBLE
        } else {
            0
        });
        // In units of 500 kb/s; ours are 100 kb/s.
        out.push(u8::try_from(self.rate.0 / 5).unwrap_or(u8::MAX));
        out.extend(self.frequency_mhz.to_le_bytes());
        let band = if self.frequency_mhz < 3000 {
            GHZ_2
        } else {
            GHZ_5
        };
        let modulation = if self.rate.is_dsss() { CCK } else { OFDM };
        out.extend((band | modulation).to_le_bytes());
        if let Some(dbm) = self.signal_dbm {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "rounded, and clamped to what the field holds"
            )]
            let dbm = libm::roundf(dbm.clamp(-128.0, 127.0)) as i8;
            out.extend(dbm.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_by_hand() {
        let header = Radiotap {
            at: Instant::from_nanos(1_234_567),
            rate: Rate(55),
            short_preamble: true,
            frequency_mhz: 2412,
            signal_dbm: Some(-61.6),
        };
        let mut out = Vec::new();
        header.write(&mut out);
        let expected = [
            0, 0, 23, 0, 0x2f, 0, 0, 0, // version, length, present
            0xd2, 0x04, 0, 0, 0, 0, 0, 0, // 1234 us
            2, 11, 0x6c, 0x09, 0xa0, 0x00, // flags, 5.5 Mb/s, 2412 MHz, CCK at 2 GHz
            0xc2, // -62 dBm
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn without_a_signal_the_field_is_not_there() {
        let header = Radiotap {
            at: Instant::ZERO,
            rate: Rate(540),
            short_preamble: false,
            frequency_mhz: 5180,
            signal_dbm: None,
        };
        let mut out = Vec::new();
        header.write(&mut out);
        assert_eq!((out.len(), out[2], out[4]), (22, 22, 0x0f));
        assert_eq!(out[17], 108);
        assert_eq!(out[20..], [0x40, 0x01]);
    }
}
