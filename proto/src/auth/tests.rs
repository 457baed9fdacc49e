//! Keys, windows, tags and handshakes; then both cores with keys.

mod cell;
mod hostile;

use std::string::ToString;
use std::vec::Vec;

use super::handshake::{Attempt, FIRST, HandshakeError, SECOND, Split, Welcome, answer};
use super::*;
use crate::airtime::{Phy, PhyKind, Rate};
use crate::mac::MacAddr;
use crate::time::{Duration, Instant};
use crate::wire::{
    AgentName, Bye, ByeReason, HEADER_LEN, Handshake, Header, MAX_FRAME, Message, Register,
    RegisterAck, RegisterStatus,
};

const STA: MacAddr = MacAddr([2, 0, 0, 0, 1, 1]);

const fn key(octet: u8) -> Key {
    Key::new([octet; Key::LEN])
}

fn register(name: &str) -> Register {
    Register {
        instance: 1,
        epoch: 2,
        strategies: Register::POLL,
        name: name.try_into().unwrap(),
        handshake: Handshake::NONE,
    }
}

fn welcome() -> Welcome {
    Welcome {
        epoch: 7,
        group: key(9),
        sequence: 41,
    }
}

/// Both ends of a handshake, with a key each.
fn shake(ours: &Key, theirs: &Key) -> Result<[(Welcome, Split); 2], HandshakeError> {
    let mut register = register("sta");
    let attempt = Attempt::new(ours.clone(), key(1), STA, &register);
    register.handshake = attempt.first()?;
    let (second, split) = answer(theirs, &key(2), STA, &register, &welcome())?;
    Ok([attempt.finish(&second)?, (welcome(), split)])
}

#[test]
fn a_key_is_read_from_hexadecimal_digits_and_never_shown() {
    let text = "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\n";
    let key: Key = text.parse().unwrap();
    assert_eq!(key.octets()[..4], [0x00, 0x11, 0x22, 0x33]);
    assert_eq!(key.octets()[15..17], [0xff, 0x00]);
    assert_eq!(std::format!("{key:?}"), "Key(secret)");
    let parse = |text: &str| text.parse::<Key>().unwrap_err();
    assert_eq!(parse(""), KeyError::Length(0));
    assert_eq!(parse(&text[2..]), KeyError::Length(62));
    assert_eq!(parse("00 11"), KeyError::NotHex(3));
    assert_eq!(parse("é"), KeyError::NotHex(1));
    assert_eq!(parse(&"00".repeat(32)), KeyError::Trivial);
    assert!(!parse("secret").to_string().contains("secret"));
}

#[test]
fn entropy_differs_by_draw_and_by_seed_and_repeats_by_seed() {
    let draw = |seed| {
        let mut entropy = Entropy::new(key(seed));
        [entropy.key(), entropy.key()]
    };
    let ([a, b], [c, _]) = (draw(1), draw(2));
    assert_ne!(a, b);
    assert_ne!(a, c);
    assert_eq!(draw(1), [a, b]);
}

#[test]
fn the_window_takes_each_number_once() {
    let mut window: ReplayWindow = ReplayWindow::after(100);
    for old in [0, 36, 37, 99, 100] {
        assert!(!window.is_fresh(old), "{old}");
    }
    // Out of order, with gaps; then everything once more.
    for sequence in [101, 103, 102, 164, 150, 101 + 64] {
        assert!(window.is_fresh(sequence), "{sequence}");
        window.note(sequence);
        assert!(!window.is_fresh(sequence), "{sequence}");
    }
    assert_eq!(window.highest(), 165);
    assert!(!window.is_fresh(101), "too old to tell");
    assert!(window.is_fresh(104));
    assert!(window.is_fresh(149));
    // A leap of a whole window and more forgets all that was seen.
    window.note(10_000);
    assert!(window.is_fresh(10_000 - 63));
    assert!(!window.is_fresh(10_000 - 64));
    window.note(u64::MAX);
    assert!(!window.is_fresh(u64::MAX));
    assert!(window.is_fresh(u64::MAX - 63));
}

/// Against a list of all numbers that came.
#[test]
fn a_wider_window_forgets_nothing_that_it_should_know() {
    let mut rng = crate::rng::Rng::new(5);
    let mut window = ReplayWindow::<16>::after(0);
    let mut came = std::collections::BTreeSet::new();
    let mut highest = 0;
    for _ in 0..20_000 {
        // Steps of a few, of about a word, and now and then of about a window.
        let reach = [4, 70, 1_100][usize::try_from(rng.below(3)).unwrap()];
        let sequence = (highest + rng.below(reach)).saturating_sub(rng.below(1_100));
        let fresh = sequence > highest
            || (highest - sequence < 1_024 && sequence > 0 && !came.contains(&sequence));
        assert_eq!(window.is_fresh(sequence), fresh, "{sequence} of {highest}");
        if fresh {
            window.note(sequence);
            came.insert(sequence);
            highest = highest.max(sequence);
        }
    }
    assert_eq!(window.highest(), highest);
}

#[test]
fn a_bucket_has_a_burst_and_then_one_in_each_period() {
    let start = Instant::from_nanos(5);
    let mut bucket = Bucket::new(start);
    let mut take = |after: Duration, times: u8| {
        let taken = (0..times).filter(|_| bucket.take(start + after));
        taken.count()
    };
    assert_eq!(take(Duration::ZERO, 20), 8);
    assert_eq!(take(Duration::from_millis(999), 20), 0);
    assert_eq!(take(Duration::from_millis(2_500), 20), 2);
    // The half second counts.
    assert_eq!(take(Duration::from_millis(3_000), 20), 1);
    assert_eq!(take(Duration::from_secs(3_600), 20), 8);
}

#[test]
fn a_handshake_with_one_key_gives_both_ends_the_same() {
    let [(heard, ours), (_, theirs)] = shake(&key(3), &key(3)).unwrap();
    assert_eq!(heard, welcome());
    assert_eq!(ours, theirs);
    assert_ne!(ours.from_agent, ours.from_coordinator);
}

#[test]
fn a_handshake_with_two_keys_fails() {
    assert_eq!(shake(&key(3), &key(4)), Err(HandshakeError));
}

#[test]
fn another_seed_gives_other_keys() {
    let mut asked = register("sta");
    let attempt = Attempt::new(key(3), key(1), STA, &asked);
    asked.handshake = attempt.first().unwrap();
    let split = |seed| {
        answer(&key(3), &key(seed), STA, &asked, &welcome())
            .unwrap()
            .1
    };
    assert_ne!(split(5), split(6));
    let other = Attempt::new(key(3), key(8), STA, &asked);
    assert_ne!(other.first().unwrap(), asked.handshake);
}

/// Every octet of the REGISTER, the sender's address and both messages.
#[test]
fn whatever_is_changed_on_the_way_ends_the_handshake() {
    let mut asked = register("sta");
    let attempt = Attempt::new(key(3), key(1), STA, &asked);
    asked.handshake = attempt.first().unwrap();
    assert_eq!(asked.handshake.octets().len(), FIRST);
    let reply = |register: &Register, station| {
        answer(&key(3), &key(2), station, register, &welcome()).map(|(second, _)| second)
    };
    let second = reply(&asked, STA).unwrap();
    assert_eq!(second.octets().len(), SECOND);
    let changes: [fn(&mut Register); 4] = [
        |r| r.instance += 1,
        |r| r.epoch += 1,
        |r| r.strategies += 1,
        |r| r.name = AgentName::try_from("stb").unwrap(),
    ];
    for change in changes {
        let mut changed = asked.clone();
        change(&mut changed);
        assert_eq!(reply(&changed, STA), Err(HandshakeError), "{changed}");
    }
    let elsewhere = MacAddr([2, 0, 0, 0, 1, 2]);
    assert_eq!(reply(&asked, elsewhere), Err(HandshakeError));
    let tampered = |message: &Handshake, at: usize| {
        let mut octets = message.octets().to_vec();
        octets[at] ^= 1;
        Handshake::new(&octets).unwrap()
    };
    for at in 0..FIRST {
        let handshake = tampered(&asked.handshake, at);
        let changed = Register {
            handshake,
            ..asked.clone()
        };
        assert_eq!(reply(&changed, STA), Err(HandshakeError), "octet {at}");
    }
    for at in 0..SECOND {
        let changed = tampered(&second, at);
        assert_eq!(attempt.finish(&changed), Err(HandshakeError), "octet {at}");
    }
    for len in [0, 1, 31, 32, FIRST - 1, FIRST + 1, Handshake::MAX] {
        let mut octets = asked.handshake.octets().to_vec();
        octets.resize(len, 0);
        let handshake = Handshake::new(&octets).unwrap();
        let changed = Register {
            handshake,
            ..asked.clone()
        };
        assert_eq!(reply(&changed, STA), Err(HandshakeError), "length {len}");
        assert!(attempt.finish(&handshake).is_err(), "length {len}");
    }
    // The agent's end is unharmed by all of that.
    assert!(attempt.finish(&second).is_ok());
}

fn frame(sender: &mut Sender) -> Vec<u8> {
    let reason = ByeReason::Leaving;
    let mut buf = [0; MAX_FRAME];
    let header = Header {
        session: 3,
        ..Header::default()
    };
    let message = Message::Bye(Bye { reason });
    let len = message.encode(&header, &mut buf).unwrap();
    assert!(sender.seal(&mut buf[..len]));
    buf[..len].to_vec()
}

#[test]
fn a_sealed_frame_opens_once_with_its_key_and_direction() {
    let mut sender = Sender::new(key(5), Side::Agent);
    let mut receiver = Receiver::new(key(5), Side::Agent, 0);
    let first = frame(&mut sender);
    let mut padded = first.clone();
    padded.resize(46, 0);
    for other in [
        Receiver::new(key(6), Side::Agent, 0),
        Receiver::new(key(5), Side::Coordinator, 0),
    ] {
        assert_eq!(other.clone().open(&first), Err(AuthError::BadTag));
    }
    assert_eq!(receiver.open(&padded), Ok(()));
    assert_eq!(receiver.open(&first), Err(AuthError::Replayed(1)));
    assert_eq!(receiver.open(&frame(&mut sender)), Ok(()));
    assert_eq!(sender.sequence(), receiver.highest());
}

#[test]
fn a_frame_that_is_changed_or_cut_does_not_open_and_moves_no_window() {
    let sealed = frame(&mut Sender::new(key(5), Side::Agent));
    let mut receiver = Receiver::new(key(5), Side::Agent, 0);
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(
                receiver.open(&changed),
                Err(AuthError::BadTag),
                "{at}.{bit}"
            );
        }
    }
    for len in 0..sealed.len() {
        assert_eq!(receiver.open(&sealed[..len]), Err(AuthError::BadTag));
    }
    assert_eq!(receiver.open(&sealed), Ok(()));
}

#[test]
fn a_sender_without_numbers_left_seals_nothing() {
    let mut sender = Sender::new(key(5), Side::Agent);
    sender.sequence = u32::MAX - 1;
    let mut sealed = frame(&mut sender);
    let before = sealed.clone();
    assert!(!sender.seal(&mut sealed));
    assert_eq!(sealed, before);
    assert!(!Sender::new(key(5), Side::Agent).seal(&mut sealed[..HEADER_LEN - 1]));
}

/// What authentication costs on the air: no octet in any frame, but longer registrations.
#[test]
fn the_cost_of_a_registration_is_what_the_documents_say() {
    let octets = |message: &Message| {
        let mut buf = [0; MAX_FRAME];
        u32::try_from(message.encode(&Header::default(), &mut buf).unwrap()).unwrap()
    };
    let phy = |kind| Phy { kind, wmm: false };
    let cells = [
        (phy(PhyKind::DsssLong), Rate(110)),
        (phy(PhyKind::Ofdm), Rate(540)),
    ];
    let mut seen = Vec::new();
    for len in [0, FIRST] {
        let handshake = Handshake::new(&[1; FIRST][..len]).unwrap();
        let message = Message::Register(Register {
            handshake,
            ..register("laptop-7")
        });
        seen.push(octets(&message));
    }
    for len in [0, SECOND] {
        let ack = Message::RegisterAck(RegisterAck {
            instance: 1,
            session: 1,
            status: RegisterStatus::Accepted,
            phy: cells[0].0,
            policy_version: 1,
            cycle: Duration::from_millis(20),
            silent_cycles: 2,
            turn: crate::airtime::Turn::Paired,
            strategies: Register::POLL,
            handshake: Handshake::new(&[1; SECOND][..len]).unwrap(),
        });
        seen.push(octets(&ack));
    }
    assert_eq!(seen, [39, 89, 42, 132]);
    let confirm = octets(&Message::Request(crate::wire::Request {
        backlog: crate::wire::Backlog::default(),
        rate: Rate(0),
    }));
    let micros = cells.map(|(phy, rate)| {
        let air = |octets| phy.exchange(rate, octets).as_nanos();
        let open = air(seen[0]) + air(seen[2]);
        let keyed = air(seen[1]) + air(seen[3]) + air(confirm);
        [open / 1_000, keyed / 1_000]
    });
    assert_eq!(micros, [[1_732, 2_695], [355, 556]]);
}
