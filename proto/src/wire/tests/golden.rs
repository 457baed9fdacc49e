//! Frames written by hand beside the values they stand for; both directions must agree.

use super::*;

/// Message type, body in hexadecimal, and what it means.
type Vector = (u8, &'static str, Message);

fn hellos() -> [Vector; 3] {
    let hello = Hello {
        epoch: 0x0102_0304,
        mode: CellMode::Token,
        cycle: micros(0x0506_0708),
        cycle_number: 0x090a_0b0c,
        policy_version: 0x0d0e_0f10,
    };
    let zero = Hello {
        epoch: 0,
        mode: CellMode::Free,
        cycle: Duration::ZERO,
        cycle_number: 0,
        policy_version: 0,
    };
    let full = Hello {
        epoch: u32::MAX,
        mode: CellMode::Token,
        cycle: LONGEST,
        cycle_number: u32::MAX,
        policy_version: u32::MAX,
    };
    [
        (
            1,
            "01020304 01 05060708 090a0b0c 0d0e0f10",
            Message::Hello(hello),
        ),
        (
            1,
            "00000000 00 00000000 00000000 00000000",
            Message::Hello(zero),
        ),
        (
            1,
            "ffffffff 01 ffffffff ffffffff ffffffff",
            Message::Hello(full),
        ),
    ]
}

fn registers() -> [Vector; 4] {
    let register = |name: &str| Register {
        instance: 0x0102_0304,
        epoch: 0x0506_0708,
        strategies: Register::POLL,
        name: name.try_into().unwrap(),
        handshake: Handshake::NONE,
    };
    let full = Register {
        instance: u32::MAX,
        epoch: u32::MAX,
        strategies: 0xff,
        name: "0123456789abcdef0123456789abcdé".try_into().unwrap(),
        handshake: Handshake::NONE,
    };
    let with_keys = Register {
        handshake: Handshake::new(&[0xa0, 0xa1, 0xa2]).unwrap(),
        ..register("px1")
    };
    [
        (2, "01020304 05060708 01", Message::Register(register(""))),
        (
            2,
            "01020304 05060708 01 01 03 707831",
            Message::Register(register("px1")),
        ),
        (
            2,
            "ffffffff ffffffff ff 01 20
             30313233343536373839616263646566 3031323334353637383961626364 c3a9",
            Message::Register(full),
        ),
        (
            2,
            "01020304 05060708 01 01 03 707831 02 03 a0a1a2",
            Message::Register(with_keys),
        ),
    ]
}

fn register_acks() -> [Vector; 5] {
    let ack = |status, kind, wmm, turn, strategies| {
        Message::RegisterAck(RegisterAck {
            instance: 0x0102_0304,
            session: 0x0506_0708,
            status,
            phy: Phy { kind, wmm },
            policy_version: 0x090a_0b0c,
            cycle: micros(20_000),
            silent_cycles: 255,
            turn,
            strategies,
            handshake: Handshake::NONE,
        })
    };
    use RegisterStatus::{Accepted, Full, UnsupportedStrategy};
    [
        (
            3,
            "01020304 05060708 00 00 00 090a0b0c 00004e20 ff 00 01",
            ack(
                Accepted,
                PhyKind::DsssLong,
                false,
                Turn::Paired,
                Register::POLL,
            ),
        ),
        (
            3,
            "01020304 05060708 01 01 01 090a0b0c 00004e20 ff 01 05",
            ack(
                Full,
                PhyKind::DsssShort,
                true,
                Turn::Burst,
                Register::POLL | Register::BUNDLE,
            ),
        ),
        (
            3,
            "01020304 05060708 02 02 00 090a0b0c 00004e20 ff 00 00",
            ack(UnsupportedStrategy, PhyKind::Ofdm, false, Turn::Paired, 0),
        ),
        (
            3,
            "01020304 05060708 00 03 01 090a0b0c 00004e20 ff 01 03",
            ack(
                Accepted,
                PhyKind::Erp,
                true,
                Turn::Burst,
                Register::POLL | Register::SCHEDULE,
            ),
        ),
        (
            3,
            "01020304 05060708 00 04 01 090a0b0c 00004e20 ff 00 ff",
            ack(Accepted, PhyKind::ErpMixed, true, Turn::Paired, 0xff),
        ),
    ]
}

fn policies() -> [Vector; 3] {
    let empty = Policy {
        version: 0x0102_0304,
        index: 0,
        count: 1,
        rules: std::vec![],
    };
    let bare = Rule {
        name: "".into(),
        matches: Match::default(),
        promise: Promise {
            rate: u32::MAX,
            packet: u16::MAX,
            delay: LONGEST,
        },
        idle: Duration::from_millis(u32::MAX.into()),
        remark: None,
        rank: Rank::default(),
    };
    let last = Policy {
        version: u32::MAX,
        index: 254,
        count: 255,
        rules: std::vec![bare.clone(), bare],
    };
    let full = Policy {
        version: 1,
        index: 1,
        count: 2,
        rules: std::vec![full_rule()],
    };
    [
        (4, "01020304 00 01", Message::Policy(empty)),
        (
            4,
            "ffffffff fe ff
             01 0f 02 ffffffff ffff ffffffff ffffffff
             01 0f 02 ffffffff ffff ffffffff ffffffff",
            Message::Policy(last),
        ),
        (
            4,
            "00000001 01 02
             01 59 00 00015f90 00c8 00004e20 00007530
                01 05 766f696365
                02 06 020000000100
                03 01 11
                04 05 08 0a000000
                05 11 80 20010db8000000000000000000000000
                06 04 0102 0304
                07 04 0005 0005
                08 04 0000 ffff
                09 01 2e 0a 01 07 0b 04 00009c40",
            Message::Policy(full),
        ),
    ]
}

fn reserves() -> [Vector; 2] {
    let open = Reserve {
        op: ReserveOp::Open,
        rule: Some(0x0102),
        key: v4_flow(),
        direction: Direction::Both,
        promise: Promise {
            rate: 0x0304_0506,
            packet: 0x0708,
            delay: micros(0x090a_0b0c),
        },
    };
    let close = Reserve {
        op: ReserveOp::Close,
        rule: None,
        key: v6_flow(),
        direction: Direction::Up,
        promise: Promise {
            rate: u32::MAX,
            packet: u16::MAX,
            delay: LONGEST,
        },
    };
    [
        (
            5,
            "00 0102 02 03040506 0708 090a0b0c 04 11 2e 1234 5678 0a000002 c0a80109",
            Message::Reserve(open),
        ),
        (
            5,
            "01 ffff 00 ffffffff ffff ffffffff 06 06 3f 0001 ffff
             20010db8000000000000000000000001 20010db8000000000000000000000002",
            Message::Reserve(close),
        ),
    ]
}

fn reserveds() -> [Vector; 8] {
    let reserved = |outcome, rule, key, direction| {
        Message::Reserved(Reserved {
            outcome,
            rule,
            key,
            direction,
            rate: 0x0102_0304,
            largest: 0xffff_fffe,
            shape: None,
        })
    };
    use RefusalReason::{Airtime, Delay, NoSuchRule, TooMany};
    let refused = |reason| {
        let outcome = Outcome::Refused(reason);
        reserved(outcome, Some(0xfffe), v4_flow(), Direction::Down)
    };
    [
        (
            6,
            "00 00 0000 00 01020304 fffffffe 04 11 2e 1234 5678 0a000002 c0a80109",
            reserved(Outcome::Granted, Some(0), v4_flow(), Direction::Up),
        ),
        (
            6,
            "01 00 ffff 02 01020304 fffffffe 06 06 3f 0001 ffff
             20010db8000000000000000000000001 20010db8000000000000000000000002",
            reserved(Outcome::Released, None, v6_flow(), Direction::Both),
        ),
        (
            6,
            "02 01 fffe 01 01020304 fffffffe 04 11 2e 1234 5678 0a000002 c0a80109",
            refused(Airtime),
        ),
        (
            6,
            "02 02 fffe 01 01020304 fffffffe 04 11 2e 1234 5678 0a000002 c0a80109",
            refused(Delay),
        ),
        (
            6,
            "02 03 fffe 01 01020304 fffffffe 04 11 2e 1234 5678 0a000002 c0a80109",
            refused(NoSuchRule),
        ),
        (
            6,
            "02 04 fffe 01 01020304 fffffffe 04 11 2e 1234 5678 0a000002 c0a80109",
            refused(TooMany),
        ),
        (
            6,
            "03 01 0000 00 01020304 fffffffe 04 11 2e 1234 5678 0a000002 c0a80109",
            reserved(
                Outcome::Degraded(Pressure::RateFall),
                Some(0),
                v4_flow(),
                Direction::Up,
            ),
        ),
        (
            6,
            "04 03 0000 00 01020304 fffffffe 04 11 2e 1234 5678 0a000002 c0a80109",
            reserved(
                Outcome::Withdrawn(Pressure::UnregisteredLoad),
                Some(0),
                v4_flow(),
                Direction::Up,
            ),
        ),
    ]
}

fn tokens() -> [Vector; 2] {
    let token = Token {
        token: 0x0102_0304,
        probe: false,
        cycle_number: 0x0506_0708,
        rt: micros(0x090a_0b0c),
        nrt: micros(0x0d0e_0f10),
        valid: micros(0x1112_1314),
        rate: Rate(540),
    };
    let full = Token {
        token: u32::MAX,
        probe: true,
        cycle_number: u32::MAX,
        rt: LONGEST,
        nrt: LONGEST,
        valid: LONGEST,
        rate: Rate(u16::MAX),
    };
    [
        (
            7,
            "01020304 00 05060708 090a0b0c 0d0e0f10 11121314 021c",
            Message::Token(token),
        ),
        (
            7,
            "ffffffff 01 ffffffff ffffffff ffffffff ffffffff ffff",
            Message::Token(full),
        ),
    ]
}

fn returns() -> [Vector; 2] {
    let back = Return {
        token: 0x1122_3344,
        used_rt: micros(0x5566_7788),
        used_nrt: micros(0x99aa_bbcc),
        sent_rt: 0xddee,
        sent_nrt: 0xff01,
        backlog: backlog(),
        rate: Rate(0),
        refused: true,
        oldest: micros(0x0d0e_0f10),
        newest: micros(0x1112_1314),
    };
    let full = Return {
        token: u32::MAX,
        used_rt: LONGEST,
        used_nrt: LONGEST,
        sent_rt: u16::MAX,
        sent_nrt: u16::MAX,
        backlog: Backlog {
            rt: FULL_CLASS,
            nrt: FULL_CLASS,
        },
        rate: Rate(u16::MAX),
        refused: false,
        oldest: LONGEST,
        newest: LONGEST,
    };
    [
        (
            8,
            "11223344 55667788 99aabbcc ddee ff01 0102 03040506 0708 090a0b0c 0000 01
             0d0e0f10 11121314",
            Message::Return(back),
        ),
        (
            8,
            "ffffffff ffffffff ffffffff ffff ffff ffff ffffffff ffff ffffffff ffff 00
             ffffffff ffffffff",
            Message::Return(full),
        ),
    ]
}

fn schedules() -> [Vector; 3] {
    let slot = |n, octet: u64| Slot {
        station: crate::mac::MacAddr([2, 0, 0, 0, 1, n]),
        offset: micros(octet << 24 | 1),
        rt: micros(octet << 24 | 2),
        nrt: micros(octet << 24 | 3),
        valid: micros(octet << 24 | 4),
        rate: Rate(540),
    };
    let schedule = |token, cycle_number, slots| {
        Message::Schedule(Schedule {
            token,
            cycle_number,
            slots,
        })
    };
    let full = Slot {
        station: crate::mac::MacAddr::BROADCAST,
        offset: LONGEST,
        rt: LONGEST,
        nrt: LONGEST,
        valid: LONGEST,
        rate: Rate(u16::MAX),
    };
    [
        (
            10,
            "01020304 05060708 00",
            schedule(0x0102_0304, 0x0506_0708, std::vec![]),
        ),
        (
            10,
            "00000001 00000002 02
             020000000101 0a000001 0a000002 0a000003 0a000004 021c
             020000000102 0b000001 0b000002 0b000003 0b000004 021c",
            schedule(1, 2, std::vec![slot(1, 0x0a), slot(2, 0x0b)]),
        ),
        (
            10,
            "ffffffff ffffffff 01 ffffffffffff ffffffff ffffffff ffffffff ffffffff ffff",
            schedule(u32::MAX, u32::MAX, std::vec![full]),
        ),
    ]
}

fn packets(list: &[&[u8]]) -> Packets {
    let mut packets = Packets::default();
    assert!(list.iter().all(|packet| packets.push(packet)));
    packets
}

fn datas() -> [Vector; 4] {
    let [(.., Message::Token(token)), _] = tokens() else {
        unreachable!("a TOKEN");
    };
    let [(.., Message::Return(answer)), _] = returns() else {
        unreachable!("a RETURN");
    };
    let data = |token, answer, packets| {
        Message::Data(Data {
            token,
            answer,
            packets,
        })
    };
    [
        (11, "00 0000", data(None, None, packets(&[]))),
        (
            11,
            "01 01020304 00 05060708 090a0b0c 0d0e0f10 11121314 021c 0007 0001 aa 0002 bbcc",
            data(Some(token), None, packets(&[&[0xaa], &[0xbb, 0xcc]])),
        ),
        (
            11,
            "02 11223344 55667788 99aabbcc ddee ff01 0102 03040506 0708 090a0b0c 0000 01
             0d0e0f10 11121314 0005 0003 0a0b0c",
            data(None, Some(answer), packets(&[&[10, 11, 12]])),
        ),
        (
            11,
            "03 01020304 00 05060708 090a0b0c 0d0e0f10 11121314 021c
             11223344 55667788 99aabbcc ddee ff01 0102 03040506 0708 090a0b0c 0000 01
             0d0e0f10 11121314 0003 0001 ff",
            data(Some(token), Some(answer), packets(&[&[0xff]])),
        ),
    ]
}

fn rest() -> [Vector; 4] {
    let request = Request {
        backlog: backlog(),
        rate: Rate(55),
    };
    let empty = Request {
        backlog: Backlog::default(),
        rate: Rate(0),
    };
    let bye = |reason| Message::Bye(Bye { reason });
    [
        (
            9,
            "0102 03040506 0708 090a0b0c 0037",
            Message::Request(request),
        ),
        (
            9,
            "0000 00000000 0000 00000000 0000",
            Message::Request(empty),
        ),
        (14, "00", bye(ByeReason::Stopping)),
        (14, "01", bye(ByeReason::Leaving)),
    ]
}

fn leaves() -> [Vector; 4] {
    let leave = |stage, sequence, candidate| {
        Message::Leave(Leave {
            stage,
            sequence,
            candidate: crate::mac::MacAddr(candidate),
        })
    };
    let candidate = [2, 0, 0, 0, 1, 0x0a];
    [
        (
            12,
            "00 0102 02000000010a",
            leave(LeaveStage::Prepare, 0x0102, candidate),
        ),
        (
            12,
            "01 0103 02000000010a",
            leave(LeaveStage::Leave, 0x0103, candidate),
        ),
        (
            12,
            "02 0000 000000000000",
            leave(LeaveStage::Stay, 0, [0; 6]),
        ),
        (
            12,
            "01 ffff ffffffffffff",
            leave(LeaveStage::Leave, u16::MAX, [0xff; 6]),
        ),
    ]
}

fn gos() -> [Vector; 6] {
    let go = |stage, sequence, outcome, largest, reason: &str| {
        Message::Go(Go {
            stage,
            sequence,
            outcome,
            largest,
            reason: reason.try_into().unwrap(),
        })
    };
    use GoOutcome::{Draining, Partial, Ready, Refused, Unavailable};
    [
        (
            13,
            "01 0102 00 00000000",
            go(LeaveStage::Leave, 0x0102, Ready, 0, ""),
        ),
        (
            13,
            "00 0102 01 00015f90 01 04 66756c6c",
            go(LeaveStage::Prepare, 0x0102, Partial, 90_000, "full"),
        ),
        (
            13,
            "00 ffff 02 ffffffff 01 02 c3a9",
            go(LeaveStage::Prepare, u16::MAX, Refused, u32::MAX, "é"),
        ),
        (
            13,
            "01 0000 03 00000000 01 78
             616161616161616161616161616161616161616161616161616161616161
             616161616161616161616161616161616161616161616161616161616161
             616161616161616161616161616161616161616161616161616161616161
             616161616161616161616161616161616161616161616161616161616161",
            go(LeaveStage::Leave, 0, Unavailable, 0, &"a".repeat(120)),
        ),
        (
            13,
            "02 0001 00 00000000",
            go(LeaveStage::Stay, 1, Ready, 0, ""),
        ),
        (
            13,
            "01 0102 04 00000000",
            go(LeaveStage::Leave, 0x0102, Draining, 0, ""),
        ),
    ]
}

fn seens() -> [Vector; 3] {
    let seen = |from, digests| {
        Message::Seen(Seen {
            from: crate::mac::MacAddr(from),
            digests,
        })
    };
    [
        (
            15,
            "02000000010a 02 01020304 fffefdfc",
            seen([2, 0, 0, 0, 1, 0x0a], std::vec![0x0102_0304, 0xfffe_fdfc]),
        ),
        (15, "000000000000 00", seen([0; 6], std::vec![])),
        (
            15,
            "ffffffffffff 01 ffffffff",
            seen([0xff; 6], std::vec![u32::MAX]),
        ),
    ]
}

fn neighbours() -> [Vector; 2] {
    let neighbours = |all| Message::Neighbours(Neighbours(all));
    let neighbour = |bssid, frequency| Neighbour {
        bssid: crate::mac::MacAddr(bssid),
        frequency,
    };
    [
        (
            16,
            "02 02000000010a 143c ffffffffffff ffff",
            neighbours(std::vec![
                neighbour([2, 0, 0, 0, 1, 0x0a], 5_180),
                neighbour([0xff; 6], u16::MAX),
            ]),
        ),
        (16, "00", neighbours(std::vec![])),
    ]
}

/// Every vector as a whole frame, with what it means.
pub(super) fn all() -> Vec<(Vec<u8>, Message)> {
    let mut vectors = Vec::new();
    vectors.extend(hellos());
    vectors.extend(registers());
    vectors.extend(register_acks());
    vectors.extend(policies());
    vectors.extend(reserves());
    vectors.extend(reserveds());
    vectors.extend(tokens());
    vectors.extend(returns());
    vectors.extend(schedules());
    vectors.extend(datas());
    vectors.extend(leaves());
    vectors.extend(gos());
    vectors.extend(seens());
    vectors.extend(neighbours());
    vectors.extend(rest());
    vectors
        .into_iter()
        .map(|(message_type, body, message)| (frame(message_type, &hex(body)), message))
        .collect()
}

#[test]
fn every_message_has_vectors() {
    let vectors = all();
    for message_type in MessageType::ALL {
        let found = vectors
            .iter()
            .any(|(_, m)| m.message_type() == *message_type);
        assert!(found, "{message_type}");
    }
}

#[test]
fn frames_are_as_long_as_their_airtime_says() {
    for (octets, message) in all() {
        let said = match &message {
            Message::Hello(_) => Hello::OCTETS,
            Message::Token(_) => Token::OCTETS,
            Message::Return(_) => Return::OCTETS,
            Message::Request(_) => Request::OCTETS,
            Message::Schedule(schedule) => {
                Schedule::octets(u32::try_from(schedule.slots.len()).unwrap())
            }
            Message::Data(data) => {
                let (count, sum) = data.packets.iter().fold((0, 0), |(count, sum), packet| {
                    (count + 1, sum + u32::try_from(packet.len()).unwrap())
                });
                Data::octets(data.token.is_some(), data.answer.is_some(), count, sum)
            }
            _ => continue,
        };
        assert_eq!(octets.len(), said as usize, "{message}");
    }
}

#[test]
fn octets_mean_what_is_written_beside_them() {
    for (octets, message) in all() {
        assert_eq!(Message::decode(&octets), Ok((HEADER, message)));
    }
}

#[test]
fn values_become_the_octets_and_nothing_behind_them_changes() {
    for (octets, message) in all() {
        let mut buf = [0xa5; MAX_FRAME];
        assert_eq!(message.encode(&HEADER, &mut buf), Ok(octets.len()));
        assert_eq!(buf[..octets.len()], octets, "{message}");
        assert!(
            buf[octets.len()..].iter().all(|&octet| octet == 0xa5),
            "{message}"
        );
    }
}

#[test]
fn the_header_octet_by_octet() {
    let bye = Message::Bye(Bye {
        reason: ByeReason::Leaving,
    });
    let octets = hex("01 0e 0001 ffffffff fffffffe 00000000000000ff 01");
    let header = Header {
        session: u32::MAX,
        sequence: u32::MAX - 1,
        tag: [0, 0, 0, 0, 0, 0, 0, 0xff],
    };
    assert_eq!(encode(&header, &bye), octets);
    assert_eq!(Message::decode(&octets), Ok((header, bye)));
}

#[test]
fn time_is_cut_to_microseconds_and_stops_at_the_longest() {
    let token = |rt, nrt, valid| Token {
        token: 1,
        probe: false,
        cycle_number: 2,
        rt,
        nrt,
        valid,
        rate: Rate(10),
    };
    let sent = token(
        Duration::from_nanos(999),
        Duration::from_nanos(1_999),
        Duration::from_nanos(u64::MAX),
    );
    let octets = encode(&HEADER, &Message::Token(sent));
    let received = token(Duration::ZERO, micros(1), LONGEST);
    assert_eq!(
        Message::decode(&octets),
        Ok((HEADER, Message::Token(received)))
    );
}

#[test]
fn idle_time_is_cut_to_milliseconds_and_stops_at_the_longest() {
    for (idle, carried) in [
        (Duration::from_micros(1_999), Duration::from_millis(1)),
        (
            Duration::from_secs(u64::MAX),
            Duration::from_millis(u32::MAX.into()),
        ),
    ] {
        let policy = |idle| {
            Message::Policy(Policy {
                version: 1,
                index: 0,
                count: 1,
                rules: std::vec![Rule {
                    idle,
                    ..full_rule()
                }],
            })
        };
        let octets = encode(&HEADER, &policy(idle));
        assert_eq!(Message::decode(&octets), Ok((HEADER, policy(carried))));
    }
}
