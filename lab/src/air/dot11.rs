//! The MAC header of an 802.11 frame (802.11-2020 clause 9.2), as far as the medium needs it.
//!
//! Own code, some forty lines: the crates for it (`ieee80211`, `libwifi`) take whole frames apart
//! with everything in them, and neither reads the EDCA parameters of the WMM element, which are
//! half of what is wanted here.

use rether_proto::mac::MacAddr;
use rether_sim::medium::Ac;

/// What kind of frame it is (clause 9.2.4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A management frame and its subtype.
    Management(u8),
    /// A control frame; hwsim's drivers make hardly any.
    Control,
    /// A data frame without a QoS Control field.
    Data,
    /// A QoS data frame and its traffic identifier.
    QosData(u8),
    /// An extension frame.
    Extension,
}

/// Management subtype of a beacon.
pub const BEACON: u8 = 8;

/// The part of a MAC header that decides how a frame gets at the air, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: Kind,
    /// Address 1: who shall receive it.
    pub receiver: MacAddr,
    /// Address 2: who sends it; Acks and CTS have none.
    pub transmitter: Option<MacAddr>,
    /// The BSS it belongs to, if it says so (Table 9-30).
    pub bssid: Option<MacAddr>,
    /// Octets before the frame body.
    pub octets: usize,
}

fn address(frame: &[u8], at: usize) -> Option<MacAddr> {
    let octets = frame.get(at..at.checked_add(6)?)?;
    octets.try_into().ok().map(MacAddr)
}

impl Header {
    /// Reads the header of `frame`; nothing if it ends too early.
    #[must_use]
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let control = frame.first()?;
        let flags = frame.get(1)?;
        let receiver = address(frame, 4)?;
        let subtype = control >> 4;
        let (to_ds, from_ds) = (flags & 1 != 0, flags & 2 != 0);
        let with_three_addresses = |kind, octets| {
            let (second, third) = (address(frame, 10)?, address(frame, 16)?);
            let bssid = match (kind, to_ds, from_ds) {
                (Kind::Management(_), ..) | (_, false, false) => Some(third),
                (_, true, false) => Some(receiver),
                (_, false, true) => Some(second),
                (_, true, true) => None,
            };
            // Sequence Control, and what else the length counts, must be there as well.
            frame.get(..octets)?;
            Some(Self {
                kind,
                receiver,
                transmitter: Some(second),
                bssid,
                octets,
            })
        };
        match control >> 2 & 3 {
            0 => with_three_addresses(Kind::Management(subtype), 24),
            1 => Some(Self {
                kind: Kind::Control,
                receiver,
                transmitter: address(frame, 10),
                bssid: None,
                octets: 10,
            }),
            2 => {
                let base = if to_ds && from_ds { 30 } else { 24 };
                if subtype & 8 == 0 {
                    return with_three_addresses(Kind::Data, base);
                }
                let tid = frame.get(base)? & 0x0f;
                with_three_addresses(Kind::QosData(tid), base + 2)
            }
            _ => Some(Self {
                kind: Kind::Extension,
                receiver,
                transmitter: None,
                bssid: None,
                octets: 10,
            }),
        }
    }

    /// The queue the frame waits in, in a BSS with (`wmm`) or without 802.11e.
    #[must_use]
    pub const fn access_category(&self, wmm: bool) -> Ac {
        match (wmm, self.kind) {
            (false, _) | (true, Kind::Data) => Ac::Be,
            (true, Kind::QosData(tid)) => Ac::of_tid(tid & 7),
            // Clause 10.2.3.2: management frames go by AC_VO.
            (true, _) => Ac::Vo,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
    const B: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);
    const C: MacAddr = MacAddr([2, 0, 0, 0, 3, 0]);

    fn frame(control: u8, flags: u8, rest: &[u8]) -> Vec<u8> {
        let mut frame = vec![control, flags, 0, 0];
        for address in [A, B, C] {
            frame.extend_from_slice(&address.0);
        }
        frame.extend_from_slice(&[0, 0]);
        frame.extend_from_slice(rest);
        frame
    }

    #[test]
    fn the_direction_says_which_address_is_the_bss() {
        let bss = |flags| Header::parse(&frame(0x08, flags, &[])).unwrap().bssid;
        assert_eq!(bss(0), Some(C));
        assert_eq!(bss(1), Some(A));
        assert_eq!(bss(2), Some(B));
        let four = Header::parse(&frame(0x08, 3, &[0; 6])).unwrap();
        assert_eq!((four.bssid, four.octets), (None, 30));
        let beacon = Header::parse(&frame(0x80, 0, &[])).unwrap();
        assert_eq!(beacon.kind, Kind::Management(BEACON));
        assert_eq!((beacon.bssid, beacon.octets), (Some(C), 24));
        assert_eq!(beacon.transmitter, Some(B));
    }

    #[test]
    fn categories() {
        let of = |control, rest: &[u8], wmm| {
            let header = Header::parse(&frame(control, 1, rest)).unwrap();
            header.access_category(wmm)
        };
        let expected = [
            Ac::Be,
            Ac::Bk,
            Ac::Bk,
            Ac::Be,
            Ac::Vi,
            Ac::Vi,
            Ac::Vo,
            Ac::Vo,
        ];
        for (tid, ac) in (0..).zip(expected) {
            assert_eq!(of(0x88, &[tid, 0], true), ac, "TID {tid}");
            assert_eq!(of(0x88, &[tid, 0], false), Ac::Be, "TID {tid}");
        }
        assert_eq!(of(0x08, &[], true), Ac::Be, "data without QoS");
        assert_eq!(of(0xb0, &[], true), Ac::Vo, "authentication");
        assert_eq!(of(0xb0, &[], false), Ac::Be, "one queue without 802.11e");
    }

    #[test]
    fn an_ack_has_one_address() {
        let ack = [0xd4, 0, 0, 0, 2, 0, 0, 0, 1, 0];
        let header = Header::parse(&ack).unwrap();
        assert_eq!(
            (header.kind, header.receiver, header.transmitter),
            (Kind::Control, A, None)
        );
    }

    #[test]
    fn every_truncation_is_refused() {
        for (whole, needed) in [
            (frame(0x88, 1, &[6, 0]), 26),
            (frame(0x08, 1, &[]), 24),
            (frame(0x88, 3, &[0, 0, 0, 0, 0, 0, 6, 0]), 32),
            (frame(0x80, 0, &[]), 24),
        ] {
            for length in 0..whole.len() {
                let parsed = Header::parse(&whole[..length]);
                assert_eq!(parsed.is_some(), length >= needed, "{length} of {whole:?}");
            }
        }
    }

    #[test]
    fn any_octets_are_survived() {
        for control in 0..=u8::MAX {
            for flags in [0, 1, 2, 3, 0xff] {
                for length in 0..40 {
                    let mut frame = vec![control; length];
                    if let Some(second) = frame.get_mut(1) {
                        *second = flags;
                    }
                    let _ = Header::parse(&frame);
                }
            }
        }
    }
}
