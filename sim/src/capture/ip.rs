//! IPv4 packets of flows, as their hosts would write them.

use std::net::{IpAddr, Ipv4Addr};

use etherparse::{
    IcmpEchoHeader, Icmpv4Header, Icmpv4Type, IpDscp, IpNumber, Ipv4Header, TcpHeader, UdpHeader,
};
use rether_proto::flow::FlowKey;
use rether_voip::packet::{MAX_PACKET_LEN, StreamId, Voice};
use rether_voip::profile::Profile;

/// Linux's time to live.
const TTL: u8 = 64;
/// The longest IP packet that a frame carries; [`rether_proto::airtime::Phy::psdu_octets`] counts
/// longer ones as this.
const LONGEST: u32 = 1500;
/// Of the headers of IPv4 and of UDP or ICMP echo.
const HEADERS: usize = 28;

/// What a packet of a flow is filled with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// RTP of a call.
    Voice {
        profile: &'a Profile,
        voice: Voice,
        /// Tells the streams apart.
        ssrc: u32,
    },
    /// UDP with nothing in particular.
    Datagram,
    /// ICMP echo.
    Echo { reply: bool, id: u16, sequence: u16 },
    /// A TCP packet, IP header and all, without checksums.
    Tcp(&'a [u8]),
}

/// The IP packet of `octets` that a host sends in the flow `key`.
pub(crate) fn ip_packet(key: &FlowKey, octets: u32, content: Content<'_>) -> Vec<u8> {
    let octets = usize::try_from(octets.min(LONGEST)).unwrap_or(HEADERS);
    let filler = vec![0; octets.saturating_sub(HEADERS)];
    match content {
        Content::Tcp(bytes) => tcp(key, bytes).unwrap_or_else(|| bytes.to_vec()),
        Content::Datagram => udp(key, &filler),
        Content::Voice {
            profile,
            voice,
            ssrc,
        } => {
            let stream = StreamId {
                profile: *profile,
                ssrc,
                first_sequence: 0,
                tag: ssrc,
            };
            let mut buffer = [0; MAX_PACKET_LEN];
            match stream.emit(voice, &mut buffer) {
                Ok(length) => udp(key, &buffer[..length]),
                Err(_) => udp(key, &filler),
            }
        }
        Content::Echo {
            reply,
            id,
            sequence,
        } => {
            let echo = IcmpEchoHeader { id, seq: sequence };
            let kind = if reply {
                Icmpv4Type::EchoReply(echo)
            } else {
                Icmpv4Type::EchoRequest(echo)
            };
            let header = Icmpv4Header::with_checksum(kind, &filler).to_bytes();
            let ip = header_of(key, IpNumber::ICMP, header.len() + filler.len());
            [&ip.to_bytes()[..], &header, &filler].concat()
        }
    }
}

const fn v4(address: IpAddr) -> Ipv4Addr {
    match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}

fn header_of(key: &FlowKey, protocol: IpNumber, payload: usize) -> Ipv4Header {
    let length = u16::try_from(payload).unwrap_or(u16::MAX);
    let (source, destination) = (v4(key.src).octets(), v4(key.dst).octets());
    let mut header =
        Ipv4Header::new(length, TTL, protocol, source, destination).unwrap_or_default();
    header.dont_fragment = true;
    seal(&mut header, key);
    header
}

/// Fills in what the host does last.
fn seal(header: &mut Ipv4Header, key: &FlowKey) {
    header.dscp = IpDscp::try_new(key.dscp).unwrap_or_default();
    header.header_checksum = header.calc_header_checksum();
}

fn udp(key: &FlowKey, payload: &[u8]) -> Vec<u8> {
    let ip = header_of(key, IpNumber::UDP, payload.len() + 8);
    let udp = UdpHeader::with_ipv4_checksum(key.src_port, key.dst_port, &ip, payload);
    let udp = udp.map(|header| header.to_bytes()).unwrap_or_default();
    [&ip.to_bytes(), &udp[..], payload].concat()
}

/// The stack leaves checksums out; the host's network card would write them.
fn tcp(key: &FlowKey, bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut ip, rest) = Ipv4Header::from_slice(bytes).ok()?;
    let (mut tcp, payload) = TcpHeader::from_slice(rest).ok()?;
    seal(&mut ip, key);
    tcp.checksum = tcp.calc_checksum_ipv4(&ip, payload).ok()?;
    Some([&ip.to_bytes(), &tcp.to_bytes(), payload].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::SlicedPacket;

    fn key(protocol: u8) -> FlowKey {
        FlowKey {
            src: Ipv4Addr::new(10, 0, 0, 100).into(),
            dst: Ipv4Addr::new(10, 0, 0, 1).into(),
            protocol,
            src_port: 40_000,
            dst_port: 5200,
            dscp: 46,
        }
    }

    fn sum(bytes: &[u8]) -> u16 {
        let words = bytes.chunks(2).map(|pair| {
            let low = pair.get(1).copied().unwrap_or_default();
            u32::from(u16::from_be_bytes([pair[0], low]))
        });
        let mut sum: u32 = words.sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        u16::try_from(sum).unwrap()
    }

    #[test]
    fn headers_have_the_right_lengths_and_checksums() {
        let packet = ip_packet(&key(17), 1500, Content::Datagram);
        assert_eq!(packet.len(), 1500);
        assert_eq!(sum(&packet[..20]), 0xffff);
        assert_eq!(packet[1] >> 2, 46);
        let sliced = SlicedPacket::from_ip(&packet).unwrap();
        let etherparse::TransportSlice::Udp(udp) = sliced.transport.unwrap() else {
            panic!("UDP")
        };
        assert_eq!(usize::from(udp.length()), 1480);
        // RFC 768: the pseudo header, then header and data.
        let pseudo = [&packet[12..20], &[0, 17, 0x05, 0xc8], &packet[20..]].concat();
        assert_eq!(sum(&pseudo), 0xffff);
    }

    #[test]
    fn longer_packets_than_a_frame_carries_are_as_long_as_one_carries() {
        let packet = ip_packet(&key(17), 9000, Content::Datagram);
        assert_eq!(packet.len(), 1500);
    }

    #[test]
    fn an_echo_is_an_echo() {
        let echo = Content::Echo {
            reply: true,
            id: 3,
            sequence: 4,
        };
        let packet = ip_packet(&key(1), 84, echo);
        assert_eq!(packet.len(), 84);
        assert_eq!(packet[20..22], [0, 0]);
        assert_eq!(packet[24..28], [0, 3, 0, 4]);
        assert_eq!(sum(&packet[20..]), 0xffff);
    }

    #[test]
    fn a_call_is_rtp() {
        let voice = Voice {
            sequence: 7,
            sent_ns: 9,
        };
        let content = Content::Voice {
            profile: &Profile::G711,
            voice,
            ssrc: 5,
        };
        let packet = ip_packet(&key(17), 200, content);
        assert_eq!(packet.len(), 200);
        assert_eq!(packet[28] >> 6, 2, "RTP version");
        assert_eq!(packet[30..32], [0, 7]);
    }

    #[test]
    fn a_tcp_packet_gets_its_checksums() {
        let mut ip =
            Ipv4Header::new(23, 64, IpNumber::TCP, [10, 0, 0, 100], [10, 0, 0, 1]).unwrap();
        ip.header_checksum = 0;
        let tcp = TcpHeader::new(40_000, 5200, 1, 1000);
        let bytes = [&ip.to_bytes(), &tcp.to_bytes(), &b"abc"[..]].concat();
        let packet = ip_packet(&key(6), 43, Content::Tcp(&bytes));
        assert_eq!(sum(&packet[..20]), 0xffff);
        let pseudo = [&packet[12..20], &[0, 6, 0, 23], &packet[20..]].concat();
        assert_eq!(sum(&pseudo), 0xffff);
        assert!(packet.ends_with(b"abc"));
    }
}
