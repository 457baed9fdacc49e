//! Who becomes a peer, and who does not.

use super::*;

#[test]
fn two_that_know_the_key_of_the_site_meet_at_once() {
    let mut net = Net::new(std::vec![config(1, &[2]), config(2, &[1])], FINE, 1);
    net.run(millis(5));
    let [one, two] = [1, 2].map(|n| net.channel(n).life());
    assert_ne!(one, two);
    let up = |peer, life| ChannelEvent::PeerUp {
        peer: ApId(peer),
        life,
    };
    assert_eq!(net.events_of(1, 0), [&up(2, two)]);
    assert_eq!(net.events_of(2, 0), [&up(1, one)]);
    for n in [1, 2] {
        let peer = net.channel(n).peers().next().unwrap();
        assert_eq!(peer.rtt, Some(FINE.delay * 2), "{n}");
        assert_eq!(peer.hello.map(|hello| hello.life), peer.life);
        assert_eq!(net.channel(n).counters().unauthentic, 0);
    }
}

/// HELLOs tell what has changed, and once a second.
#[test]
fn hellos_go_out_every_second() {
    let mut net = pair(FINE, 1);
    net.channel(2).set_hello(Hello {
        free: 250,
        stations: 3,
        ..Hello::default()
    });
    let before = net.sent.len();
    net.run(Duration::from_secs(20));
    let hello = net.channel(1).peers().next().unwrap().hello.unwrap();
    assert_eq!((hello.free, hello.stations), (250, 3));
    assert_eq!(hello.life, net.channel(2).life());
    // Two of each and their answers.
    assert_eq!(net.sent.len() - before, 20 * 4);
}

fn with_keys(n: u16, own: u8, peer: u16, theirs: u8) -> ChannelConfig {
    let mut config = config(n, &[peer]);
    config.key = Some(key(own));
    config.peers[0].key = PublicKey::of(&key(theirs));
    config
}

#[test]
fn two_with_keys_of_their_own_meet() {
    let configs = std::vec![with_keys(1, 11, 2, 12), with_keys(2, 12, 1, 11)];
    let mut net = Net::new(configs, FINE, 1);
    net.run(millis(5));
    assert!(net.is_up(1, 2) && net.is_up(2, 1));
    assert!(net.channel(1).peers().all(|peer| peer.static_keys));
}

/// `net` runs for a while, and nobody becomes anybody's peer.
fn nobody_meets(configs: Vec<ChannelConfig>) -> Net {
    let mut net = Net::new(configs, FINE, 1);
    net.run(Duration::from_secs(10));
    assert!(net.events.is_empty(), "{:?}", net.events);
    net
}

#[test]
fn another_key_of_the_site_is_not_believed() {
    let mut other = config(2, &[1]);
    other.site = key(8);
    let mut net = nobody_meets(std::vec![config(1, &[2]), other]);
    assert!(net.channel(1).counters().unauthentic > 5);
    // It costs no handshake.
    assert_eq!(net.channel(1).counters().limited, 0);
}

#[test]
fn another_private_key_is_not_believed() {
    // The second has not the key that the first expects.
    let mut net = nobody_meets(std::vec![with_keys(1, 11, 2, 12), with_keys(2, 13, 1, 11)]);
    assert!(net.channel(1).counters().unauthentic > 5);
    // And the other way round: it expects another first.
    nobody_meets(std::vec![with_keys(1, 11, 2, 12), with_keys(2, 12, 1, 13)]);
}

#[test]
fn keys_at_one_end_only_are_told_apart_from_wrong_ones() {
    let mut net = nobody_meets(std::vec![with_keys(1, 11, 2, 12), config(2, &[1])]);
    let init = net.sent.iter().find(|(_, seen)| seen.from == address(2));
    let init = init.unwrap().1.clone();
    let refused = net.datagram(1, init.from, &init.bytes);
    assert_eq!(refused, Err(ChannelError::KeysDiffer));
}

#[test]
fn a_number_can_be_expected_of_a_peer() {
    let mut one = config(1, &[2]);
    one.peers[0].id = Some(ApId(3));
    nobody_meets(std::vec![one.clone(), config(2, &[1])]);
    one.peers[0].id = Some(ApId(2));
    let mut net = Net::new(std::vec![one, config(2, &[1])], FINE, 1);
    net.run(millis(5));
    assert!(net.is_up(1, 2));
}

#[test]
fn two_of_one_number_are_not_both_believed() {
    let twin = ChannelConfig {
        id: ApId(1),
        ..config(2, &[1])
    };
    nobody_meets(std::vec![config(1, &[2]), twin]);
    let twin = ChannelConfig {
        id: ApId(2),
        ..config(3, &[1])
    };
    let mut net = Net::new(
        std::vec![config(1, &[2, 3]), config(2, &[1]), twin.clone()],
        FINE,
        1,
    );
    net.run(Duration::from_secs(5));
    let up = net.channel(1).peers().filter(|peer| peer.up).count();
    assert_eq!(up, 1);
    // One that moved to another address has its number again when the former is down.
    let mut net = Net::new(
        std::vec![config(1, &[2, 3]), config(2, &[1]), twin],
        FINE,
        1,
    );
    net.cut = std::vec![3];
    net.run(Duration::from_secs(2));
    net.cut = std::vec![2];
    net.run(Duration::from_secs(8));
    let up: Vec<_> = net.channel(1).peers().filter(|peer| peer.up).collect();
    assert_eq!((up.len(), up[0].address), (1, address(3)));
    assert_eq!(net.send(1, 2, data(1)), Ok(()));
    assert_eq!(net.sent.last().unwrap().1.to, address(3));
}

#[test]
fn a_new_access_point_needs_one_line_of_its_own() {
    let open = ChannelConfig {
        admit: true,
        ..config(1, &[2])
    };
    let configs = std::vec![open, config(2, &[1]), config(3, &[1, 2])];
    let mut net = Net::new(configs, FINE, 1);
    net.run(Duration::from_secs(2));
    assert!(net.is_up(1, 3) && net.is_up(3, 1));
    // The second does not admit anybody.
    assert!(!net.is_up(2, 3) && !net.is_up(3, 2));
    assert!(net.channel(2).counters().strange > 0);
    net.request(1, 3, message(Body::Cancel), Schedule::PREPARE);
    net.run(millis(20));
    let answer = net.events_of(1, 0);
    assert!(matches!(
        answer.last(),
        Some(ChannelEvent::Message { message, .. }) if message.body == Body::CancelAck
    ));
}

/// Those that were admitted and went away make room; those that were configured do not.
#[test]
fn there_is_room_for_whoever_comes_last() {
    let open = ChannelConfig {
        admit: true,
        ..config(1, &[2])
    };
    for gone in [true, false] {
        let mut net = Net::new(
            std::vec![open.clone(), config(2, &[]), config(3, &[1])],
            FINE,
            1,
        );
        let channel = net.channel(1);
        for n in 4..u16::try_from(MAX_PEERS).unwrap() + 3 {
            let mut peer = PeerState::new(Peer::at(address(n)), key(1), START);
            peer.admitted = gone;
            channel.peers.push(peer);
        }
        assert_eq!(channel.peers.len(), MAX_PEERS);
        net.run(millis(50));
        assert_eq!(net.is_up(1, 3), gone);
        assert_eq!(net.channel(1).peers.len(), MAX_PEERS);
        assert_eq!(net.channel(1).peers[0].peer.address, address(2));
    }
}

#[test]
fn who_is_silent_is_down_and_comes_back() {
    let mut net = pair(FINE, 3);
    net.run(millis(2_500));
    let before = net.events.len();
    net.cut = std::vec![2];
    net.run(Duration::from_secs(5));
    assert_eq!(net.events_of(1, before), [&ChannelEvent::PeerDown(ApId(2))]);
    let cut_at = START + millis(2_600);
    let (at, _, _) = net.events[before];
    assert!(at.since(cut_at) <= Duration::from_secs(3), "{at}");
    assert!(at.since(cut_at) >= Duration::from_secs(2), "{at}");
    net.cut.clear();
    net.run(Duration::from_secs(2));
    assert!(net.is_up(1, 2) && net.is_up(2, 1));
}

#[test]
fn who_starts_again_has_another_life() {
    let mut net = pair(FINE, 4);
    let before = net.events.len();
    let first_life = net.channel(2).life();
    let again = ChannelConfig {
        seed: key(77),
        ..config(2, &[1])
    };
    net.restart(2, again);
    net.run(millis(10));
    let life = net.channel(2).life();
    assert_ne!(life, first_life);
    let peer = ApId(2);
    assert_eq!(
        net.events_of(1, before),
        [
            &ChannelEvent::PeerDown(peer),
            &ChannelEvent::PeerUp { peer, life }
        ]
    );
}

#[test]
fn they_meet_in_any_weather() {
    for seed in 0..50 {
        pair(STORM, seed);
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let error = |config: ChannelConfig| {
        let made = Channel::new(config, Hello::default(), START);
        made.map(drop).unwrap_err()
    };
    assert_eq!(error(config(0, &[])), ConfigError::NoId);
    let twice = ConfigError::SameAddress(address(2));
    assert_eq!(error(config(1, &[2, 2])), twice);
    let mut keyless = config(1, &[2]);
    keyless.peers[0].key = PublicKey::of(&key(3));
    assert_eq!(error(keyless), ConfigError::NoKey(address(2)));
    let mut ids = config(1, &[2, 3]);
    ids.peers[0].id = Some(ApId(1));
    assert_eq!(error(ids.clone()), ConfigError::SameId(ApId(1)));
    ids.peers[0].id = Some(ApId(3));
    ids.peers[1].id = Some(ApId(3));
    assert_eq!(error(ids), ConfigError::SameId(ApId(3)));
    let many: Vec<u16> = (2..2 + 65).collect();
    assert_eq!(error(config(1, &many)), ConfigError::TooMany(65));
}

#[test]
fn public_keys_are_read_as_they_are_written() {
    // RFC 7748, clause 6.1.
    let private = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
    let public = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
    let key = PublicKey::of(&private.parse().unwrap()).unwrap();
    assert_eq!(std::format!("{key}"), public);
    assert_eq!(public.parse(), Ok(key));
}
