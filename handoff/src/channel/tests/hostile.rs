//! What a stranger on the wire can do: nothing.

use super::super::handshake::Split;
use super::*;

/// Two that have talked for a while, in both directions, with all kinds of datagrams on record.
fn recorded() -> Net {
    let mut net = pair(FINE, 30);
    for sequence in 0..20 {
        net.send(1, 2, data(sequence)).unwrap();
        net.send(2, 1, data(sequence)).unwrap();
        net.request(1, 2, message(Body::Cancel), Schedule::PREPARE);
        net.run(millis(10));
    }
    // Nothing is left on its way.
    net.run(millis(5));
    assert!(net.flying.is_empty());
    let kinds: std::collections::BTreeSet<_> = net.sent.iter().map(|(_, s)| s.bytes[0]).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4]);
    net
}

#[test]
fn nothing_that_was_recorded_can_be_used_again() {
    let mut net = recorded();
    let record = net.sent.clone();
    let before = [1, 2].map(|n| state(net.channel(n)));
    net.cut = std::vec![1, 2];
    for n in [1, 2] {
        let out = net.sent.len();
        // Both what it got and, sent back to it, what it sent.
        for (_, seen) in &record {
            let from = if n == 1 { address(2) } else { address(1) };
            let _ = net.datagram(n, from, &seen.bytes);
        }
        let counters = *net.channel(n).counters();
        assert!(counters.replayed >= 20, "{counters:?}");
        // A first message is answered again, to the peer, who has no use for it.
        let answers = net.sent[out..].iter();
        assert!(answers.clone().count() <= 4);
        assert!(answers.into_iter().all(|(_, seen)| seen.bytes[0] == 2));
    }
    assert!([1, 2].map(|n| state(net.channel(n))) == before);
}

/// A peer that was started again is not taken back to its former life.
#[test]
fn the_record_of_a_former_life_is_of_no_use() {
    let mut net = recorded();
    let record = net.sent.clone();
    let again = ChannelConfig {
        seed: key(77),
        ..config(2, &[1])
    };
    net.restart(2, again);
    net.run(millis(150));
    let before = state(net.channel(1));
    let theirs = state(net.channel(2));
    net.cut = std::vec![1, 2];
    for (_, seen) in &record {
        let n = if seen.to == address(1) { 1 } else { 2 };
        let _ = net.datagram(n, seen.from, &seen.bytes);
    }
    assert!(state(net.channel(1)) == before);
    assert!(state(net.channel(2)) == theirs);
}

/// One datagram that nobody sent, made of those that somebody did.
fn forge(rng: &mut Rng, record: &[Seen]) -> (SocketAddr, Vec<u8>) {
    let pick = |rng: &mut Rng| {
        let index = usize::try_from(rng.below(record.len() as u64)).unwrap();
        record[index].clone()
    };
    let below =
        |rng: &mut Rng, bound: usize| usize::try_from(rng.below(bound.max(1) as u64)).unwrap();
    let seen = pick(rng);
    let mut bytes = seen.bytes;
    match rng.below(7) {
        0 => {
            for _ in 0..=rng.below(3) {
                let bit = below(rng, bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
        1 => {
            let len = below(rng, bytes.len());
            bytes.truncate(len);
        }
        2 => {
            for _ in 0..=rng.below(40) {
                bytes.push(rng.next_u32().to_le_bytes()[0]);
            }
        }
        3 => {
            // The head of one, the tail of another.
            let other = pick(rng).bytes;
            let at = below(rng, bytes.len().min(other.len()));
            bytes.truncate(at);
            bytes.extend(&other[at..]);
        }
        4 => {
            // Another counter.
            if let Some(counter) = bytes.get_mut(6..14) {
                counter.copy_from_slice(&rng.next_u64().to_be_bytes());
            }
        }
        5 => {
            let at = below(rng, bytes.len());
            for octet in &mut bytes[at..] {
                *octet = rng.next_u32().to_le_bytes()[0];
            }
        }
        _ => {}
    }
    let from = match rng.below(8) {
        0 => address(9),
        _ => seen.from,
    };
    (from, bytes)
}

/// Feeds so many forged datagrams to an access point that admits whoever knows the key.
fn flood(count: u32, seed: u64) {
    let open = ChannelConfig {
        admit: true,
        ..config(1, &[2])
    };
    let mut net = Net::new(std::vec![open, config(2, &[1])], FINE, seed);
    for sequence in 0..20 {
        net.run(millis(10));
        let _ = net.send(1, 2, data(sequence));
        let _ = net.send(2, 1, data(sequence));
        if net.is_up(1, 2) {
            net.request(1, 2, message(Body::Cancel), Schedule::PREPARE);
        }
    }
    net.run(millis(5));
    assert!(net.flying.is_empty());
    net.cut = std::vec![1, 2];
    // One that waits for its answer.
    net.request(1, 2, arrived(), Schedule::ARRIVED);
    let record: Vec<Seen> = net.sent.iter().map(|(_, seen)| seen.clone()).collect();
    // But not what is still to come.
    let record = &record[..record.len() - 1];
    let before = state(net.channel(1));
    let mut rng = Rng::new(seed);
    let mut buf = [0; MAX_DATAGRAM];
    let now = net.now;
    let channel = net.channel(1);
    for n in 0..count {
        let (from, bytes) = forge(&mut rng, record);
        let input = ChannelInput::Datagram {
            from,
            bytes: &bytes,
        };
        let _ = channel.handle(now, input);
        while let Some((_, len)) = channel.poll_transmit(&mut buf) {
            assert_eq!(buf[0], 2, "an answer to a first message, of {len} octets");
        }
        if n % 256 == 0 {
            assert!(state(channel) == before, "datagram {n}: {bytes:02x?}");
        }
    }
    assert!(state(channel) == before);
    let counters = channel.counters();
    let refused = [
        counters.strange,
        counters.unauthentic,
        counters.replayed,
        counters.limited,
    ];
    assert!(refused.iter().all(|&count| count > 100), "{counters:?}");
}

#[test]
fn a_hundred_thousand_forged_datagrams_change_nothing() {
    flood(100_000, 31);
}

/// Whoever has the key of another site can make all datagrams well, and to no effect.
#[test]
fn well_made_datagrams_of_another_key_change_nothing() {
    let mut net = recorded();
    let before = state(net.channel(1));
    let session = net.channel(1).peers[0].sessions.last().unwrap().id;
    let who = net.channel(2).local.who;
    let split = Split {
        from_initiator: key(1),
        from_responder: key(2),
    };
    for role in [Role::Initiator, Role::Responder] {
        let mut forger = Session::new(split.clone(), role, who, net.now);
        forger.id = session;
        for counter in [0, 1, 1_000, u64::MAX - 1] {
            forger.sent = counter;
            let mut buf = [0; MAX_MESSAGE];
            let len = data(1).encode(net.now, &mut buf).unwrap();
            let bytes = forger.seal(&buf[..len], net.now);
            let refused = net.datagram(1, address(2), &bytes);
            assert_eq!(refused, Err(ChannelError::Unauthentic));
        }
    }
    assert!(state(net.channel(1)) == before);
}

/// A flood of true first messages costs so many handshakes and no more, and the session that there
/// is does not suffer.
#[test]
fn handshakes_are_limited() {
    let mut net = recorded();
    let record = net.sent.clone();
    let init = record
        .iter()
        .find(|(_, s)| s.bytes[0] == 1 && s.to == address(1));
    let init = init.unwrap().1.bytes.clone();
    let before = net.sent.len();
    for _ in 0..1_000 {
        let _ = net.datagram(1, address(2), &init);
    }
    let answered = net.sent.len() - before;
    assert!((16..=32).contains(&answered), "{answered}");
    assert!(net.channel(1).counters().limited >= 900);
    let id = net.request(1, 2, message(Body::Cancel), Schedule::PREPARE);
    net.run(millis(10));
    let events = net.events_of(1, 0);
    assert!(matches!(
        events.last(),
        Some(ChannelEvent::Message { message, .. }) if message.id == id
    ));
}

/// Whoever knows the key of the site, but not the ephemeral key of an INIT, cannot go on with it.
#[test]
fn a_session_needs_more_than_a_first_message() {
    let mut net = recorded();
    let init = net
        .sent
        .iter()
        .find(|(_, s)| s.bytes[0] == 1 && s.to == address(1));
    let init = init.unwrap().1.clone();
    let noise = &init.bytes[3..init.bytes.len() - datagram::TAG];
    let forged = datagram::confirm(&key(9), handshake::Pattern::Site, noise, |_| [7; 16]);
    let before = state(net.channel(1));
    let refused = net.datagram(1, address(2), &forged);
    assert_eq!(refused, Err(ChannelError::Unauthentic));
    assert!(state(net.channel(1)) == before);
}

/// A peer that is authentic and speaks nonsense is not believed beyond its name.
#[test]
fn a_peer_cannot_speak_for_another() {
    let mut net = recorded();
    let (now, to) = (net.now, address(1));
    let channel = net.channel(2);
    let mut lie = data(1);
    lie.from = ApId(7);
    let Channel { local, peers, .. } = channel;
    local.seal(now, peers[0].sessions.last_mut().unwrap(), &lie, to);
    let nonsense = peers[0].sessions.last_mut().unwrap().seal(b"?", now);
    let mut buf = [0; MAX_DATAGRAM];
    let (_, len) = channel.poll_transmit(&mut buf).unwrap();
    let (is, says) = (ApId(2), ApId(7));
    assert_eq!(
        net.datagram(1, address(2), &buf[..len]),
        Err(ChannelError::WrongId { is, says })
    );
    let refused = net.datagram(1, address(2), &nonsense);
    assert!(matches!(refused, Err(ChannelError::Undecodable(_))));
}
