//! A station without the key that forges, replays and floods.

use super::cell::{AP, Cell, Sent, held, site};
use super::*;
use crate::agent::{AgentError, AgentEvent, GateMode};
use crate::machine::Input;
use crate::policy::PolicyTable;
use crate::wire::{
    Backlog, CellMode, ClassBacklog, Hello, MessageType, Outcome, Policy, Request, Reserve,
    ReserveOp, Reserved, Return, Token,
};

fn sealed(message: &Message, session: u32, with: Option<&mut Sender>) -> Vec<u8> {
    let mut buf = [0; MAX_FRAME];
    let header = Header {
        session,
        sequence: 1_000,
        tag: [0x5a; 8],
    };
    let len = message.encode(&header, &mut buf).unwrap();
    if let Some(sender) = with {
        assert!(sender.seal(&mut buf[..len]));
    }
    buf[..len].to_vec()
}

fn hello(mode: CellMode, epoch: u32) -> Message {
    Message::Hello(Hello {
        epoch,
        mode,
        cycle: Duration::from_millis(20),
        cycle_number: 1,
        policy_version: 1,
    })
}

fn bye() -> Message {
    Message::Bye(Bye {
        reason: ByeReason::Stopping,
    })
}

/// All that a coordinator says, as a forger would say it.
fn words_of_a_coordinator(cell: &Cell) -> Vec<Message> {
    let (_, granted) = cell.sent(MessageType::Reserved).remove(0);
    let Message::Reserved(granted) = Message::decode(&granted).unwrap().1 else {
        panic!("no RESERVED");
    };
    let token = Token {
        token: 1,
        probe: false,
        cycle_number: 1,
        rt: Duration::from_millis(20),
        nrt: Duration::from_millis(20),
        valid: Duration::from_millis(20),
        rate: Rate(540),
    };
    let fragments = Policy::split(&PolicyTable::default()).unwrap();
    let mut words = fragments
        .into_iter()
        .map(Message::Policy)
        .collect::<Vec<_>>();
    words.extend([
        hello(CellMode::Free, 1),
        hello(CellMode::Token, 1),
        bye(),
        Message::Token(token),
        Message::Reserved(Reserved {
            outcome: Outcome::Released,
            ..granted
        }),
    ]);
    words
}

#[test]
fn forged_words_of_the_coordinator_move_nothing() {
    let mut cell = Cell::with_keys();
    cell.call();
    cell.run(Duration::from_millis(200));
    let before = cell.status();
    assert_eq!((before.gate, before.reserved.len()), (GateMode::Hold, 1));
    cell.agent_events.clear();
    let session = cell.session();
    let mut other = Sender::new(key(66), Side::Coordinator);
    for message in words_of_a_coordinator(&cell) {
        for session in [session, 0, 12_345] {
            assert!(!cell.inject(Side::Coordinator, &sealed(&message, session, None)));
            let bytes = sealed(&message, session, Some(&mut other));
            assert!(!cell.inject(Side::Coordinator, &bytes), "{message}");
        }
    }
    let after = cell.status();
    assert_eq!(after.gate, GateMode::Hold);
    assert_eq!(after.reserved, before.reserved);
    assert_eq!(after.stats.tokens, before.stats.tokens);
    // The first HELLO made it ask for other keys; what names the old session is only refused.
    assert!(after.stats.bad_tags >= 12, "{after:?}");
    // With the other keys the promise was told once more.
    let granted = |event: &AgentEvent| {
        let outcome = Outcome::Granted;
        matches!(event, AgentEvent::Reservation { outcome: o, .. } if *o == outcome)
    };
    assert!(cell.agent_events.iter().all(granted));
}

/// Where nobody has registered, a HELLO or BYE of anybody makes the agent ask, and no more.
#[test]
fn forged_words_before_a_session_only_make_the_agent_ask_now_and_then() {
    let mut cell = Cell::new(None, held(3));
    cell.run(Duration::from_secs(100));
    cell.air.clear();
    for n in 0..1_000 {
        let message = if n % 2 == 0 {
            hello(CellMode::Token, n)
        } else {
            bye()
        };
        assert!(!cell.inject(Side::Coordinator, &sealed(&message, 0, None)));
        cell.run(Duration::from_millis(100));
    }
    assert_eq!(cell.status().gate, GateMode::Open);
    // 100 s: one in 5 s for what was heard, one in 5 s by itself.
    assert!(cell.sent(MessageType::Register).len() <= 42);
}

/// The silence of a dead coordinator is not broken by a forger: the gate opens all the same.
#[test]
fn a_forger_does_not_keep_a_gate_shut() {
    let mut cell = Cell::with_keys();
    cell.call();
    cell.run(Duration::from_millis(100));
    let session = cell.session();
    assert_eq!(cell.status().gate, GateMode::Hold);
    cell.deaf = true;
    for _ in 0..60 {
        cell.call();
        cell.run(Duration::from_millis(100));
        for session in [session, 0] {
            let forged = sealed(&hello(CellMode::Token, 1), session, None);
            assert!(!cell.inject(Side::Coordinator, &forged));
        }
    }
    assert!(
        cell.agent_events
            .iter()
            .any(|event| matches!(event, AgentEvent::FailedOpen { .. }))
    );
    assert_eq!(cell.status().gate, GateMode::Open);
}

#[test]
fn forged_words_of_an_agent_move_nothing_and_are_counted() {
    let mut cell = Cell::with_keys();
    cell.call();
    cell.run(Duration::from_millis(200));
    let (session, flows) = (cell.session(), cell.coordinator.status().flows);
    assert_eq!(flows.len(), 1);
    let waiting = Backlog {
        nrt: ClassBacklog {
            packets: 9,
            octets: 9_000,
        },
        ..Backlog::default()
    };
    let words = [
        bye(),
        Message::Request(Request {
            backlog: waiting,
            rate: Rate(10),
        }),
        Message::Return(Return {
            token: 1,
            used_rt: Duration::ZERO,
            used_nrt: Duration::ZERO,
            sent_rt: 0,
            sent_nrt: 0,
            backlog: waiting,
            rate: Rate(10),
            refused: false,
            oldest: Duration::ZERO,
            newest: Duration::ZERO,
        }),
        Message::Reserve(Reserve {
            op: ReserveOp::Close,
            rule: Some(0),
            key: flows[0].key,
            direction: flows[0].direction,
            promise: flows[0].promise,
        }),
    ];
    let before = cell.station();
    let mut other = Sender::new(key(66), Side::Agent);
    for message in &words {
        assert!(!cell.inject(Side::Agent, &sealed(message, session, None)));
        let bytes = sealed(message, session, Some(&mut other));
        assert!(!cell.inject(Side::Agent, &bytes));
    }
    let mut after = cell.station();
    assert_eq!(after.bad_tags, 8);
    after.bad_tags = before.bad_tags;
    assert_eq!(after, before);
    let still = cell.coordinator.status().flows;
    assert_eq!((still.len(), still[0].key), (1, flows[0].key));
}

/// Everything that was ever on the air comes again, from both sides.
#[test]
fn replays_are_dropped_and_counted() {
    let mut cell = Cell::with_keys();
    for _ in 0..20 {
        cell.call();
        cell.run(Duration::from_millis(20));
    }
    let (tokens, stats) = (cell.status().stats.tokens, cell.coordinator.stats());
    let returns: Vec<Sent> = cell.sent(MessageType::Return);
    assert!(returns.len() > 5);
    for (side, bytes) in &returns {
        assert!(!cell.inject(*side, bytes));
    }
    assert_eq!(cell.station().replays, returns.len() as u64);
    assert_eq!(cell.coordinator.stats(), stats, "not even as stale RETURNs");
    let recorded = cell.air.clone();
    for (side, bytes) in &recorded {
        let kind = Message::decode(bytes).unwrap().1.message_type();
        let taken = cell.inject(*side, bytes);
        // A REGISTER opens a session that nobody can use.
        assert_eq!(taken, kind == MessageType::Register, "{kind}");
    }
    assert_eq!(cell.status().stats.tokens, tokens);
    assert!(cell.status().stats.replays > 20);
    cell.call();
    cell.run(Duration::from_millis(100));
    assert_eq!(cell.status().gate, GateMode::Hold);
    assert!(cell.coordinator.stats().returns > stats.returns);
}

#[test]
fn a_replayed_register_does_not_end_a_session_or_a_promise() {
    let mut cell = Cell::with_keys();
    cell.call();
    cell.run(Duration::from_millis(100));
    let session = cell.session();
    let (_, register) = cell.sent(MessageType::Register).remove(0);
    let before = cell.station();
    for _ in 0..5 {
        assert!(cell.inject(Side::Agent, &register));
    }
    assert_eq!(cell.station(), before);
    assert_eq!(cell.coordinator.status().flows.len(), 1);
    cell.call();
    cell.run(Duration::from_millis(100));
    assert_eq!(cell.session(), session);
    assert!(cell.status().registered);
}

#[test]
fn a_flood_of_registers_costs_few_handshakes_and_few_answers() {
    let mut cell = Cell::new(site(3), held(4));
    cell.run(Duration::from_secs(60));
    cell.air.clear();
    let refused = cell.station().refused_handshakes;
    let handshake = Handshake::new(&[7; FIRST]).unwrap();
    let message = Message::Register(Register {
        handshake,
        ..register("mallory")
    });
    for n in 0..10_000 {
        let lost = sealed(&bye(), 1 + n, None);
        assert!(!cell.inject(Side::Agent, &lost));
        assert!(!cell.inject(Side::Agent, &sealed(&message, 0, None)));
        cell.now += Duration::from_millis(1);
    }
    // 10 s: the burst and one a second.
    assert!(cell.station().refused_handshakes - refused <= 18);
    assert!(cell.air.len() <= 18 + 18 + 10, "{}", cell.air.len());
}

/// A frame of the coordinator sent back to it, and the other way round.
#[test]
fn reflected_frames_are_refused() {
    let mut cell = Cell::with_keys();
    cell.call();
    cell.run(Duration::from_millis(100));
    let frames = cell.air.clone();
    let (mut up, mut down) = (0, 0);
    for (side, bytes) in frames {
        let message = Message::decode(&bytes).unwrap().1;
        if matches!(message, Message::Register(_) | Message::RegisterAck(_)) {
            continue;
        }
        assert!(!cell.inject(side.other(), &bytes), "{message}");
        match side {
            Side::Agent => down += 1,
            Side::Coordinator => up += 1,
        }
    }
    assert!(up > 5 && down > 5);
}

/// Another AP of this address and without the key answers the REGISTER.
#[test]
fn a_forged_answer_neither_makes_a_session_nor_spoils_the_right_one() {
    let mut cell = Cell::new(site(4), held(3));
    let (_, asked) = cell.sent(MessageType::Register).pop().unwrap();
    let Message::Register(asked) = Message::decode(&asked).unwrap().1 else {
        panic!("no REGISTER");
    };
    for len in [0, FIRST, SECOND] {
        let ack = Message::RegisterAck(RegisterAck {
            instance: asked.instance,
            session: 5,
            status: RegisterStatus::Accepted,
            phy: Phy {
                kind: PhyKind::Ofdm,
                wmm: false,
            },
            policy_version: 1,
            cycle: Duration::from_millis(20),
            silent_cycles: 2,
            turn: crate::airtime::Turn::Paired,
            strategies: Register::POLL,
            handshake: Handshake::new(&[8; SECOND][..len]).unwrap(),
        });
        let bytes = sealed(&ack, 5, None);
        let outcome = cell.tell_agent(Input::Frame {
            from: AP,
            bytes: &bytes,
        });
        let refused = matches!(
            outcome,
            Err(AgentError::NotAuthenticated {
                kind: MessageType::RegisterAck,
                ..
            })
        );
        assert!(refused, "{outcome:?}");
    }
    assert!(!cell.status().registered);
    let seed = key(55);
    let (handshake, split) = answer(&key(3), &seed, STA, &asked, &welcome()).unwrap();
    let ack = Message::RegisterAck(RegisterAck {
        instance: asked.instance,
        session: 5,
        status: RegisterStatus::Accepted,
        phy: Phy {
            kind: PhyKind::Ofdm,
            wmm: false,
        },
        policy_version: 1,
        cycle: Duration::from_millis(20),
        silent_cycles: 2,
        turn: crate::airtime::Turn::Paired,
        strategies: Register::POLL,
        handshake,
    });
    let mut keys = Keys::new(Side::Coordinator, &split);
    // Changed behind the handshake: the tag tells.
    let mut bytes = sealed(&ack, 5, Some(&mut keys.sender));
    bytes[HEADER_LEN + 8] = 1;
    assert!(!cell.inject(Side::Coordinator, &bytes));
    let bytes = sealed(&ack, 5, Some(&mut keys.sender));
    assert!(cell.inject(Side::Coordinator, &bytes));
    assert!(cell.status().registered);
}
