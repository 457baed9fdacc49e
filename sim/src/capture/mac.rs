//! MAC frames: data (clause 9.3.2.1) and Acks (clause 9.3.1.3), without FCS.

use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

/// Frame Control, first octet: type data, subtypes data and QoS data; type control, subtype Ack.
const DATA: u8 = 0x08;
const QOS_DATA: u8 = 0x88;
const ACK: u8 = 0xd4;
/// Frame Control, second octet.
const TO_DS: u8 = 0x01;
const FROM_DS: u8 = 0x02;
const RETRY: u8 = 0x08;
/// QoS Control: Ack policy No Ack, of frames to a group (clause 9.2.4.5.4).
const NO_ACK: u8 = 0x20;

/// Who sends to whom over which link (clause 9.3.2.1.2, Table 9-30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hop {
    /// A station to its access point.
    ToDs {
        bssid: MacAddr,
        source: MacAddr,
        destination: MacAddr,
    },
    /// An access point to a station or a group.
    FromDs {
        destination: MacAddr,
        bssid: MacAddr,
        source: MacAddr,
    },
}

impl Hop {
    const fn flag(self) -> u8 {
        match self {
            Self::ToDs { .. } => TO_DS,
            Self::FromDs { .. } => FROM_DS,
        }
    }

    const fn addresses(self) -> [MacAddr; 3] {
        match self {
            Self::ToDs {
                bssid,
                source,
                destination,
            } => [bssid, source, destination],
            Self::FromDs {
                destination,
                bssid,
                source,
            } => [destination, bssid, source],
        }
    }

    /// Address 1: the radio, or the group, that it is for.
    pub(crate) const fn receiver(self) -> MacAddr {
        let [receiver, ..] = self.addresses();
        receiver
    }
}

/// A data frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data<'a> {
    pub(crate) hop: Hop,
    /// How long the medium is taken after it: SIFS and Ack.
    pub(crate) duration: Duration,
    /// Sequence number, of which 12 bits go into the frame.
    pub(crate) sequence: u16,
    pub(crate) retry: bool,
    /// Traffic identifier, in cells with 802.11e.
    pub(crate) tid: Option<u8>,
    /// LLC/SNAP and what follows.
    pub(crate) body: &'a [u8],
}

impl Data<'_> {
    /// Appends the frame to `out`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let retry = if self.retry { RETRY } else { 0 };
        let subtype = if self.tid.is_some() { QOS_DATA } else { DATA };
        out.extend([subtype, self.hop.flag() | retry]);
        out.extend(microseconds(self.duration).to_le_bytes());
        for address in self.hop.addresses() {
            out.extend(address.0);
        }
        out.extend((self.sequence << 4).to_le_bytes());
        if let Some(tid) = self.tid {
            let group = self.hop.receiver().is_group();
            out.extend([(tid & 0x0f) | if group { NO_ACK } else { 0 }, 0]);
        }
        out.extend(self.body);
    }
}

/// Appends the Ack to `receiver` to `out`.
pub(crate) fn ack(receiver: MacAddr, out: &mut Vec<u8>) {
    out.extend([ACK, 0, 0, 0]);
    out.extend(receiver.0);
}

/// LLC/SNAP (RFC 1042) with an EtherType, and `content`.
pub(crate) fn snap(ether_type: u16, content: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(8 + content.len());
    body.extend([0xaa, 0xaa, 0x03, 0, 0, 0]);
    body.extend(ether_type.to_be_bytes());
    body.extend(content);
    body
}

/// Rounded up; the field has 15 bits.
fn microseconds(duration: Duration) -> u16 {
    u16::try_from(duration.as_nanos().div_ceil(1_000).min(0x7fff)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn mac(last: u8) -> MacAddr {
        MacAddr([2, 0, 0, 0, 0, last])
    }

    fn frame(hop: Hop, tid: Option<u8>) -> Vec<u8> {
        let body = snap(0x88b5, &[1]);
        let data = Data {
            hop,
            duration: Duration::from_nanos(43_100),
            sequence: 0x123,
            retry: true,
            tid,
            body: &body,
        };
        let mut out = Vec::new();
        data.write(&mut out);
        out
    }

    #[test]
    fn a_frame_to_the_access_point_worked_by_hand() {
        let hop = Hop::ToDs {
            bssid: mac(1),
            source: mac(2),
            destination: mac(3),
        };
        let out = frame(hop, Some(6));
        assert_eq!(out[..4], [0x88, 0x09, 44, 0]);
        assert_eq!((out[9], out[15], out[21]), (1, 2, 3));
        assert_eq!(out[22..26], [0x30, 0x12, 6, 0]);
        assert_eq!(out[26..], [0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0xb5, 1]);
    }

    #[test]
    fn a_frame_to_a_group_wants_no_ack() {
        let hop = Hop::FromDs {
            destination: MacAddr::BROADCAST,
            bssid: mac(1),
            source: mac(1),
        };
        let out = frame(hop, Some(0));
        assert_eq!(out[1], FROM_DS | RETRY);
        assert_eq!(out[24], NO_ACK);
        assert_eq!(frame(hop, None)[0], DATA);
    }

    #[test]
    fn an_ack_names_the_receiver() {
        let mut out = Vec::new();
        ack(mac(7), &mut out);
        assert_eq!(out, [0xd4, 0, 0, 0, 2, 0, 0, 0, 0, 7]);
    }
}
