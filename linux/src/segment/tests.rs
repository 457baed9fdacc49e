use etherparse::{IpNumber, IpSlice, PacketBuilder, TcpSlice, UdpSlice};
use proptest::prelude::*;

use super::*;

const V4: u16 = 0x0800;
const V6: u16 = 0x86dd;
const UNSUMMED: Offload = Offload {
    unsummed: true,
    size: None,
};

#[derive(Clone, Copy, Debug)]
struct Shape {
    v6: bool,
    tcp: bool,
    /// FIN, PSH and CWR.
    flags: [bool; 3],
}

const FLAGS: [bool; 3] = [true; 3];

/// A packet with a sound checksum, as it would go on the wire if the link took it.
fn packet(shape: Shape, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let ip = if shape.v6 {
        PacketBuilder::ipv6([0xfd; 16], [0xfc; 16], 64)
    } else {
        PacketBuilder::ipv4([10, 0, 0, 1], [10, 1, 2, 3], 64)
    };
    if shape.tcp {
        let mut tcp = ip.tcp(443, 50_000, u32::MAX - 1000, 1024).ack(77);
        let [fin, psh, cwr] = shape.flags;
        if fin {
            tcp = tcp.fin();
        }
        if psh {
            tcp = tcp.psh();
        }
        if cwr {
            tcp = tcp.cwr();
        }
        let options = [etherparse::TcpOptionElement::Timestamp(1, 2)];
        let tcp = tcp.options(&options).unwrap();
        bytes.resize(tcp.size(data.len()), 0);
        tcp.write_to_slice(&mut bytes, data).unwrap();
    } else {
        let udp = ip.udp(443, 50_000);
        bytes.resize(udp.size(data.len()), 0);
        udp.write_to_slice(&mut bytes, data).unwrap();
    }
    if !shape.v6 {
        // Identification just before it wraps.
        put(&mut bytes, 4, 0xfffe);
        checksum::complete_header(&mut bytes);
    }
    bytes
}

/// Leaves only what the kernel leaves of a checksum: anything but the checksum.
fn spoil(mut bytes: Vec<u8>) -> Vec<u8> {
    let at = Layout::read(&bytes).unwrap().checksum;
    bytes[at] ^= 0x5a;
    bytes
}

fn collect(packet: &[u8], offload: Offload, mtu: usize) -> Result<Vec<Vec<u8>>, CutError> {
    let ether_type = if packet[0] >> 4 == 6 { V6 } else { V4 };
    let mut pieces = Vec::new();
    let count = cut(ether_type, packet, offload, mtu, &mut |piece| {
        pieces.push(piece.to_vec())
    })?;
    assert_eq!(count, pieces.len());
    Ok(pieces)
}

/// What a receiver makes of a piece: all checksums are verified by another implementation.
fn verified(piece: &[u8]) -> (Option<u16>, TcpOrUdp<'_>) {
    let ip = IpSlice::from_slice(piece).unwrap();
    let payload = ip.payload().payload;
    let identification = ip.ipv4().map(|v4| {
        let header = v4.header().to_header();
        assert_eq!(header.calc_header_checksum(), header.header_checksum);
        assert_eq!(usize::from(header.total_len), piece.len());
        header.identification
    });
    if ip.payload_ip_number() == IpNumber::TCP {
        let tcp = TcpSlice::from_slice(payload).unwrap();
        let sum = match &ip {
            IpSlice::Ipv4(v4) => {
                tcp.calc_checksum_ipv4(v4.header().source(), v4.header().destination())
            }
            IpSlice::Ipv6(v6) => {
                tcp.calc_checksum_ipv6(v6.header().source(), v6.header().destination())
            }
        };
        assert_eq!(sum.unwrap(), tcp.checksum());
        return (identification, TcpOrUdp::Tcp(tcp));
    }
    let udp = UdpSlice::from_slice(payload).unwrap();
    assert_eq!(usize::from(udp.length()), payload.len());
    let header = udp.to_header();
    let sum = match &ip {
        IpSlice::Ipv4(v4) => header.calc_checksum_ipv4_raw(
            v4.header().source(),
            v4.header().destination(),
            udp.payload(),
        ),
        IpSlice::Ipv6(v6) => header.calc_checksum_ipv6_raw(
            v6.header().source(),
            v6.header().destination(),
            udp.payload(),
        ),
    };
    assert_eq!(sum.unwrap(), udp.checksum());
    (identification, TcpOrUdp::Udp(udp))
}

enum TcpOrUdp<'a> {
    Tcp(TcpSlice<'a>),
    Udp(UdpSlice<'a>),
}

fn check(shape: Shape, data: &[u8], pieces: &[Vec<u8>], size: usize, mtu: usize) {
    let mut rebuilt = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let last = number + 1 == pieces.len();
        assert!(piece.len() <= mtu);
        let (identification, transport) = verified(piece);
        if let Some(identification) = identification {
            assert_eq!(identification, 0xfffe_u16.wrapping_add(number as u16));
        }
        let payload = match transport {
            TcpOrUdp::Tcp(tcp) => {
                let at = (u32::MAX - 1000).wrapping_add(rebuilt.len() as u32);
                assert_eq!(tcp.sequence_number(), at);
                let [fin, psh, cwr] = shape.flags;
                assert_eq!((tcp.fin(), tcp.psh()), (fin && last, psh && last));
                assert_eq!((tcp.cwr(), tcp.ack()), (cwr && number == 0, true));
                tcp.payload()
            }
            TcpOrUdp::Udp(udp) => udp.payload(),
        };
        if last {
            assert!(payload.len() <= size);
        } else {
            assert_eq!(payload.len(), size);
        }
        rebuilt.extend_from_slice(payload);
    }
    assert!(rebuilt == data);
}

fn shapes() -> impl Strategy<Value = Shape> {
    (any::<bool>(), any::<bool>(), any::<[bool; 3]>()).prop_map(|(v6, tcp, flags)| Shape {
        v6,
        tcp,
        flags,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn pieces_are_sound_and_give_the_same_octets(
        shape in shapes(),
        data in proptest::collection::vec(any::<u8>(), 1..60_000),
        mtu in 300_usize..2000,
        part in 50_u16..1600,
        told in any::<bool>(),
    ) {
        let bytes = packet(shape, &data);
        let headers = bytes.len() - data.len();
        let room = mtu - headers;
        let told = told || !shape.tcp;
        let offload = Offload { unsummed: true, size: told.then_some(part) };
        let spoilt = spoil(bytes.clone());
        let result = collect(&spoilt, offload, mtu);
        if !shape.tcp && usize::from(part) > room && (data.len() > usize::from(part) || bytes.len() > mtu) {
            prop_assert_eq!(result, Err(CutError::TooLong));
            return Ok(());
        }
        let size = if told { room.min(part.into()) } else { room };
        check(shape, &data, &result.unwrap(), size, mtu);
        // What is whole and fits goes on as it is, without what stands behind it.
        let padded = [&bytes[..], &[9; 7]].concat();
        prop_assert_eq!(collect(&padded, Offload::default(), 65_535), Ok(vec![bytes]));
    }

    #[test]
    fn anything_else_does_not_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        first in prop_oneof![Just(0x45_u8), Just(0x60), any::<u8>()],
        v6 in any::<bool>(),
        unsummed in any::<bool>(),
        size in proptest::option::of(any::<u16>()),
        mtu in 0_usize..300,
    ) {
        let mut bytes = bytes;
        if let Some(octet) = bytes.first_mut() {
            *octet = first;
        }
        let mut longest = 0;
        let ether_type = if v6 { V6 } else { V4 };
        let _ = cut(ether_type, &bytes, Offload { unsummed, size }, mtu, &mut |piece| {
            longest = longest.max(piece.len());
        });
        prop_assert!(longest <= mtu);
    }

    #[test]
    fn a_mangled_superpacket_does_not_panic(
        shape in shapes(),
        at in 0_usize..80,
        value in any::<u8>(),
        cut_off in 0_usize..80,
        size in proptest::option::of(0_u16..2000),
    ) {
        let mut bytes = packet(shape, &[7; 5000]);
        bytes[at] = value;
        let _ = collect(&bytes, Offload { unsummed: true, size }, 1500);
        bytes.truncate(cut_off);
        if !bytes.is_empty() {
            let _ = collect(&bytes, Offload { unsummed: true, size }, 1500);
        }
    }
}

const TCP: Shape = Shape {
    v6: false,
    tcp: true,
    flags: FLAGS,
};
const UDP: Shape = Shape { tcp: false, ..TCP };

#[test]
fn an_unfinished_checksum_is_finished() {
    for shape in [
        TCP,
        UDP,
        Shape { v6: true, ..TCP },
        Shape { v6: true, ..UDP },
    ] {
        let bytes = packet(shape, b"odd length.");
        assert_eq!(
            collect(&spoil(bytes.clone()), UNSUMMED, 1500),
            Ok(vec![bytes])
        );
    }
}

#[test]
fn what_cannot_be_cut_is_refused_and_said_why() {
    let udp = packet(UDP, &[1; 3000]);
    assert_eq!(collect(&udp, UNSUMMED, 1500), Err(CutError::NoSize));
    let mut fragment = packet(TCP, &[1; 3000]);
    put(&mut fragment, 6, 0x2000);
    checksum::complete_header(&mut fragment);
    assert_eq!(
        collect(&fragment, Offload::default(), 1500),
        Err(CutError::TooLong)
    );
    assert_eq!(
        collect(&fragment, Offload::default(), 4000),
        Ok(vec![fragment.clone()])
    );
    let mut icmp = packet(UDP, &[1; 30]);
    icmp[9] = 1;
    checksum::complete_header(&mut icmp);
    assert_eq!(collect(&icmp, UNSUMMED, 1500), Err(CutError::Unsummed));
    assert_eq!(
        collect(&packet(TCP, &[1; 3000]), UNSUMMED, 52),
        Err(CutError::TooLong)
    );
    assert_eq!(
        collect(&[0x45; 10], UNSUMMED, 1500),
        Err(CutError::Malformed)
    );
    let none = Offload {
        size: Some(0),
        ..UNSUMMED
    };
    assert_eq!(collect(&udp, none, 1500), Err(CutError::Malformed));
}

#[test]
fn datagrams_without_a_checksum_stay_without() {
    let mut udp = packet(UDP, &[1; 3000]);
    put(&mut udp, 26, 0);
    let offload = Offload {
        unsummed: false,
        size: Some(1000),
    };
    let pieces = collect(&udp, offload, 1500).unwrap();
    assert_eq!(pieces.len(), 3);
    assert!(pieces.iter().all(|piece| piece[26..28] == [0, 0]));
}

#[test]
fn other_frames_go_as_they_are() {
    let mut seen = Vec::new();
    let mut sink = |bytes: &[u8]| seen.push(bytes.to_vec());
    // Begins like IPv4, but is not.
    let count = cut(0x0806, &[0x45; 28], Offload::default(), 1500, &mut sink);
    assert_eq!(count, Ok(1));
    assert_eq!(
        cut(0x0806, &[0; 28], Offload::default(), 20, &mut sink),
        Err(CutError::TooLong)
    );
    assert_eq!(seen, [vec![0x45; 28]]);
}
