use super::*;
use crate::wire::RefusalReason;

#[test]
fn reserve_is_granted_and_starts_token_mode() {
    let mut bench = Bench::new(1);
    bench.reserve(1, VOICE);
    assert_eq!(bench.outcomes(), [Outcome::Granted]);
    assert!(
        bench
            .events
            .contains(&CoordinatorEvent::Mode(CellMode::Token))
    );
    let granted = |event: &&CoordinatorEvent| matches!(event, CoordinatorEvent::Granted(_));
    assert_eq!(bench.events.iter().filter(granted).count(), 1);
    // Asked again, because the answer was lost.
    bench.reserve(1, VOICE);
    assert_eq!(bench.outcomes(), [Outcome::Granted; 2]);
    assert_eq!(bench.events.iter().filter(granted).count(), 1);
}

#[test]
fn the_table_decides_not_the_agent() {
    let mut bench = Bench::new(1);
    bench.reserve(1, 80);
    let refused = Outcome::Refused(RefusalReason::NoSuchRule);
    assert_eq!(bench.outcomes(), [refused]);
    assert_eq!(bench.core.mode, CellMode::Free);
}

#[test]
fn the_first_packet_down_opens_a_reservation() {
    let mut bench = Bench::new(1);
    bench.join(9);
    bench.packet(1, 80, 200);
    assert_eq!(bench.core.mode, CellMode::Free);
    for n in [1, 9] {
        bench.packet(n, VOICE, 200);
    }
    assert_eq!(bench.core.ledger.iter().count(), 2);
    // The station without an agent is not told.
    assert_eq!(bench.outcomes(), [Outcome::Granted]);
    bench.run_idle(CYCLE);
    assert_eq!(bench.verdicts.len(), 3);
}

/// It is due, and does not fit into what the promise needs at a visit: the planner must not choose the
/// same visit over and over.
#[test]
fn a_packet_longer_than_promised_goes_all_the_same() {
    for octets in [1_500, 65_000] {
        for n in [1, 9] {
            let mut bench = Bench::new(1);
            bench.join(9);
            bench.packet(n, VOICE, 200);
            bench.run_idle(CYCLE * 4);
            bench.packet(n, VOICE, octets);
            bench.run_idle(CYCLE * 4);
            assert_eq!(bench.verdicts.len(), 2, "{octets} octets to {n}");
        }
    }
}

/// A cell that has no room for any reservation, with station 1.
fn refusing() -> Bench {
    let config = CoordinatorConfig {
        reservation_limit: 0,
        ..CoordinatorConfig::new(PHY, Rate(540))
    };
    let mut bench = Bench::of(config);
    bench.join(1);
    bench
}

fn refusals(bench: &Bench) -> usize {
    let refused = |event: &&CoordinatorEvent| matches!(event, CoordinatorEvent::Refused(..));
    bench.events.iter().filter(refused).count()
}

/// Nothing else forgets them while there are no reservations.
#[test]
fn many_refusals_of_old_leave_room_for_new_ones() {
    const FLOWS: usize = 1_100;
    let mut bench = refusing();
    let from_everywhere = |bench: &mut Bench| {
        for src_port in 10_000_u16..10_000 + FLOWS as u16 {
            bench.next += 1;
            let packet = Packet {
                id: PacketId(bench.next),
                station: sta(1),
                len: 200,
                flow: FlowKey {
                    src_port,
                    ..flow(1, VOICE).reversed()
                },
            };
            bench.input(Input::Packet(packet)).unwrap();
        }
    };
    from_everywhere(&mut bench);
    from_everywhere(&mut bench);
    let remembered = refusals(&bench);
    assert!(remembered > 0 && remembered < FLOWS, "{remembered}");
    bench.forget();
    bench.now += Duration::from_secs(6);
    for _ in 0..10 {
        bench.packet(1, VOICE, 200);
    }
    assert_eq!(refusals(&bench), 1);
}

#[test]
fn an_agent_that_asks_again_is_answered_and_reported_once() {
    let mut bench = refusing();
    bench.register(1, 1);
    for _ in 0..10 {
        bench.reserve(1, VOICE);
    }
    assert_eq!(bench.outcomes().len(), 10);
    assert_eq!(refusals(&bench), 1);
    bench.now += Duration::from_secs(6);
    bench.reserve(1, VOICE);
    assert_eq!((bench.outcomes().len(), refusals(&bench)), (11, 2));
}

#[test]
fn a_full_cell_refuses_and_remembers() {
    let config = CoordinatorConfig {
        reservation_limit: 1,
        ..CoordinatorConfig::new(PHY, Rate(540))
    };
    let mut bench = Bench::of(config);
    bench.join(1);
    bench.join(2);
    bench.packet(1, VOICE, 200);
    bench.forget();
    for _ in 0..240 {
        bench.packet(2, VOICE, 200);
        bench.packet(1, VOICE, 200);
        bench.run_idle(DELAY);
    }
    assert_eq!(refusals(&bench), 1, "judged once in five seconds");
    for _ in 0..20 {
        bench.packet(2, VOICE, 200);
        bench.packet(1, VOICE, 200);
        bench.run_idle(DELAY);
    }
    assert_eq!(refusals(&bench), 2);
    assert_eq!(bench.core.stations[&sta(2)].queues.dropped(), 0);
}

#[test]
fn close_ends_a_flow_only_if_nothing_comes_down() {
    let mut bench = Bench::in_token_mode(1);
    bench.run_idle(Duration::from_secs(2));
    bench.packet(1, VOICE, 200);
    bench.reserve_op(1, VOICE, ReserveOp::Close);
    bench.run_idle(CYCLE);
    assert_eq!(bench.released(), []);
    bench.forget();
    bench.run_idle(CYCLE * 5);
    assert_eq!(bench.sent(MessageType::Token), 0, "its uplink is idle");
    bench.reserve_op(1, VOICE, ReserveOp::Open);
    bench.run_idle(CYCLE * 5);
    assert!(bench.sent(MessageType::Token) > 0);
}

#[test]
fn a_policy_change_keeps_what_is_still_promised() {
    let mut bench = Bench::in_token_mode(1);
    bench.command(CoordinatorCommand::Policy(table(2, &[80, VOICE])));
    assert_eq!(bench.released(), []);
    let kept = bench.core.ledger.iter().map(|(_, entry)| entry.rule);
    assert_eq!(kept.collect::<Vec<_>>(), [Some(1)]);
    bench.command(CoordinatorCommand::Policy(table(3, &[80])));
    assert_eq!(bench.released(), [ReleaseCause::PolicyChanged]);
    assert_eq!(bench.outcomes().last(), Some(&Outcome::Released));
}

/// Every new reservation moved the look at idle ones further away.
#[test]
fn new_flows_do_not_keep_idle_ones_alive() {
    let mut bench = Bench::of(CoordinatorConfig::new(PHY, Rate(540)));
    for n in 1..=30 {
        bench.join(n);
    }
    bench.packet(1, VOICE, 200);
    for n in 2..=30 {
        bench.run_idle(Duration::from_millis(200));
        bench.packet(n, VOICE, 200);
    }
    assert!(bench.released().contains(&ReleaseCause::Idle));
}
