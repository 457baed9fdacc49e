use core::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::airtime::Rate;
use crate::flow::FlowKey;
use crate::mac::MacAddr;
use crate::policy::Rank;
use crate::wire::{Backlog, ClassBacklog};

/// 80 kb/s of 200 octets: 50 packets a second.
const ENTRY: Entry = Entry {
    rule: Some(0),
    direction: Direction::Both,
    promise: Promise {
        rate: 80_000,
        packet: 200,
        delay: Duration::from_millis(20),
    },
    granted: 80_000,
    rank: Rank {
        priority: 100,
        min_rate: None,
    },
    idle: Duration::from_secs(1),
    since: Instant::ZERO,
    up_idle: false,
    bundled: false,
};

const AROUND: Surroundings = Surroundings {
    entry: ENTRY,
    withdrawn: false,
    pressure: Pressure::RateFall,
    answers: true,
    missing: false,
    tokens: Answers::NONE,
    tries: 1_000,
    unregistered: 0,
};

const fn with_tokens(returns: u32, lost: u32, vain: u32) -> Surroundings {
    Surroundings {
        tokens: Answers {
            returns,
            lost,
            vain,
        },
        ..AROUND
    }
}

fn id() -> FlowId {
    let key = FlowKey {
        src: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
        protocol: 17,
        ..FlowKey::UNKNOWN
    };
    FlowId::of(MacAddr([2, 0, 0, 0, 0, 1]), Direction::Up, key)
}

fn at(ms: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(ms)
}

/// A second in which a packet comes each `gap` ms and is released `wait` ms later, by the
/// thousandth packet number; `None`: never.
fn second(
    packets: u64,
    gap: u64,
    wait: impl Fn(u64) -> Option<u64>,
    around: Surroundings,
) -> Window {
    let mut report = Report::default();
    report.begin(at(0), id());
    let mut events: alloc::vec::Vec<(u64, u64, bool)> = alloc::vec::Vec::new();
    for n in 0..packets {
        events.push((n * gap, n, true));
        if let Some(wait) = wait(n) {
            events.push((n * gap + wait, n, false));
        }
    }
    events.sort_by_key(|(ms, n, arrives)| (*ms, *n, !arrives));
    for (ms, n, arrives) in events.into_iter().filter(|(ms, ..)| *ms < 1_000) {
        if arrives {
            let packet = Packet {
                id: PacketId(n),
                station: id().station,
                len: 200,
                flow: id().key.reversed(),
            };
            report.arrived(at(ms), id(), &around.entry, &packet);
        } else {
            let bound = |_: &FlowId| Some(ENTRY.promise.delay);
            report.released(at(ms), Verdict::Accept(PacketId(n)), bound);
        }
    }
    report.close(at(999), |_| Some(around));
    assert_eq!(report.of(&id(), Direction::Down), None, "not over");
    report.close(at(1_000), |_| Some(around));
    report.of(&id(), Direction::Down).unwrap().last
}

#[test]
fn a_kept_promise_has_no_cause() {
    let window = second(50, 20, |_| Some(5), AROUND);
    assert_eq!(
        (window.promised, window.offered, window.delivered),
        (10_000, 10_000, 10_000)
    );
    assert_eq!((window.packets, window.late, window.cause), (50, 0, None));
    assert_eq!(window.bit_rate(window.delivered), 80_000);
    assert!(!window.is_missed());
}

#[test]
fn an_application_that_sends_less_misses_nothing() {
    let window = second(10, 100, |_| Some(5), AROUND);
    assert_eq!(window.cause, Some(Cause::ApplicationSentLess));
    assert!(!window.is_missed());
}

#[test]
fn each_miss_has_its_cause() {
    let shrunk = Surroundings {
        entry: ENTRY.at_rate(40_000),
        ..AROUND
    };
    let cases = [
        (shrunk, Cause::RateFall),
        (
            Surroundings {
                withdrawn: true,
                pressure: Pressure::UnregisteredLoad,
                ..AROUND
            },
            Cause::UnregisteredLoad,
        ),
        (
            Surroundings {
                tries: 2_000,
                ..AROUND
            },
            Cause::LostFrames,
        ),
        (
            Surroundings {
                missing: true,
                ..with_tokens(50, 1, 0)
            },
            Cause::LostFrames,
        ),
        // 43 copies for 40 RETURNs are 1.075 tries, 42 are 1.05.
        (with_tokens(40, 3, 0), Cause::LostFrames),
        (with_tokens(40, 2, 0), Cause::Schedule),
        (with_tokens(0, 1, 0), Cause::LostFrames),
        // Given up because the radio did not send it.
        (with_tokens(50, 0, 1), Cause::Schedule),
        (with_tokens(50, 11, 1), Cause::LostFrames),
        (
            Surroundings {
                unregistered: 300,
                ..AROUND
            },
            Cause::UnregisteredLoad,
        ),
        (AROUND, Cause::Schedule),
    ];
    for (around, expected) in cases {
        let half = second(50, 20, |n| (n % 2 == 0).then_some(5), around);
        assert_eq!(half.cause, Some(expected), "{around:?}");
        assert!(half.is_missed());
    }
    // Late is a miss, too.
    let late = second(50, 20, |_| Some(21), AROUND);
    assert_eq!((late.late, late.cause), (49, Some(Cause::Schedule)));
}

#[test]
fn bursts_from_the_wire_are_the_wires_fault() {
    // All 50 packets at once, and each waits for its turn.
    let window = second(50, 0, |n| Some(n * 19), AROUND);
    assert_eq!(window.delivered, 10_000);
    assert_eq!(window.cause, Some(Cause::WiredSide));
}

#[test]
fn uplink_figures_come_from_returns() {
    let answer = |sent_rt, waiting: u16| Return {
        token: 1,
        used_rt: Duration::ZERO,
        used_nrt: Duration::ZERO,
        sent_rt,
        sent_nrt: 0,
        backlog: Backlog {
            rt: ClassBacklog {
                packets: waiting,
                octets: u32::from(waiting) * 200,
            },
            nrt: ClassBacklog::default(),
        },
        rate: Rate(540),
        refused: false,
        oldest: Duration::ZERO,
        newest: Duration::ZERO,
    };
    let run = |around: Surroundings, answer: &dyn Fn(u64) -> Return| {
        let mut report = Report::default();
        report.begin(at(0), id());
        let flows = [(id(), ENTRY)];
        for cycle in 0..50 {
            let flows = flows.iter().map(|(id, entry)| (id, entry));
            report.returned(at(cycle * 20), &answer(cycle), 80_000, flows);
        }
        report.close(at(1_000), |_| Some(around));
        report.of(&id(), Direction::Up).unwrap()
    };
    let kept = run(AROUND, &|_| answer(1, 0));
    assert_eq!((kept.last.delivered, kept.last.cause), (10_000, None));
    assert_eq!(kept.p99_wait, None);
    // One in two packets stays behind.
    let silent = Surroundings {
        answers: false,
        ..AROUND
    };
    let piled = run(silent, &|cycle| {
        let waiting = u16::try_from(cycle / 2).unwrap();
        answer(u16::from(cycle % 2 == 0), waiting)
    });
    assert!(piled.last.offered > piled.last.delivered);
    assert_eq!(piled.last.cause, Some(Cause::AgentSilent));
    assert_eq!((piled.windows, piled.missed), (1, 1));
    // Nothing is known of what a station holds that does not answer.
    let nothing = |around| run(around, &|_| answer(0, 0)).last;
    let is_silent = Surroundings {
        missing: true,
        ..silent
    };
    let is_missing = Surroundings {
        missing: true,
        ..with_tokens(50, 1, 0)
    };
    for (around, expected) in [
        (with_tokens(50, 11, 0), Cause::ApplicationSentLess),
        (with_tokens(50, 11, 1), Cause::LostFrames),
        (with_tokens(50, 0, 1), Cause::Schedule),
        (is_missing, Cause::LostFrames),
        (is_silent, Cause::AgentSilent),
    ] {
        assert_eq!(nothing(around).cause, Some(expected), "{around:?}");
    }
    // What came is enough, whatever else might have.
    let kept = run(with_tokens(50, 11, 1), &|_| answer(1, 0));
    assert_eq!(kept.last.cause, None);
}

#[test]
fn history_is_bounded_and_flows_that_ended_are_forgotten() {
    let mut report = Report::default();
    report.begin(at(0), id());
    for second in 1..=100 {
        report.close(at(second * 1_000), |_| Some(AROUND));
    }
    let way = report.of(&id(), Direction::Down).unwrap();
    assert_eq!(usize::from(way.windows), KEPT);
    assert_eq!(way.ten.span, Duration::from_secs(10));
    assert_eq!(way.ten.promised, 100_000);
    assert_eq!(way.ten.cause, Some(Cause::ApplicationSentLess));
    report.close(at(101_000), |_| None);
    assert_eq!(report.of(&id(), Direction::Down), None);
}
