//! How sessions follow each other.

use super::super::session::{OVERLAP, REKEY_AFTER, REKEY_AFTER_MESSAGES};
use super::*;

/// The numbers of the DATA that came to `n`.
fn came(net: &Net, n: u16) -> Vec<u32> {
    let events = net.events_of(n, 0).into_iter();
    let sequences = events.filter_map(|event| match event {
        ChannelEvent::Message { message, .. } => match &message.body {
            Body::Data(data) => Some(data.sequence),
            other => panic!("{other:?}"),
        },
        _ => None,
    });
    sequences.collect()
}

#[test]
fn sessions_are_replaced_in_the_midst_of_traffic_without_a_gap() {
    let mut net = pair(FINE, 20);
    let first = net.channel(1).peers[0].sessions[0].id;
    let count = 2_000;
    for sequence in 0..count {
        net.send(1, 2, data(sequence)).unwrap();
        net.send(2, 1, data(sequence)).unwrap();
        net.run(millis(150));
    }
    let all: Vec<_> = (0..count).collect();
    assert_eq!(came(&net, 1), all);
    assert_eq!(came(&net, 2), all);
    for n in [1, 2] {
        let counters = *net.channel(n).counters();
        assert!((3..=5).contains(&counters.handshakes), "{counters:?}");
        let lost = [counters.unauthentic, counters.unsent, counters.replayed];
        // Crossing handshakes at the start: at most their rest.
        assert!(lost[0] <= 2 && lost[1..] == [0, 0], "{counters:?}");
        let peer = &net.channel(n).peers[0];
        assert!(peer.sessions.iter().all(|session| session.id != first));
    }
}

/// The same where datagrams overtake each other: nothing is lost, nothing comes twice.
#[test]
fn nothing_is_lost_on_a_network_that_reorders() {
    let weather = Weather {
        repeated: 300,
        delay: millis(150),
        fixed: false,
        ..FINE
    };
    let mut net = pair(weather, 21);
    let count = 2_000;
    for sequence in 0..count {
        net.send(1, 2, data(sequence)).unwrap();
        net.send(2, 1, data(sequence)).unwrap();
        net.run(millis(140));
    }
    net.run(millis(400));
    let all: Vec<_> = (0..count).collect();
    for n in [1, 2] {
        let mut came = came(&net, n);
        let ordered = came.is_sorted();
        came.sort_unstable();
        assert_eq!(came, all);
        assert!(!ordered, "the network did not reorder");
        assert!(net.channel(n).counters().handshakes >= 3);
    }
}

#[test]
fn many_messages_need_new_keys_too() {
    let mut net = pair(FINE, 22);
    let handshakes = net.channel(1).counters().handshakes;
    let session = net.channel(1).peers[0].sessions.last_mut().unwrap();
    session.sent = REKEY_AFTER_MESSAGES - 3;
    let (before, count) = (net.now, 20);
    for sequence in 0..count {
        net.send(1, 2, data(sequence)).unwrap();
        net.run(millis(1));
    }
    assert!(net.now.since(before) < Duration::from_secs(1));
    assert_eq!(net.channel(1).counters().handshakes, handshakes + 1);
    assert_eq!(came(&net, 2), (0..count).collect::<Vec<_>>());
}

#[test]
fn a_replaced_session_is_forgotten_after_the_overlap() {
    let mut net = pair(FINE, 23);
    net.run(REKEY_AFTER);
    let replaced = net.channel(1).peers[0].sessions.len();
    assert!(replaced > 1, "{replaced}");
    net.run(OVERLAP);
    assert_eq!(net.channel(1).peers[0].sessions.len(), 1);
    assert!(net.is_up(1, 2));
}

/// While no handshake gets through, the old session serves until it ends; then there is none.
#[test]
fn a_session_that_cannot_be_replaced_ends() {
    let mut net = pair(FINE, 24);
    net.cut = std::vec![2];
    net.run(Duration::from_secs(181));
    assert!(net.channel(1).peers[0].sessions.is_empty());
    assert!(!net.is_up(1, 2));
    net.cut.clear();
    net.run(Duration::from_secs(2));
    assert!(net.is_up(1, 2) && net.is_up(2, 1));
}

/// CONFIRM came, but no sign of that came back: the other end uses a session that this one began, and
/// has given up since.
#[test]
fn what_comes_in_a_session_that_was_never_confirmed_is_taken() {
    let weather = Weather {
        loss: 1_000,
        ..FINE
    };
    let mut net = Net::new(std::vec![config(1, &[2]), config(2, &[1])], weather, 27);
    let wake = |net: &mut Net| {
        let now = net.now;
        let woken = net.channel(1).handle(now, ChannelInput::Timeout);
        woken.unwrap();
        net.drain(1);
    };
    wake(&mut net);
    // INIT, RESPONSE and CONFIRM arrive, and nothing else.
    for (place, to) in [(0, 2), (1, 1), (2, 2)] {
        let seen = net.sent[place].1.clone();
        net.datagram(to, seen.from, &seen.bytes).unwrap();
    }
    assert!(net.is_up(2, 1));
    let is_asking = |net: &mut Net| {
        let attempt = &net.channel(1).peers[0].attempt;
        attempt.as_ref().is_some_and(|attempt| attempt.is_asking())
    };
    assert!(!is_asking(&mut net));
    while !is_asking(&mut net) {
        net.now += millis(20);
        wake(&mut net);
    }
    assert!(!net.is_up(1, 2));
    net.send(2, 1, data(5)).unwrap();
    let seen = net.sent.last().unwrap().1.clone();
    net.datagram(1, seen.from, &seen.bytes).unwrap();
    assert_eq!(came(&net, 1), [5]);
    assert!(net.is_up(1, 2));
    assert!(net.channel(1).peers[0].unconfirmed.is_none());
}

/// Keys change in a storm, too, and no peer is ever taken for dead that is not.
#[test]
fn sessions_outlive_a_storm() {
    for seed in 0..3 {
        let mut net = pair(STORM, seed);
        let before = net.events.len();
        for _ in 0..1_500 {
            net.send(1, 2, data(0)).unwrap();
            net.send(2, 1, data(0)).unwrap();
            net.run(millis(300));
        }
        let downs = net.events[before..].iter();
        let downs = downs.filter(|(_, _, e)| matches!(e, ChannelEvent::PeerDown(_)));
        assert_eq!(downs.count(), 0, "seed {seed}");
        assert!(net.channel(1).counters().handshakes >= 4);
    }
}
