//! Stations that leave for another cell.

use super::*;
use crate::auth::Bucket;
use crate::ledger::FlowId;
use crate::wire::{Go, GoOutcome, GoReason, Leave, LeaveStage, Seen};

const CANDIDATE: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);

impl Bench {
    /// A frame of station `n` with this sequence number.
    fn frame_at(
        &mut self,
        sequence: u32,
        n: u8,
        message: &Message,
    ) -> Result<(), CoordinatorError> {
        let header = Header {
            session: self.session(n),
            sequence,
            ..Header::default()
        };
        let mut buf = [0; MAX_FRAME];
        let len = message.encode(&header, &mut buf).unwrap();
        let (from, bytes) = (sta(n), &buf[..len]);
        self.input(Input::Frame { from, bytes })
    }

    pub(super) fn asks(
        &mut self,
        n: u8,
        stage: LeaveStage,
        sequence: u16,
    ) -> Result<(), CoordinatorError> {
        let leave = Leave {
            stage,
            sequence,
            candidate: CANDIDATE,
        };
        // Frames and requests count alike here.
        self.frame_at(u32::from(sequence), n, &Message::Leave(leave))
    }

    pub(super) fn answer_leave(&mut self, n: u8, stage: LeaveStage, outcome: GoOutcome) {
        let answer = GoAnswer {
            stage,
            candidate: CANDIDATE,
            outcome,
            largest: 1_000,
            reason: "full".try_into().unwrap(),
        };
        let station = sta(n);
        self.command(CoordinatorCommand::Go { station, answer });
    }

    fn gos(&self) -> Vec<Go> {
        let go = |sent: &(_, _, _, Message, _)| match &sent.3 {
            Message::Go(go) => Some(go.clone()),
            _ => None,
        };
        self.sent.iter().filter_map(go).collect()
    }

    /// The stages that the host was told of.
    fn leaving(&self) -> Vec<LeaveStage> {
        let stage = |event: &CoordinatorEvent| match event {
            CoordinatorEvent::Leaving {
                candidate, stage, ..
            } => {
                assert_eq!(*candidate, CANDIDATE);
                Some(*stage)
            }
            _ => None,
        };
        self.events.iter().filter_map(stage).collect()
    }

    fn tokens_to(&self, n: u8) -> usize {
        let to =
            |sent: &&(_, MacAddr, _, Message, _)| sent.1 == sta(n) && token_in(&sent.3).is_some();
        self.sent.iter().filter(to).count()
    }

    /// Gone with GO, in token mode with station 2.
    fn with_one_gone() -> Self {
        let mut bench = Self::in_token_mode(2);
        bench.answer(0);
        bench.forget();
        bench.asks(1, LeaveStage::Leave, 1).unwrap();
        bench.command(CoordinatorCommand::Drain(sta(1)));
        bench.answer_leave(1, LeaveStage::Leave, GoOutcome::Ready);
        bench
    }
}

#[test]
fn a_request_is_one_event_and_one_answer_however_often_it_comes() {
    let mut bench = Bench::new(1);
    for stage in [LeaveStage::Prepare, LeaveStage::Leave] {
        bench.forget();
        let sequence = 7 + u16::from(stage.octet());
        bench.asks(1, stage, sequence).unwrap();
        bench.asks(1, stage, sequence).unwrap();
        assert_eq!(bench.leaving(), [stage]);
        // The host has not answered. Whoever shuts the gate for the answer hears that it will.
        let heard = Go::bare(stage, sequence, GoOutcome::Draining);
        let heard = Vec::from_iter((stage == LeaveStage::Leave).then_some(heard));
        assert_eq!(bench.gos(), heard);
        bench.forget();
        bench.answer_leave(1, stage, GoOutcome::Partial);
        bench.asks(1, stage, sequence).unwrap();
        let go = Go {
            stage,
            sequence,
            outcome: GoOutcome::Partial,
            largest: 1_000,
            reason: "full".try_into().unwrap(),
        };
        let gos = core::iter::once(go.clone()).chain(heard).chain([go]);
        assert_eq!(bench.gos(), Vec::from_iter(gos));
        // The host was told before.
        assert_eq!(bench.leaving(), []);
    }
    // What was asked before and comes late.
    bench.asks(1, LeaveStage::Prepare, 7).unwrap();
    assert_eq!(bench.leaving(), []);
}

#[test]
fn an_answer_to_what_is_no_longer_asked_is_not_sent() {
    let mut bench = Bench::new(1);
    bench.asks(1, LeaveStage::Prepare, 1).unwrap();
    bench.asks(1, LeaveStage::Leave, 2).unwrap();
    bench.answer_leave(1, LeaveStage::Prepare, GoOutcome::Ready);
    assert_eq!(bench.gos(), []);
    bench.asks(1, LeaveStage::Stay, 3).unwrap();
    assert_eq!(bench.gos().len(), 1);
    bench.answer_leave(1, LeaveStage::Leave, GoOutcome::Ready);
    assert_eq!(bench.gos().len(), 1);
}

/// What is promised first, everything at once, and then nothing is held, planned or promised anew.
#[test]
fn drained_means_that_nothing_waits_and_nothing_is_planned() {
    let mut bench = Bench::in_token_mode(2);
    bench.answer(0);
    bench.forget();
    bench.packet(1, 80, 1_500);
    let voice = bench.packet(1, VOICE, 200);
    let more: Vec<_> = (0..50).map(|_| bench.packet(1, 81, 1_500)).collect();
    bench.request(1, 9);
    bench.forget();
    bench.asks(1, LeaveStage::Leave, 1).unwrap();
    let before = bench.verdicts.len();
    bench.command(CoordinatorCommand::Drain(sta(1)));
    let released = &bench.verdicts[before..];
    assert!(released.len() > 40, "{}", released.len());
    assert!(released.iter().all(|v| matches!(v, Verdict::Accept(_))));
    let place = |id| released.iter().position(|v| *v == Verdict::Accept(id));
    assert_eq!(place(voice), Some(0), "promised first");
    assert_eq!(
        released.last(),
        more.last().map(|id| Verdict::Accept(*id)).as_ref()
    );
    let drained = CoordinatorEvent::Drained(sta(1));
    assert_eq!(bench.events.last(), Some(&drained));
    bench.answer_leave(1, LeaveStage::Leave, GoOutcome::Ready);
    bench.forget();
    for _ in 0..20 {
        let id = bench.packet(1, 80, 1_500);
        assert_eq!(bench.verdicts.last(), Some(&Verdict::Accept(id)));
        bench.run_idle(MS * 10);
    }
    assert_eq!(bench.tokens_to(1), 0);
    assert_eq!(bench.core.mode, CellMode::Token);
    let id = FlowId::of(sta(1), Direction::Up, flow(1, VOICE));
    assert!(bench.core.is_promised(&id));
    // Idle for long: it goes with its station.
    bench.run_idle(Duration::from_secs(4));
    assert!(bench.core.is_promised(&id));
    bench.command(CoordinatorCommand::StationLeft(sta(1)));
    assert!(!bench.core.is_promised(&id));
    assert_eq!(bench.released(), [ReleaseCause::StationLeft]);
}

#[test]
fn a_flow_that_begins_while_its_station_leaves_gets_no_promise() {
    let mut bench = Bench::new(1);
    bench.command(CoordinatorCommand::Drain(sta(1)));
    bench.packet(1, VOICE, 200);
    assert_eq!(bench.core.ledger.iter().count(), 0);
}

#[test]
fn who_stays_is_served_as_before() {
    let stays: [fn(&mut Bench); 4] = [
        |bench| bench.asks(1, LeaveStage::Stay, 2).unwrap(),
        |bench| bench.command(CoordinatorCommand::Stayed(sta(1))),
        // It does not say so, but asks for airtime.
        |bench| {
            let (backlog, rate) = (backlog(1), Rate(0));
            let request = Message::Request(Request { backlog, rate });
            bench.frame_at(2, 1, &request).unwrap();
        },
        |bench| bench.join(1),
    ];
    for (way, stay) in stays.into_iter().enumerate() {
        let mut bench = Bench::with_one_gone();
        bench.run_idle(MS * 100);
        assert_eq!(bench.tokens_to(1), 0);
        bench.forget();
        stay(&mut bench);
        bench.run_idle(MS * 100);
        assert!(bench.tokens_to(1) >= 4, "way {way}: {}", bench.tokens_to(1));
        let said = if way == 1 {
            &[][..]
        } else {
            &[LeaveStage::Stay]
        };
        assert_eq!(bench.leaving(), said, "way {way}");
        let id = bench.packet(1, 80, 1_500);
        assert!(!bench.verdicts[..].contains(&Verdict::Drop(id)));
    }
}

/// It was sent before LEAVE and came after it.
#[test]
fn a_late_request_does_not_say_that_it_stays() {
    let mut bench = Bench::new(1);
    let (backlog, rate) = (backlog(1), Rate(0));
    let request = Message::Request(Request { backlog, rate });
    bench.asks(1, LeaveStage::Leave, 5).unwrap();
    bench.frame_at(4, 1, &request).unwrap();
    assert_eq!(bench.leaving(), [LeaveStage::Leave]);
    bench.frame_at(6, 1, &request).unwrap();
    assert_eq!(bench.leaving(), [LeaveStage::Leave, LeaveStage::Stay]);
    bench.frame_at(7, 1, &request).unwrap();
    assert_eq!(bench.leaving().len(), 2, "once");
}

#[test]
fn a_restarted_agent_has_not_left() {
    let mut bench = Bench::with_one_gone();
    bench.register(1, 99);
    assert_eq!(bench.leaving(), [LeaveStage::Leave, LeaveStage::Stay]);
    // Its requests are counted anew.
    bench.asks(1, LeaveStage::Leave, 1).unwrap();
    assert_eq!(bench.leaving().len(), 3);
}

#[test]
fn a_refused_station_is_served_as_before() {
    let mut bench = Bench::in_token_mode(2);
    bench.answer(0);
    bench.asks(1, LeaveStage::Leave, 1).unwrap();
    bench.command(CoordinatorCommand::Drain(sta(1)));
    bench.answer_leave(1, LeaveStage::Leave, GoOutcome::Refused);
    bench.forget();
    bench.run_idle(MS * 100);
    assert!(bench.tokens_to(1) >= 4);
    // Its answer was lost.
    bench.asks(1, LeaveStage::Leave, 1).unwrap();
    assert_eq!(bench.gos().len(), 1);
    assert_eq!(bench.leaving(), []);
}

/// GO without a word to drain first: it must be behind everything all the same.
#[test]
fn go_drains() {
    let mut bench = Bench::in_token_mode(2);
    bench.asks(1, LeaveStage::Leave, 1).unwrap();
    let ids: Vec<_> = (0..5).map(|_| bench.packet(1, 80, 1_500)).collect();
    bench.answer_leave(1, LeaveStage::Leave, GoOutcome::Ready);
    let went = |id| bench.verdicts.contains(&Verdict::Accept(id));
    assert!(ids.into_iter().all(went));
    assert!(bench.events.contains(&CoordinatorEvent::Drained(sta(1))));
}

/// What travels with a token is on its way until the token is back.
#[test]
fn drained_is_said_when_the_token_with_packets_is_back() {
    let mut bench = Bench::new(0);
    bench.join(1);
    bench.register_as(1, 1, Register::POLL | Register::BUNDLE);
    bench.reserve(1, VOICE);
    bench.answer(0);
    bench.run(DELAY / 2, None);
    let packet = Packet {
        id: PacketId(900),
        station: sta(1),
        len: 200,
        flow: flow(1, VOICE).reversed(),
    };
    let bytes = &[0x45; 200];
    bench.input(Input::Copied { packet, bytes }).unwrap();
    bench.run(DELAY, None);
    assert!(bench.verdicts.contains(&Verdict::Carry(packet.id)));
    let drained = CoordinatorEvent::Drained(sta(1));
    bench.asks(1, LeaveStage::Leave, 1).unwrap();
    bench.command(CoordinatorCommand::Drain(sta(1)));
    assert!(!bench.events.contains(&drained));
    bench.answer(0);
    assert_eq!(bench.events.last(), Some(&drained));
}

/// The TID of the GO that answers station 1.
fn tid_of_go(bench: &mut Bench, stage: LeaveStage) -> u8 {
    bench.asks(1, stage, 1).unwrap();
    let answer = GoAnswer {
        stage,
        candidate: CANDIDATE,
        outcome: GoOutcome::Ready,
        largest: 0,
        reason: GoReason::default(),
    };
    let station = sta(1);
    let go = CoordinatorCommand::Go { station, answer };
    bench.core.handle(bench.now, Input::Command(go)).unwrap();
    tids_of_gos(bench)[0]
}

/// The TIDs of the GOs that go out now.
fn tids_of_gos(bench: &mut Bench) -> Vec<u8> {
    let mut buf = [0; MAX_FRAME];
    let mut tids = Vec::new();
    while bench.core.poll_release().is_some() {}
    while let Some(sent) = bench.core.poll_transmit(&mut buf) {
        let (_, message) = Message::decode(&buf[..sent.len]).unwrap();
        if message.message_type() == MessageType::Go {
            tids.push(sent.tid);
        }
    }
    tids
}

#[test]
fn go_is_behind_whatever_was_let_go() {
    let bench = || {
        let mut bench = Bench::of(CoordinatorConfig {
            turn: Turn::Burst,
            ..CoordinatorConfig::new(Phy { wmm: true, ..PHY }, Rate(540))
        });
        bench.join(1);
        bench.register(1, 1);
        bench
    };
    // Best effort is where everything may be in free mode, and a while after it.
    let mut free = bench();
    assert_eq!(tid_of_go(&mut free, LeaveStage::Leave), 0);
    // That it comes does not wait there.
    let again = Leave {
        stage: LeaveStage::Leave,
        sequence: 1,
        candidate: CANDIDATE,
    };
    free.core
        .asked_to_leave(sta(1), Header::default(), again)
        .unwrap();
    assert_eq!(tids_of_gos(&mut free), [TID_GRANTED, 0]);
    let mut fresh = bench();
    fresh.reserve(1, VOICE);
    fresh.answer(0);
    assert_eq!(tid_of_go(&mut fresh, LeaveStage::Leave), 0);
    // Then it is the granted class, which best effort might wait for.
    let mut settled = bench();
    settled.reserve(1, VOICE);
    settled.run_idle(Duration::from_millis(600));
    assert_eq!(tid_of_go(&mut settled, LeaveStage::Leave), TID_GRANTED);
    // Nothing has to be behind the other answers.
    assert_eq!(tid_of_go(&mut bench(), LeaveStage::Prepare), TID_GRANTED);
}

#[test]
fn strangers_and_floods_are_refused() {
    let mut bench = Bench::new(1);
    let leave = Message::Leave(Leave {
        stage: LeaveStage::Leave,
        sequence: 1,
        candidate: CANDIDATE,
    });
    let seen = Message::Seen(Seen {
        from: CANDIDATE,
        digests: std::vec![1],
    });
    bench.join(2);
    for message in [&leave, &seen] {
        let (from, session) = (sta(2), 5);
        let refused = bench.frame_of(session, 2, message);
        assert_eq!(
            refused,
            Err(CoordinatorError::WrongSession { from, session })
        );
        let refused = bench.frame_of(5, 9, message);
        assert_eq!(refused, Err(CoordinatorError::Stranger(sta(9))));
    }
    let all = u16::from(Bucket::BURST);
    for sequence in 1..=all {
        bench.asks(1, LeaveStage::Leave, sequence).unwrap();
    }
    let flood = bench.asks(1, LeaveStage::Leave, all + 1);
    assert_eq!(flood, Err(CoordinatorError::TooManyLeaves(sta(1))));
    assert_eq!(bench.leaving().len(), usize::from(all));
    // To stay is always allowed.
    bench.asks(1, LeaveStage::Stay, all + 2).unwrap();
    let go = Message::Go(Go {
        stage: LeaveStage::Leave,
        sequence: 1,
        outcome: GoOutcome::Ready,
        largest: 0,
        reason: GoReason::default(),
    });
    let (from, kind) = (sta(1), MessageType::Go);
    let refused = bench.frame_of(bench.session(1), 1, &go);
    assert_eq!(refused, Err(CoordinatorError::Unexpected { from, kind }));
}

#[test]
fn what_a_station_saw_is_an_event() {
    let mut bench = Bench::new(1);
    let digests = std::vec![3, 2, 1];
    bench.frame(
        1,
        &Message::Seen(Seen {
            from: CANDIDATE,
            digests: digests.clone(),
        }),
    );
    let seen = CoordinatorEvent::Seen {
        station: sta(1),
        from: CANDIDATE,
        digests,
    };
    assert_eq!(bench.events, [seen]);
}
