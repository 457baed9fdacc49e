//! Streams made by hand.

use proptest::prelude::*;

use super::*;

const MS: u64 = 1_000_000;

fn spec(packets: u32) -> StreamSpec {
    StreamSpec {
        profile: Profile::G711,
        packets,
        late_ms: 150,
        offset_ns: 0,
    }
}

/// A stream whose packet `sequence` is sent every 20 ms from 1 s on and takes `delay_ms`.
fn feed(stats: &mut StreamStats, packets: &[(u64, u64)]) {
    for (sequence, delay_ms) in packets {
        let sent_ns = 1_000 * MS + sequence * 20 * MS;
        stats.on_packet(
            Voice {
                sequence: *sequence,
                sent_ns,
            },
            sent_ns + delay_ms * MS,
        );
    }
}

#[test]
fn an_undisturbed_stream() {
    let mut stats = StreamStats::new(spec(1_500));
    feed(&mut stats, &(0..1_500).map(|q| (q, 3)).collect::<Vec<_>>());
    let report = stats.report(1_500);
    assert_eq!((report.received, report.lost, report.late), (1_500, 0, 0));
    assert_eq!(
        (report.duplicated, report.reordered, report.out_of_range),
        (0, 0, 0)
    );
    let delay = report.delay_ms.unwrap();
    assert_eq!(
        (delay.min, delay.mean, delay.p50, delay.p99, delay.max),
        (3.0, 3.0, 3.0, 3.0, 3.0)
    );
    assert_eq!((report.jitter_ms, report.longest_gap_ms), (0.0, 20.0));
    assert_eq!(report.windows.len(), 6);
    assert!(report.windows.iter().all(|w| w.sent == 250 && w.lost == 0));
    assert!(report.quality.mos > 4.38, "{}", report.quality.mos);
}

#[test]
fn loss_belongs_to_the_window_it_was_sent_in() {
    let mut stats = StreamStats::new(spec(750));
    let kept = (0..750).filter(|q| !(300..310).contains(q));
    feed(&mut stats, &kept.map(|q| (q, 5)).collect::<Vec<_>>());
    let report = stats.report(750);
    assert_eq!(report.lost, 10);
    assert_eq!(
        report.windows.iter().map(|w| w.lost).collect::<Vec<_>>(),
        [0, 10, 0]
    );
    // Packet 299 is followed by 310, eleven packet times later.
    assert_eq!(
        (report.longest_gap_ms, report.longest_gap_at_s),
        (220.0, 5.98)
    );
    assert_eq!(report.mos_worst_window, report.windows[1].quality.mos);
    assert!(report.mos_worst_window < report.quality.mos);
}

#[test]
fn late_packets_are_received_but_not_heard() {
    let mut stats = StreamStats::new(spec(100));
    let delays = (0..100).map(|q| (q, if q < 4 { 151 } else { 10 }));
    feed(&mut stats, &delays.collect::<Vec<_>>());
    let late = stats.report(100);
    assert_eq!((late.received, late.lost, late.late), (100, 0, 4));
    let mut lossy = StreamStats::new(spec(100));
    feed(&mut lossy, &(4..100).map(|q| (q, 10)).collect::<Vec<_>>());
    assert_eq!(late.quality, lossy.report(100).quality);
    assert!(late.quality.mos < 4.2);
    // Exactly at the limit is in time.
    let mut at_limit = StreamStats::new(spec(1));
    feed(&mut at_limit, &[(0, 150)]);
    assert_eq!(at_limit.report(1).late, 0);
}

#[test]
fn duplicates_and_reordering() {
    let mut stats = StreamStats::new(spec(6));
    let order = [
        (0, 1),
        (1, 1),
        (3, 1),
        (3, 1),
        (2, 45),
        (2, 46),
        (4, 20),
        (5, 1),
    ];
    feed(&mut stats, &order);
    let report = stats.report(6);
    assert_eq!((report.received, report.lost), (6, 0));
    assert_eq!((report.duplicated, report.reordered), (2, 1));
}

#[test]
fn positions_past_the_16_bit_wrap() {
    let packets = 131_100;
    let mut stats = StreamStats::new(spec(packets));
    for q in 0..u64::from(packets) {
        if q != 65_536 {
            feed(&mut stats, &[(q, 1)]);
        }
    }
    let report = stats.report(packets);
    assert_eq!(
        (report.received, report.lost, report.duplicated),
        (packets - 1, 1, 0)
    );
}

#[test]
fn silence_at_either_end_counts() {
    let mut stats = StreamStats::new(spec(200));
    feed(&mut stats, &[(10, 1), (11, 1)]);
    assert_eq!(stats.report(12).longest_gap_ms, 200.0);
    let report = stats.report(200);
    assert_eq!(
        (report.longest_gap_ms, report.longest_gap_at_s),
        (188.0 * 20.0, 0.24)
    );
    let nothing = StreamStats::new(spec(50)).report(50);
    assert_eq!((nothing.lost, nothing.longest_gap_ms), (50, 1_000.0));
    assert_eq!((nothing.quality.mos, nothing.delay_ms), (1.0, None));
}

#[test]
fn jitter_by_the_book() {
    // RFC 3550 A.8: J += (|D| - J) / 16.
    let mut stats = StreamStats::new(spec(4));
    feed(&mut stats, &[(0, 10), (1, 26), (2, 26), (3, 10)]);
    let report = stats.report(4);
    let (first, second) = (1.0, 1.0 - 1.0 / 16.0);
    assert!((report.jitter_ms - (second + (16.0 - second) / 16.0)).abs() < 1e-9);
    assert!(report.jitter_max_ms >= report.jitter_ms && report.jitter_max_ms > first);
}

#[test]
fn percentiles_are_nearest_rank() {
    let delays: Vec<i32> = (1..=100).map(|ms| ms * 1_000).collect();
    let summary = DelaySummary::of_sorted(&delays).unwrap();
    assert_eq!(
        (summary.p50, summary.p99, summary.max, summary.mean),
        (50.0, 99.0, 100.0, 50.5)
    );
    assert_eq!(DelaySummary::of_sorted(&[7]).unwrap().p99, 0.007);
}

#[test]
fn a_clock_offset_is_taken_out() {
    let mut stats = StreamStats::new(StreamSpec {
        offset_ns: -500 * MS as i64,
        ..spec(1)
    });
    stats.on_packet(
        Voice {
            sequence: 0,
            sent_ns: 1_000 * MS,
        },
        504 * MS,
    );
    assert_eq!(stats.report(1).delay_ms.unwrap().min, 4.0);
}

#[test]
fn a_short_end_joins_the_last_window() {
    let mut stats = StreamStats::new(spec(1_000));
    feed(&mut stats, &(0..624).map(|q| (q, 1)).collect::<Vec<_>>());
    let sizes = |sent| {
        stats
            .report(sent)
            .windows
            .iter()
            .map(|w| w.sent)
            .collect::<Vec<_>>()
    };
    assert_eq!(sizes(624), [250, 374]);
    assert_eq!(sizes(625), [250, 250, 125]);
}

#[test]
fn no_position_outside_the_stream_is_stored() {
    let mut stats = StreamStats::new(spec(10));
    for sequence in [10, u64::from(u32::MAX) + 1, u64::MAX] {
        stats.on_packet(
            Voice {
                sequence,
                sent_ns: 0,
            },
            1,
        );
    }
    assert_eq!(stats.delays_us.len(), 0);
    assert_eq!(stats.report(10).out_of_range, 3);
}

proptest! {
    #[test]
    fn the_books_balance(packets in proptest::collection::vec((0u64..60, any::<u64>(), any::<u64>()), 0..200), sent: u32) {
        let mut stats = StreamStats::new(spec(50));
        for (sequence, sent_ns, arrival_ns) in &packets {
            stats.on_packet(Voice { sequence: *sequence, sent_ns: *sent_ns }, *arrival_ns);
        }
        let report = stats.report(sent);
        let counted = u64::from(report.received) + report.duplicated + report.out_of_range;
        prop_assert_eq!(counted, packets.len() as u64);
        let seen = report.windows.iter().map(|w| w.sent - w.lost).sum::<u32>();
        prop_assert_eq!(seen, report.received);
        prop_assert!(report.late <= report.received && report.received + report.lost <= 50);
        prop_assert!((1.0..=4.5).contains(&report.quality.mos));
    }
}

#[test]
fn a_probe_tells_the_fate_of_each_packet() {
    let mut stats = StreamStats::new(StreamSpec {
        profile: Profile::Probe,
        ..spec(100)
    });
    let at = |position: u64, ms: u64| {
        let sent_ns = 1_000 * MS + position * 5 * MS;
        (
            Voice {
                sequence: position,
                sent_ns,
            },
            sent_ns + ms * MS,
        )
    };
    // 3 and 4 are lost; 7 is held back until after 8; 9 comes three times; the last five are lost.
    for (position, ms) in [
        (0, 1),
        (1, 1),
        (2, 1),
        (5, 1),
        (6, 1),
        (8, 1),
        (7, 7),
        (9, 1),
        (9, 2),
        (9, 3),
    ] {
        let (voice, arrival) = at(position, ms);
        stats.on_packet(voice, arrival);
    }
    let report = stats.report(15);
    assert_eq!(
        (report.lost, report.duplicated, report.reordered),
        (7, 2, 1)
    );
    let trace = report.trace.unwrap();
    assert_eq!(trace.packet_ns, 5 * MS);
    assert_eq!(trace.lost, [(3, 2), (10, 5)]);
    assert_eq!(trace.duplicated, [9, 9]);
    assert_eq!(trace.reordered, [7]);
    // From 2 to 5, and from 6 to 8: what a packet time between neighbours is no silence.
    let begins = |position: u64| at(position, 1).1;
    assert_eq!(trace.gaps, [(begins(2), 15 * MS), (begins(6), 10 * MS)]);
    assert_eq!(trace.dropped, 0);
}

#[test]
fn a_trace_is_bounded() {
    let mut stats = StreamStats::new(StreamSpec {
        profile: Profile::Probe,
        ..spec(1)
    });
    let voice = Voice {
        sequence: 0,
        sent_ns: 0,
    };
    for _ in 0..MOST_ENTRIES + 3 {
        stats.on_packet(voice, MS);
    }
    let trace = stats.report(1).trace.unwrap();
    assert_eq!((trace.duplicated.len(), trace.dropped), (MOST_ENTRIES, 2));
}

#[test]
fn each_packet_is_told_of_if_asked_for() {
    let mut stats = StreamStats::new(spec(5)).telling_each(true);
    feed(&mut stats, &[(0, 3), (2, 45), (3, 25)]);
    let expected = [Some(3_000), None, Some(45_000), Some(25_000), None];
    assert_eq!(stats.report(5).delays_us.as_deref(), Some(&expected[..]));
    assert_eq!(stats.report(4).delays_us.map(|all| all.len()), Some(4));
    assert_eq!(stats.telling_each(false).report(5).delays_us, None);
}
