//! What stands where in a datagram, and that every bit of it counts.

use super::super::handshake::Split;
use super::*;

/// One datagram of each kind, to the access point that has not taken it yet.
fn one_of_each() -> Vec<(Net, u16, Seen)> {
    let mut samples = Vec::new();
    for kind in 1..=4 {
        let mut net = Net::new(std::vec![config(1, &[2]), config(2, &[])], FINE, 40);
        // Only the first asks: the second knows it by the key of the site.
        let open = ChannelConfig {
            admit: true,
            ..config(2, &[])
        };
        net.restart(2, open);
        let seen = loop {
            let next = net.flying.first_key_value();
            match next.map(|(_, seen)| seen.clone()) {
                Some(seen) if seen.bytes[0] == kind => break seen,
                _ => net.run(Duration::from_micros(100)),
            }
        };
        let n = if seen.to == address(1) { 1 } else { 2 };
        net.flying.clear();
        samples.push((net, n, seen));
    }
    samples
}

#[test]
fn fields_stand_where_they_should() {
    let samples = one_of_each();
    let lens = samples.iter().map(|(_, _, seen)| seen.bytes.len());
    // HELLO: 24 octets of header, 16 of fields.
    let hello = 14 + 24 + 16 + 16;
    assert_eq!(lens.collect::<Vec<_>>(), [73, 73, 89, hello]);
    for ((net, _, seen), kind) in samples.iter().zip(1..) {
        assert_eq!(seen.bytes[..2], [kind, 1]);
        if kind == 4 {
            let sessions = net.channels.iter().flat_map(|c| &c.peers);
            let mut sessions = sessions.flat_map(|peer| &peer.sessions);
            let session = sessions.next().unwrap();
            assert_eq!(seen.bytes[2..6], session.id.to_be_bytes());
            // The first under this key; CONFIRM had 0.
            assert_eq!(seen.bytes[6..14], 1_u64.to_be_bytes());
        } else {
            assert_eq!(seen.bytes[2], 0, "by the key of the site");
        }
    }
}

/// Header, session, counter, text and tag: with any bit changed, or the end missing, nothing
/// happens; then the true one comes and is taken.
#[test]
fn every_bit_of_a_datagram_counts() {
    for (mut net, n, seen) in one_of_each() {
        let before = state(net.channel(n));
        let mut bytes = seen.bytes.clone();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(net.datagram(n, seen.from, &bytes).is_err(), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for len in 0..bytes.len() {
            assert!(net.datagram(n, seen.from, &bytes[..len]).is_err());
        }
        assert!(net.flying.is_empty(), "something was answered");
        assert!(state(net.channel(n)) == before);
        assert_eq!(net.datagram(n, seen.from, &bytes), Ok(()));
    }
}

/// Made by a second implementation of RFC 8439 and of what is around it.
#[test]
fn a_sealed_datagram_is_known_octet_by_octet() {
    let split = Split {
        from_initiator: key(0x11),
        from_responder: key(0x22),
    };
    let who = Who {
        ap: ApId(1),
        life: 1,
    };
    let mut session = Session::new(split, Role::Initiator, who, START);
    session.sent = 0x0101;
    let sealed = [
        // Kind, version, session, counter.
        &[4, 1, 0xc9, 0xa7, 0x0b, 0x1f, 0, 0, 0, 0, 0, 0, 1, 2][..],
        &[0x75, 0x1e, 0xb4, 0xf6, 0x90, 0xd9, 0xab],
        &[0x64, 0x7b, 0x12, 0x54, 0x83, 0x2d, 0xbf, 0xe6],
        &[0x25, 0x4c, 0x23, 0x66, 0xdc, 0x6e, 0x71, 0xc9],
    ];
    assert_eq!(session.seal(b"handoff", START), sealed.concat());
}
