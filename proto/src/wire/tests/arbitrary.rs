//! Any message there can be, and any octets.

use core::net::IpAddr;

use std::string::String;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::mac::MacAddr;

fn span() -> impl Strategy<Value = Duration> {
    any::<u32>().prop_map(|n| micros(n.into()))
}

fn rate() -> impl Strategy<Value = Rate> {
    any::<u16>().prop_map(Rate)
}

fn name() -> impl Strategy<Value = String> {
    // At most four octets each.
    vec(any::<char>(), 0..=8).prop_map(|chars| chars.into_iter().collect())
}

fn ports() -> impl Strategy<Value = PortRange> {
    any::<(u16, u16)>().prop_map(|(a, b)| PortRange {
        first: a.min(b),
        last: a.max(b),
    })
}

fn prefix() -> impl Strategy<Value = Prefix> {
    any::<(IpAddr, u8)>().prop_map(|(addr, bits)| {
        let most = if addr.is_ipv4() { 32 } else { 128 };
        Prefix {
            addr,
            bits: bits % (most + 1),
        }
    })
}

fn direction() -> impl Strategy<Value = Direction> {
    prop::sample::select(&[Direction::Up, Direction::Down, Direction::Both][..])
}

fn promise() -> impl Strategy<Value = Promise> {
    (any::<u32>(), any::<u16>(), span()).prop_map(|(rate, packet, delay)| Promise {
        rate,
        packet,
        delay,
    })
}

fn flow() -> impl Strategy<Value = FlowKey> {
    let v4 = any::<([u8; 4], [u8; 4])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b)));
    let v6 = any::<([u8; 16], [u8; 16])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b)));
    let rest = (any::<(u8, u16, u16)>(), 0..=63u8);
    (prop_oneof![v4, v6], rest).prop_map(|((src, dst), ((protocol, src_port, dst_port), dscp))| {
        FlowKey {
            src,
            dst,
            protocol,
            src_port,
            dst_port,
            dscp,
        }
    })
}

pub(super) fn rule() -> impl Strategy<Value = Rule> {
    let ends = (
        option::of(any::<[u8; 6]>()),
        option::of(any::<u8>()),
        option::of(prefix()),
        option::of(prefix()),
    );
    let marks = (
        option::of(ports()),
        option::of(ports()),
        option::of(ports()),
        option::of(0..=63u8),
    );
    let rank = any::<(u8, Option<u32>)>();
    (
        name(),
        direction(),
        ends,
        marks,
        promise(),
        (any::<u32>(), rank),
    )
        .prop_map(
            |(name, direction, ends, marks, promise, (idle, (priority, min_rate)))| Rule {
                name,
                matches: Match {
                    station: ends.0.map(MacAddr),
                    direction,
                    protocol: ends.1,
                    station_ip: ends.2,
                    remote_ip: ends.3,
                    port: marks.0,
                    station_port: marks.1,
                    remote_port: marks.2,
                    dscp: marks.3,
                },
                promise,
                idle: Duration::from_millis(idle.into()),
                remark: None,
                rank: Rank { priority, min_rate },
            },
        )
}

fn hello() -> impl Strategy<Value = Message> {
    let mode = prop::sample::select(CellMode::ALL);
    (any::<[u32; 3]>(), mode, span()).prop_map(
        |([epoch, cycle_number, policy_version], mode, cycle)| {
            Message::Hello(Hello {
                epoch,
                mode,
                cycle,
                cycle_number,
                policy_version,
            })
        },
    )
}

fn handshake() -> impl Strategy<Value = Handshake> {
    vec(any::<u8>(), 0..=Handshake::MAX).prop_map(|octets| Handshake::new(&octets).unwrap())
}

fn register() -> impl Strategy<Value = Message> {
    let rest = (name(), handshake());
    (any::<(u32, u32, u8)>(), rest).prop_map(
        |((instance, epoch, strategies), (name, handshake))| {
            Message::Register(Register {
                instance,
                epoch,
                strategies,
                name: name.try_into().unwrap(),
                handshake,
            })
        },
    )
}

fn register_ack() -> impl Strategy<Value = Message> {
    let status = prop::sample::select(RegisterStatus::ALL);
    let kind = (0..=4u8).prop_map(|code| PhyKind::from_code(code).unwrap());
    let phy = (kind, any::<bool>()).prop_map(|(kind, wmm)| Phy { kind, wmm });
    let turn = prop::sample::select(&[Turn::Paired, Turn::Burst][..]);
    let rest = (span(), turn, handshake());
    (any::<([u32; 3], u8, u8)>(), status, phy, rest).prop_map(
        |(
            ([instance, session, policy_version], silent_cycles, strategies),
            status,
            phy,
            (cycle, turn, handshake),
        )| {
            Message::RegisterAck(RegisterAck {
                instance,
                session,
                status,
                phy,
                policy_version,
                cycle,
                silent_cycles,
                turn,
                strategies,
                handshake,
            })
        },
    )
}

fn policy() -> impl Strategy<Value = Message> {
    (any::<(u32, u8, u8)>(), vec(rule(), 0..8)).prop_map(|((version, a, b), rules)| {
        let count = a.max(b).max(1);
        Message::Policy(Policy {
            version,
            index: a.min(b).min(count - 1),
            count,
            rules,
        })
    })
}

fn rule_number() -> impl Strategy<Value = Option<u16>> {
    option::of(0..=0xfffe_u16)
}

fn reserve() -> impl Strategy<Value = Message> {
    let op = prop::sample::select(ReserveOp::ALL);
    (op, rule_number(), flow(), direction(), promise()).prop_map(
        |(op, rule, key, direction, promise)| {
            Message::Reserve(Reserve {
                op,
                rule,
                key,
                direction,
                promise,
            })
        },
    )
}

fn reserved() -> impl Strategy<Value = Message> {
    let outcome = prop_oneof![
        Just(Outcome::Granted),
        Just(Outcome::Released),
        prop::sample::select(RefusalReason::ALL).prop_map(Outcome::Refused),
        prop::sample::select(Pressure::ALL).prop_map(Outcome::Degraded),
        prop::sample::select(Pressure::ALL).prop_map(Outcome::Withdrawn),
    ];
    let rates = any::<(u32, u32)>();
    let shape = option::of((any::<u16>(), span()));
    let shape = shape.prop_map(|shape| shape.map(|(packet, delay)| Shape { packet, delay }));
    (outcome, rule_number(), flow(), direction(), rates, shape).prop_map(
        |(outcome, rule, key, direction, (rate, largest), shape)| {
            Message::Reserved(Reserved {
                outcome,
                rule,
                key,
                direction,
                rate,
                largest,
                shape,
            })
        },
    )
}

fn token() -> impl Strategy<Value = Token> {
    (any::<(u32, bool, u32)>(), [span(), span(), span()], rate()).prop_map(
        |((token, probe, cycle_number), [rt, nrt, valid], rate)| Token {
            token,
            probe,
            cycle_number,
            rt,
            nrt,
            valid,
            rate,
        },
    )
}

fn backlogs() -> impl Strategy<Value = Backlog> {
    any::<[(u16, u32); 2]>().prop_map(|classes| {
        let [rt, nrt] = classes.map(|(packets, octets)| ClassBacklog { packets, octets });
        Backlog { rt, nrt }
    })
}

fn returned() -> impl Strategy<Value = Return> {
    let sent = any::<(u32, u16, u16, bool)>();
    let spans = [span(), span(), span(), span()];
    (sent, spans, backlogs(), rate()).prop_map(
        |(
            (token, sent_rt, sent_nrt, refused),
            [used_rt, used_nrt, oldest, newest],
            backlog,
            rate,
        )| Return {
            token,
            used_rt,
            used_nrt,
            sent_rt,
            sent_nrt,
            backlog,
            rate,
            refused,
            oldest,
            newest,
        },
    )
}

fn schedule() -> impl Strategy<Value = Message> {
    let spans = [span(), span(), span(), span()];
    let slot =
        (any::<[u8; 6]>(), spans, rate()).prop_map(|(station, [offset, rt, nrt, valid], rate)| {
            Slot {
                station: MacAddr(station),
                offset,
                rt,
                nrt,
                valid,
                rate,
            }
        });
    let slots = vec(slot, 0..=Schedule::MAX_SLOTS);
    (any::<[u32; 2]>(), slots).prop_map(|([token, cycle_number], slots)| {
        Message::Schedule(Schedule {
            token,
            cycle_number,
            slots,
        })
    })
}

fn data() -> impl Strategy<Value = Message> {
    let packets = vec(vec(any::<u8>(), 1..=Packets::MAX), 0..=8);
    (option::of(token()), option::of(returned()), packets).prop_map(|(token, answer, packets)| {
        let mut carried = Packets::default();
        for packet in &packets {
            let fits = carried.has_room(packet.len());
            assert_eq!(carried.push(packet), fits);
        }
        Message::Data(Data {
            token,
            answer,
            packets: carried,
        })
    })
}

fn request() -> impl Strategy<Value = Message> {
    (backlogs(), rate()).prop_map(|(backlog, rate)| Message::Request(Request { backlog, rate }))
}

fn bye() -> impl Strategy<Value = Message> {
    prop::sample::select(ByeReason::ALL).prop_map(|reason| Message::Bye(Bye { reason }))
}

fn leave() -> impl Strategy<Value = Message> {
    let stage = prop::sample::select(LeaveStage::ALL);
    (stage, any::<(u16, [u8; 6])>()).prop_map(|(stage, (sequence, candidate))| {
        Message::Leave(Leave {
            stage,
            sequence,
            candidate: MacAddr(candidate),
        })
    })
}

fn go() -> impl Strategy<Value = Message> {
    let stage = prop::sample::select(LeaveStage::ALL);
    let outcome = prop::sample::select(GoOutcome::ALL);
    // At most four octets each.
    let reason = vec(any::<char>(), 0..=30).prop_map(String::from_iter);
    (stage, outcome, any::<(u16, u32)>(), reason).prop_map(
        |(stage, outcome, (sequence, largest), reason)| {
            Message::Go(Go {
                stage,
                sequence,
                outcome,
                largest,
                reason: reason.try_into().unwrap(),
            })
        },
    )
}

fn seen() -> impl Strategy<Value = Message> {
    (any::<[u8; 6]>(), vec(any::<u32>(), 0..=Seen::MAX)).prop_map(|(from, digests)| {
        Message::Seen(Seen {
            from: MacAddr(from),
            digests,
        })
    })
}

fn neighbours() -> impl Strategy<Value = Message> {
    let one = any::<([u8; 6], u16)>().prop_map(|(bssid, frequency)| Neighbour {
        bssid: MacAddr(bssid),
        frequency,
    });
    vec(one, 0..=Neighbours::MAX).prop_map(|all| Message::Neighbours(Neighbours(all)))
}

fn header() -> impl Strategy<Value = Header> {
    any::<(u32, u32, [u8; 8])>().prop_map(|(session, sequence, tag)| Header {
        session,
        sequence,
        tag,
    })
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        prop_oneof![hello(), register(), register_ack()],
        policy(),
        reserve(),
        reserved(),
        token().prop_map(Message::Token),
        returned().prop_map(Message::Return),
        request(),
        prop_oneof![schedule(), data()],
        prop_oneof![leave(), go(), seen(), neighbours()],
        bye(),
    ]
}

proptest! {
    #[test]
    fn what_is_sent_is_received(header in header(), message in message()) {
        let octets = encode(&header, &message);
        prop_assert_eq!(Message::decode(&octets), Ok((header, message)));
    }

    #[test]
    fn what_is_recorded_is_replayed(header in header(), message in message()) {
        let text = serde_json::to_string(&(header, &message)).unwrap();
        let replayed: (Header, Message) = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(replayed, (header, message));
    }

    #[test]
    fn a_line_stays_a_line(message in message()) {
        let text = std::format!("{message}");
        prop_assert!(!text.contains(char::is_control), "{:?}", text);
    }

    #[test]
    fn any_octets_are_survived(octets in vec(any::<u8>(), 0..200)) {
        hostile::check(&octets);
    }

    #[test]
    fn any_body_is_survived(message_type in 1..=15u8, body in vec(any::<u8>(), 0..200)) {
        hostile::check(&frame(message_type, &body));
    }

    #[test]
    fn any_tlvs_are_survived(
        message_type in 1..=15u8,
        tlvs in vec((0..12u8, vec(any::<u8>(), 0..20)), 0..8),
        fixed in vec(0..3u8, 0..60),
    ) {
        let mut body = fixed;
        for (kind, value) in tlvs {
            body.push(kind);
            body.push(u8::try_from(value.len()).unwrap());
            body.extend(value);
        }
        hostile::check(&frame(message_type, &body));
    }
}
