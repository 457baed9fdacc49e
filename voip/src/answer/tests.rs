//! Both ends' machines against each other, over a network made by hand.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::call::{CallMachine, Patience, Plan, Stage};
use crate::clock::{ClockBasis, ClockChoice};
use crate::control::{Media, Message, Offer, Refusal, SessionId};
use crate::packet::{MAX_PACKET_LEN, StreamId, Voice};
use crate::profile::Profile;
use crate::report::{Ending, SenderReport};
use std::hash::RandomState;
use std::net::SocketAddr;

const MS: u64 = 1_000_000;
const BOOT: [u8; 16] = [7; 16];

fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, host], port))
}

fn offer(duration_ms: u32) -> Offer {
    let media = Media {
        port: 6004,
        ssrc: 0x1234_5678,
        first_sequence: 65_530,
    };
    Offer {
        profile: Profile::G711,
        duration_ms,
        late_ms: 150,
        media,
    }
}

fn answerer() -> AnswerMachine {
    let limits = Limits {
        max_calls: 2,
        max_duration_ms: 3_600_000,
        dead_after_ns: 15_000 * MS,
    };
    AnswerMachine::new(limits, RandomState::new(), BOOT, 5004)
}

fn caller(now: u64, duration_ms: u32) -> CallMachine {
    let patience = Patience {
        setup_ns: 60_000 * MS,
        dead_after_ns: 15_000 * MS,
        report_ns: 60_000 * MS,
    };
    CallMachine::new(
        now,
        Plan {
            session: SessionId(0xfeed_beef_0bad_cafe),
            offer: offer(duration_ms),
            clock: ClockChoice::Auto,
            boot_id: BOOT,
            phase_ns: 0,
            patience,
        },
    )
}

fn hello(machine: &mut AnswerMachine, from: SocketAddr, session: u64, cookie: u64) -> Vec<Message> {
    say(
        machine,
        0,
        from,
        session,
        &Message::Hello {
            cookie,
            offer: offer(1_000),
        },
    )
}

fn say(
    machine: &mut AnswerMachine,
    now: u64,
    from: SocketAddr,
    session: u64,
    message: &Message,
) -> Vec<Message> {
    machine.handle_control(now, from, &message.encode(SessionId(session)));
    std::iter::from_fn(|| machine.poll_transmit())
        .map(|(to, id, message)| {
            assert_eq!(
                (to, id),
                (from, SessionId(session)),
                "only whoever asked is answered"
            );
            message
        })
        .collect()
}

fn cookie(machine: &mut AnswerMachine, from: SocketAddr, session: u64) -> u64 {
    match hello(machine, from, session, 0).as_slice() {
        [Message::Challenge { cookie }] => *cookie,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_kept_or_sent_but_a_challenge_without_the_cookie() {
    let mut machine = answerer();
    let (victim, thief) = (address(1, 6005), address(2, 6005));
    let stolen = cookie(&mut machine, thief, 1);
    for wrong in [0, 1, stolen, stolen ^ 2] {
        let answers = hello(&mut machine, victim, 1, wrong);
        assert!(
            matches!(answers.as_slice(), [Message::Challenge { .. }]),
            "{answers:?}"
        );
    }
    // Nor does it do for another session of the same address.
    assert!(matches!(
        hello(&mut machine, thief, 2, stolen)[..],
        [Message::Challenge { .. }]
    ));
    for message in [
        Message::Ping { t1: 1 },
        Message::Bye { sent: 1 },
        Message::Fetch { piece: 0 },
    ] {
        assert_eq!(say(&mut machine, 0, victim, 1, &message), []);
    }
    let start = Message::Start {
        basis: ClockBasis::Shared,
        offset_ns: 0,
        phase_ns: 0,
    };
    assert_eq!(say(&mut machine, 0, victim, 1, &start), []);
    assert_eq!((machine.poll_event(), machine.poll_timeout()), (None, None));
}

#[test]
fn voice_goes_to_the_host_that_returned_the_cookie() {
    let mut machine = answerer();
    let from = address(1, 6005);
    let cookie = cookie(&mut machine, from, 1);
    assert!(matches!(
        hello(&mut machine, from, 1, cookie)[..],
        [Message::Accept { .. }]
    ));
    let start = Message::Start {
        basis: ClockBasis::Shared,
        offset_ns: 0,
        phase_ns: u32::MAX,
    };
    assert_eq!(say(&mut machine, 0, from, 1, &start), [Message::Started]);
    let Some(Event::Begin {
        to,
        packets,
        phase_ns,
        ..
    }) = machine.poll_event()
    else {
        panic!("no voice");
    };
    assert_eq!((to, packets), (address(1, 6004), 50));
    assert!(phase_ns < 20 * MS);
    // Asked again, it says so again but begins only once.
    assert_eq!(say(&mut machine, 0, from, 1, &start), [Message::Started]);
    assert_eq!(machine.poll_event(), None);
}

#[test]
fn limits_hold() {
    let mut machine = answerer();
    let from = address(1, 6005);
    let refused = |machine: &mut AnswerMachine, session, offer| {
        let cookie = cookie(machine, from, session);
        say(machine, 0, from, session, &Message::Hello { cookie, offer })
    };
    let too_long = refused(&mut machine, 1, offer(3_600_001));
    assert_eq!(too_long, [Message::Refuse(Refusal::TooLong)]);
    let voice = |ssrc| {
        let mut offer = offer(1_000);
        offer.media.ssrc = ssrc;
        offer
    };
    assert!(matches!(
        refused(&mut machine, 1, voice(1))[..],
        [Message::Accept { .. }]
    ));
    // The same voice cannot belong to two calls.
    assert_eq!(
        refused(&mut machine, 2, voice(1)),
        [Message::Refuse(Refusal::Busy)]
    );
    assert!(matches!(
        refused(&mut machine, 2, voice(2))[..],
        [Message::Accept { .. }]
    ));
    assert_eq!(
        refused(&mut machine, 3, voice(3)),
        [Message::Refuse(Refusal::Busy)]
    );
    // Callers that fall silent make room.
    machine.handle_timeout(15_000 * MS);
    assert!(matches!(
        refused(&mut machine, 3, voice(3))[..],
        [Message::Accept { .. }]
    ));
}

#[test]
fn a_caller_that_vanishes_is_dropped_with_what_is_known() {
    let mut machine = answerer();
    let from = address(1, 6005);
    let cookie = cookie(&mut machine, from, 9);
    hello(&mut machine, from, 9, cookie);
    let start = Message::Start {
        basis: ClockBasis::Shared,
        offset_ns: 0,
        phase_ns: 0,
    };
    say(&mut machine, 0, from, 9, &start);
    let stream = StreamId {
        profile: Profile::G711,
        ssrc: 0x1234_5678,
        first_sequence: 65_530,
        tag: SessionId(9).tag(),
    };
    let mut buffer = [0; MAX_PACKET_LEN];
    for sequence in [0, 1, 3, 4] {
        let len = stream
            .emit(
                Voice {
                    sequence,
                    sent_ns: 0,
                },
                &mut buffer,
            )
            .unwrap();
        machine.handle_voice(MS, address(1, 6004), &buffer[..len]);
        // From elsewhere it is somebody else's.
        machine.handle_voice(MS, address(2, 6004), &buffer[..len]);
    }
    assert_eq!(machine.ignored(), 4);
    assert_eq!(machine.poll_timeout(), Some(15_001 * MS));
    machine.handle_timeout(15_001 * MS);
    assert!(matches!(machine.poll_event(), Some(Event::Begin { .. })));
    let Some(Event::Ended {
        how: Parting::Vanished,
        heard: Some(heard),
        ..
    }) = machine.poll_event()
    else {
        panic!("not dropped");
    };
    assert_eq!((heard.1, heard.0.received, heard.0.lost), (5, 4, 1));
    assert_eq!(machine.poll_timeout(), None);
}

#[test]
fn an_answerer_that_stops_tells_what_it_heard_so_far() {
    let mut machine = answerer();
    let from = address(1, 6005);
    let cookie = cookie(&mut machine, from, 9);
    hello(&mut machine, from, 9, cookie);
    let start = Message::Start {
        basis: ClockBasis::Shared,
        offset_ns: 0,
        phase_ns: 0,
    };
    say(&mut machine, 0, from, 9, &start);
    machine.stop();
    assert!(matches!(machine.poll_event(), Some(Event::Begin { .. })));
    let Some(Event::Ended {
        how: Parting::Stopped,
        heard: Some(heard),
        ..
    }) = machine.poll_event()
    else {
        panic!("not told");
    };
    assert_eq!((heard.1, heard.0.received), (0, 0));
    assert_eq!((machine.poll_event(), machine.poll_timeout()), (None, None));
}

/// Runs a whole call in virtual time over a control channel whose every datagram
/// fares as `fate` says: lost, or delivered once or twice. Voice is not lost.
fn converse(duration_ms: u32, mut fate: impl FnMut() -> u8) -> (CallMachine, Option<Parting>) {
    let (mut answer, mut now) = (answerer(), 1_000 * MS);
    let mut call = caller(now, duration_ms);
    let session = call.plan().session;
    let (control, voice) = (address(1, 6005), address(1, 6004));
    let own = call.plan().offer.media;
    let stream = StreamId {
        profile: Profile::G711,
        ssrc: own.ssrc,
        first_sequence: own.first_sequence,
        tag: session.tag(),
    };
    let mut copies = move || match fate() {
        0..=76 => 0,
        77..=127 => 2,
        _ => 1,
    };
    let (mut sent, mut parting, mut buffer) = (0_u32, None, [0; MAX_PACKET_LEN]);
    let packets = Profile::G711.packets_in(duration_ms);
    while !matches!(call.stage(), Stage::Over(_)) && now < 200_000 * MS {
        now += 5 * MS;
        if matches!(call.stage(), Stage::Talking(_)) && now % (20 * MS) == 0 {
            if sent < packets {
                let voice_packet = Voice {
                    sequence: sent.into(),
                    sent_ns: now - 4 * MS,
                };
                let len = stream.emit(voice_packet, &mut buffer).unwrap();
                answer.handle_voice(now, voice, &buffer[..len]);
                sent += 1;
            } else {
                call.hang_up(now, sent, Ending::Completed);
            }
        }
        call.handle_timeout(now);
        answer.handle_timeout(now);
        while let Some(message) = call.poll_transmit() {
            for _ in 0..copies() {
                answer.handle_control(now, control, &message.encode(session));
            }
        }
        while let Some(event) = answer.poll_event() {
            match event {
                Event::Halt(key) => {
                    let sender = SenderReport {
                        sent: packets,
                        send_errors: 0,
                        pacing_late_max_ms: 0.0,
                        started_ns: 0,
                    };
                    answer.sender_stopped(now, key, sender);
                }
                Event::Ended { how, .. } => parting = Some(how),
                Event::Begin { .. } => {}
            }
        }
        while let Some((_, id, message)) = answer.poll_transmit() {
            assert_eq!(id, session);
            for _ in 0..copies() {
                let (_, decoded) = Message::decode(&message.encode(id)).unwrap();
                call.handle_message(now, decoded);
            }
        }
    }
    // The last DONE may have been made in answer to the last REPORT.
    while let Some(message) = call.poll_transmit() {
        answer.handle_control(now, control, &message.encode(session));
    }
    answer.handle_timeout(now + 60_000 * MS);
    while let Some(event) = answer.poll_event() {
        if let Event::Ended { how, .. } = event {
            parting = Some(how);
        }
    }
    (call, parting)
}

#[test]
fn a_call_over_a_good_network() {
    // Two minutes: the report takes several pieces.
    let (call, parting) = converse(120_000, || 255);
    assert_eq!(call.stage(), Stage::Over(Ending::Completed));
    assert_eq!(parting, Some(Parting::Done));
    assert_eq!(call.agreed_clock().unwrap().basis, ClockBasis::Shared);
    let far = call.far_report().unwrap();
    assert_eq!(
        (far.stream.received, far.stream.lost, far.sender.sent),
        (6_000, 0, 6_000)
    );
    assert_eq!(far.stream.windows.len(), 24);
    assert_eq!(far.stream.delay_ms.unwrap().p99, 4.0);
}

#[test]
fn a_dead_network_ends_the_call() {
    let (call, _) = converse(1_000, || 0);
    assert_eq!(call.stage(), Stage::Over(Ending::NotPlaced));
    assert!(
        call.reason().unwrap().contains("no answer within 60 s"),
        "{:?}",
        call.reason()
    );
    // Cut off in the middle of the call.
    let mut told = 0;
    let (call, parting) = converse(60_000, || {
        told += 1;
        if told < 60 { 255 } else { 0 }
    });
    assert_eq!(call.stage(), Stage::Over(Ending::PeerSilent));
    assert!(
        call.reason().unwrap().contains("nothing heard for 15 s"),
        "{:?}",
        call.reason()
    );
    assert_eq!(parting, Some(Parting::Vanished));
}

proptest! {
    // The same seeds each time: of some 10,000 one loses all answers of 15 s, and the call gives up,
    // as it should.
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(64)
    })]

    /// 30 % of the control datagrams lost and 20 % duplicated only cost time.
    #[test]
    fn control_survives_loss_and_duplication(seed: u64) {
        let mut state = seed | 1;
        let (call, parting) = converse(20_000, || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        });
        prop_assert_eq!(call.stage(), Stage::Over(Ending::Completed), "{:?}", call.reason());
        prop_assert!(parting.is_some());
        prop_assert_eq!(call.far_report().map(|far| far.stream.received), Some(1_000));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_datagram_upsets_the_answerer(datagrams in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..40)) {
        let mut machine = answerer();
        for (voice, bytes) in &datagrams {
            if *voice {
                machine.handle_voice(1, address(1, 1), bytes);
            } else {
                machine.handle_control(1, address(1, 1), bytes);
            }
        }
        prop_assert_eq!(machine.ignored(), datagrams.len() as u64);
        prop_assert_eq!(machine.poll_event(), None);
        prop_assert!(machine.poll_transmit().is_none());
    }
}
