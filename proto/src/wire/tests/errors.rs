//! What is refused, where, and in which words.

use super::*;

/// A body that is fine up to the octet under test.
const FLOW: &str = "04 11 2e 1234 5678 0a000002 c0a80109";

fn body(message_type: u8, text: &str) -> Vec<u8> {
    frame(message_type, &hex(text))
}

fn rule(tlvs: &str) -> Vec<u8> {
    let mut value = hex("02 00000001 0002 00000003 00000004");
    value.extend(hex(tlvs));
    let mut body = hex("00000001 00 01 01");
    body.push(u8::try_from(value.len()).unwrap());
    body.extend(value);
    frame(4, &body)
}

#[test]
fn errors_say_message_place_and_kind() {
    let reserve = |text: &str| body(5, &std::format!("{text} {FLOW}"));
    let reserved = |text: &str| body(6, &std::format!("{text} {FLOW}"));
    let mut long = body(14, "00");
    long[2..4].copy_from_slice(&1_481_u16.to_be_bytes());
    let long_handshake = std::format!("00000001 00000002 01 02 61 {}", "61".repeat(97));
    let long_reason = std::format!("01 0001 02 00000000 01 79 {}", "61".repeat(121));
    let long_name = std::format!("00000001 00000002 01 01 21 {}", "61".repeat(33));
    for (octets, text) in [
        (
            hex(""),
            "frame, octet 0: version needs 1 octets, 0 are left",
        ),
        (
            hex("02"),
            "frame, octet 0: protocol version 2, this is version 1",
        ),
        (hex("01"), "frame, octet 1: type needs 1 octets, 0 are left"),
        (hex("01 00"), "frame, octet 1: message type 0 is unknown"),
        (body(17, ""), "frame, octet 1: message type 17 is unknown"),
        (
            hex("01 07 00"),
            "TOKEN, octet 2: length needs 2 octets, 1 are left",
        ),
        (
            long,
            "BYE, octet 2: a body of 1481 octets is longer than a frame may be",
        ),
        (
            body(14, "00")[..20].to_vec(),
            "BYE, octet 20: body needs 1 octets, 0 are left",
        ),
        (
            body(14, ""),
            "BYE, octet 20: reason needs 1 octets, 0 are left",
        ),
        (
            body(14, "02"),
            "BYE, octet 20: reason is 2, which has no meaning",
        ),
        (
            body(1, "00000001 02 00000000 00000000 00000000"),
            "HELLO, octet 24: mode is 2, which has no meaning",
        ),
        (
            body(2, &long_name),
            "REGISTER, octet 31: name is 1 octets too long",
        ),
        (
            body(2, &long_handshake),
            "REGISTER, octet 31: handshake is 1 octets too long",
        ),
        (
            body(2, "00000001 00000002 01 02 30 00"),
            "REGISTER, octet 31: TLV needs 48 octets, 1 are left",
        ),
        (
            body(2, "00000001 00000002 01 01 02 c328"),
            "REGISTER, octet 31: name is not UTF-8",
        ),
        (
            body(3, "00000001 00000002 00 00 00 00000000 00000000 00 02 00"),
            "REGISTER_ACK, octet 40: turn is 2, which has no meaning",
        ),
        (
            body(3, "00000001 00000002 05 00 00 00000000 00000000 00"),
            "REGISTER_ACK, octet 28: status is 5, which has no meaning",
        ),
        (
            body(3, "00000001 00000002 00 05 00 00000000 00000000 00"),
            "REGISTER_ACK, octet 29: PHY is 5, which has no meaning",
        ),
        (
            body(3, "00000001 00000002 00 00 02 00000000 00000000 00"),
            "REGISTER_ACK, octet 30: WMM is 2, which has no meaning",
        ),
        (
            body(4, "00000001 00 00"),
            "POLICY, octet 24: part index is 0, which has no meaning",
        ),
        (
            body(4, "00000001 03 03"),
            "POLICY, octet 24: part index is 3, which has no meaning",
        ),
        (
            body(4, "00000001 00 01 01 03 020000"),
            "POLICY, octet 29: promised rate needs 4 octets, 2 are left",
        ),
        (
            rule("03 02 1111"),
            "POLICY, octet 46: protocol is 1 octets too long",
        ),
        (
            rule("03 00"),
            "POLICY, octet 45: protocol needs 1 octets, 0 are left",
        ),
        (
            rule("02 05 0102030405"),
            "POLICY, octet 45: station needs 6 octets, 5 are left",
        ),
        (
            rule("04 05 21 0a000000"),
            "POLICY, octet 45: station IP is 33, which has no meaning",
        ),
        (
            rule("05 11 81 20010db8000000000000000000000000"),
            "POLICY, octet 45: remote IP is 129, which has no meaning",
        ),
        (
            rule("05 04 08 0a0000"),
            "POLICY, octet 46: address needs 4 octets, 3 are left",
        ),
        (
            rule("05 06 08 0a00000000"),
            "POLICY, octet 46: address needs 16 octets, 5 are left",
        ),
        (
            rule("06 04 0002 0001"),
            "POLICY, octet 47: port is 1, which has no meaning",
        ),
        (
            rule("09 01 40"),
            "POLICY, octet 45: DSCP is 64, which has no meaning",
        ),
        (
            rule("09"),
            "POLICY, octet 44: TLV length needs 1 octets, 0 are left",
        ),
        (
            reserve("02 0001 02 00000001 0002 00000003"),
            "RESERVE, octet 20: operation is 2, which has no meaning",
        ),
        (
            reserve("00 0001 03 00000001 0002 00000003"),
            "RESERVE, octet 23: direction is 3, which has no meaning",
        ),
        (
            body(
                5,
                "00 0001 02 00000001 0002 00000003 05 11 2e 1234 5678 0a000002 c0a80109",
            ),
            "RESERVE, octet 34: address family is 5, which has no meaning",
        ),
        (
            body(
                5,
                "00 0001 02 00000001 0002 00000003 04 11 40 1234 5678 0a000002 c0a80109",
            ),
            "RESERVE, octet 36: DSCP is 64, which has no meaning",
        ),
        (
            reserved("05 00 0001 02 00000001 00000002"),
            "RESERVED, octet 20: outcome is 5, which has no meaning",
        ),
        (
            reserved("00 01 0001 02 00000001 00000002"),
            "RESERVED, octet 21: reason is 1, which has no meaning",
        ),
        (
            reserved("01 04 0001 02 00000001 00000002"),
            "RESERVED, octet 21: reason is 4, which has no meaning",
        ),
        (
            reserved("02 00 0001 02 00000001 00000002"),
            "RESERVED, octet 21: reason is 0, which has no meaning",
        ),
        (
            reserved("02 08 0001 02 00000001 00000002"),
            "RESERVED, octet 21: reason is 8, which has no meaning",
        ),
        (
            reserved("03 00 0001 02 00000001 00000002"),
            "RESERVED, octet 21: reason is 0, which has no meaning",
        ),
        (
            reserved("04 04 0001 02 00000001 00000002"),
            "RESERVED, octet 21: reason is 4, which has no meaning",
        ),
        (
            body(7, "00000001 02 00000000 00000000 00000000 00000000 0000"),
            "TOKEN, octet 24: probe is 2, which has no meaning",
        ),
        (
            body(
                8,
                "00000001 00000000 00000000 0000 0000 0000 00000000 0000 00000000 0000 02 00000000 00000000",
            ),
            "RETURN, octet 50: refused is 2, which has no meaning",
        ),
        (
            body(9, "0001"),
            "REQUEST, octet 22: backlog octets needs 4 octets, 0 are left",
        ),
        (
            body(10, "00000001 00000002 31"),
            "SCHEDULE, octet 28: number of slots is 49, which has no meaning",
        ),
        (
            body(10, "00000001 00000002 01 0200000001"),
            "SCHEDULE, octet 29: station needs 6 octets, 5 are left",
        ),
        (
            body(11, "04 0000"),
            "DATA, octet 20: parts is 4, which has no meaning",
        ),
        (
            body(11, "00 0001"),
            "DATA, octet 23: packets needs 1 octets, 0 are left",
        ),
        (
            body(11, "00 0001 aa"),
            "DATA, octet 23: length of packet needs 2 octets, 1 are left",
        ),
        (
            body(11, "00 0002 0000"),
            "DATA, octet 23: length of packet is 0, which has no meaning",
        ),
        (
            body(11, "00 0003 0002 aa bb"),
            "DATA, octet 25: packet needs 2 octets, 1 are left",
        ),
        (
            body(12, "03 0001 020000000101"),
            "LEAVE, octet 20: stage is 3, which has no meaning",
        ),
        (
            body(12, "01 0001 0200000001"),
            "LEAVE, octet 23: candidate needs 6 octets, 5 are left",
        ),
        (
            body(13, "03 0001 00 00000000"),
            "GO, octet 20: stage is 3, which has no meaning",
        ),
        (
            body(13, "01 0001 05 00000000"),
            "GO, octet 23: outcome is 5, which has no meaning",
        ),
        (
            body(13, "01 0001 02 00000000 01 02 c328"),
            "GO, octet 30: reason is not UTF-8",
        ),
        (
            body(13, &long_reason),
            "GO, octet 30: reason is 1 octets too long",
        ),
        (
            body(15, "020000000101 81"),
            "SEEN, octet 26: number of digests is 129, which has no meaning",
        ),
        (
            body(15, "020000000101 02 00000001 0000"),
            "SEEN, octet 31: digest needs 4 octets, 2 are left",
        ),
        (
            body(16, "41"),
            "NEIGHBOURS, octet 20: number of neighbours is 65, which has no meaning",
        ),
        (
            body(16, "01 020000000101 14"),
            "NEIGHBOURS, octet 27: frequency needs 2 octets, 1 are left",
        ),
    ] {
        let error = Message::decode(&octets).expect_err(text);
        assert_eq!(std::format!("{error}"), text);
    }
}

#[test]
fn errors_compare() {
    let expected = DecodeError {
        message: Some(MessageType::Bye),
        at: 20,
        kind: DecodeErrorKind::BadValue {
            field: "reason",
            value: 9,
        },
    };
    assert_eq!(Message::decode(&body(14, "09")), Err(expected));
}

#[test]
fn a_buffer_that_is_too_small_is_an_error() {
    for (octets, message) in golden::all() {
        let mut buf = [0xa5; MAX_FRAME];
        for len in 0..octets.len() {
            let error = message.encode(&HEADER, &mut buf[..len]).unwrap_err();
            let EncodeError::BufferTooSmall { need, room } = error else {
                panic!("{message}: {error}");
            };
            assert_eq!(room, len);
            assert!(need > len && need <= octets.len(), "{message}: {error}");
        }
        let exact = message.encode(&HEADER, &mut buf[..octets.len()]);
        assert_eq!(exact, Ok(octets.len()), "{message}");
    }
}

fn refused(message: &Message) -> EncodeError {
    message.encode(&HEADER, &mut [0; 4_000]).unwrap_err()
}

fn policy(rule: Rule) -> Message {
    Message::Policy(Policy {
        version: 1,
        index: 0,
        count: 1,
        rules: std::vec![rule],
    })
}

#[test]
fn values_that_a_receiver_would_refuse_are_not_sent() {
    let reserve = |rule, key| {
        let promise = full_rule().promise;
        let (op, direction) = (ReserveOp::Open, Direction::Both);
        Message::Reserve(Reserve {
            op,
            rule,
            key,
            direction,
            promise,
        })
    };
    let with = |change: fn(&mut Rule)| {
        let mut rule = full_rule();
        change(&mut rule);
        policy(rule)
    };
    let backwards = |rule: &mut Rule| rule.matches.port = Some(PortRange { first: 2, last: 1 });
    let mixed = FlowKey {
        dst: v6_flow().dst,
        ..v4_flow()
    };
    let marked = FlowKey {
        dscp: 64,
        ..v4_flow()
    };
    let nowhere = Message::Policy(Policy {
        version: 1,
        index: 1,
        count: 1,
        rules: std::vec![],
    });
    let slot = Slot {
        station: crate::mac::MacAddr([2; 6]),
        offset: Duration::ZERO,
        rt: Duration::ZERO,
        nrt: Duration::ZERO,
        valid: Duration::ZERO,
        rate: Rate(0),
    };
    let crowded = Message::Schedule(Schedule {
        token: 1,
        cycle_number: 1,
        slots: std::vec![slot; Schedule::MAX_SLOTS + 1],
    });
    let verbose = Message::Seen(Seen {
        from: crate::mac::MacAddr([2; 6]),
        digests: std::vec![1; Seen::MAX + 1],
    });
    let neighbour = Neighbour {
        bssid: crate::mac::MacAddr([2; 6]),
        frequency: 5_180,
    };
    let sociable = Message::Neighbours(Neighbours(std::vec![neighbour; Neighbours::MAX + 1]));
    for (message, field) in [
        (crowded, "slots"),
        (verbose, "digests"),
        (sociable, "neighbours"),
        (reserve(Some(0xffff), v4_flow()), "rule"),
        (reserve(None, mixed), "address family"),
        (reserve(None, marked), "DSCP"),
        (nowhere, "part index"),
        (with(|rule| rule.name = "x".repeat(33)), "rule name"),
        (with(|rule| rule.matches.dscp = Some(64)), "DSCP"),
        (with(backwards), "port"),
        (
            with(|rule| rule.matches.station_ip.as_mut().unwrap().bits = 33),
            "station IP",
        ),
        (
            with(|rule| rule.matches.remote_ip.as_mut().unwrap().bits = 129),
            "remote IP",
        ),
    ] {
        assert_eq!(refused(&message), EncodeError::Unfit { field }, "{message}");
    }
}

#[test]
fn a_frame_is_never_longer_than_the_link_carries() {
    // 26 octets, 12 rules of 118, and one that fills what is left: 17, 8 for the station, the name.
    let message = |name: usize| {
        let mut rules = std::vec![full_rule(); 13];
        for rule in &mut rules {
            rule.name = "x".repeat(32);
        }
        rules[12].rank = Rank::default();
        rules[12].name = "x".repeat(name);
        rules[12].matches = Match {
            station: full_rule().matches.station,
            ..Match::default()
        };
        Message::Policy(Policy {
            version: 1,
            index: 0,
            count: 1,
            rules,
        })
    };
    let octets = encode(&HEADER, &message(31));
    assert_eq!(octets.len(), MAX_FRAME);
    assert_eq!(Message::decode(&octets), Ok((HEADER, message(31))));
    assert_eq!(refused(&message(32)), EncodeError::TooLong(MAX_FRAME));
}

/// With both parts, so that a frame can also carry less.
#[test]
fn packets_fill_a_frame_and_no_more() {
    let golden = golden::all();
    let parts = golden.iter().find_map(|(_, message)| match message {
        Message::Data(data) if data.token.is_some() && data.answer.is_some() => Some(data),
        _ => None,
    });
    let mut packets = Packets::default();
    assert!(!packets.push(&[]), "empty");
    assert!(
        !packets.push(&[0; Packets::MAX - 1]),
        "no room for its length"
    );
    assert!(packets.push(&[1; 100]) && packets.push(&[2; Packets::MAX - 104]));
    assert!(!packets.has_room(0) && !packets.push(&[3]));
    let message = Message::Data(Data {
        packets,
        ..parts.unwrap().clone()
    });
    let octets = encode(&HEADER, &message);
    assert_eq!(octets.len(), MAX_FRAME);
    assert_eq!(Message::decode(&octets), Ok((HEADER, message)));
}

#[test]
fn encode_errors_and_others_in_words() {
    for (error, text) in [
        (
            std::format!("{}", EncodeError::BufferTooSmall { need: 20, room: 3 }),
            "the buffer holds 3 octets, at least 20 are needed",
        ),
        (
            std::format!("{}", EncodeError::TooLong(MAX_FRAME)),
            "the frame would be longer than 1500 octets",
        ),
        (
            std::format!("{}", EncodeError::Unfit { field: "DSCP" }),
            "DSCP does not fit its field",
        ),
        (
            std::format!("{}", AgentName::try_from("x".repeat(33)).unwrap_err()),
            "a name has at most 32 octets, this one has 33",
        ),
        (
            std::format!("{}", GoReason::try_from("x".repeat(121)).unwrap_err()),
            "a reason has at most 120 octets, this one has 121",
        ),
        (
            std::format!("{}", AssemblyError::TooManyRules),
            "the policy has more than 256 rules",
        ),
        (
            std::format!("{}", AssemblyError::BadIndex { index: 2, count: 2 }),
            "the policy has 2 parts, this one says it is number 2, counted from 0",
        ),
    ] {
        assert_eq!(error, text);
    }
}

#[test]
fn a_recorded_name_is_checked_too() {
    let long = std::format!("\"{}\"", "x".repeat(33));
    assert!(serde_json::from_str::<AgentName>(&long).is_err());
    let name: AgentName = serde_json::from_str("\"px1\"").unwrap();
    assert_eq!(name.as_str(), "px1");
}
