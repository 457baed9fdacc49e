//! What stands where in a datagram, and that every bit of it counts.

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
