//! What holds in any cell: nothing is lost or told twice, and nobody sends twice at a time.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use rether_proto::airtime::{Phy, PhyKind};

use super::*;

/// Something that the caller does.
#[derive(Clone, Debug)]
enum Call {
    Submit(Frame),
    Tune(u16),
    Move(Position),
    AddRadio,
}

/// Calls with the pause before them and the radio they are for.
type Calls = Vec<(Duration, usize, Call)>;

fn position() -> impl Strategy<Value = Position> {
    (0.0..150.0, 0.0..150.0).prop_map(|(x, y)| Position { x, y })
}

fn frequency() -> impl Strategy<Value = u16> {
    prop_oneof![3 => Just(5180_u16), 1 => Just(5200)]
}

fn radio() -> impl Strategy<Value = RadioConfig> {
    let kind = prop_oneof![
        4 => Just(PhyKind::Ofdm),
        1 => Just(PhyKind::DsssLong),
        1 => Just(PhyKind::ErpMixed),
    ];
    (
        kind,
        any::<bool>(),
        frequency(),
        position(),
        1..8_u8,
        1..9_usize,
    )
        .prop_map(
            |(kind, wmm, frequency_mhz, position, retry_limit, queue_limit)| RadioConfig {
                retry_limit,
                queue_limit,
                position,
                ..RadioConfig::new(Phy { kind, wmm }, frequency_mhz)
            },
        )
}

fn medium() -> impl Strategy<Value = MediumConfig> {
    let propagation = prop_oneof![
        Just(Propagation::default()),
        Just(Propagation::LogDistance(LogDistance::default())),
    ];
    let collision_rx = prop_oneof![Just(CollisionRx::Difs), Just(CollisionRx::Eifs)];
    let capture = prop_oneof![Just(Capture::Off), Just(Capture::On(10.0))];
    (propagation, collision_rx, capture, 0..9_u64).prop_map(
        |(propagation, collision_rx, capture, cca)| MediumConfig {
            propagation,
            collision_rx,
            capture,
            cca_time: Duration::from_micros(cca),
            trace: true,
        },
    )
}

fn frame() -> impl Strategy<Value = Frame> {
    let to = prop_oneof![
        6 => (0..8_u32).prop_map(|to| Destination::Radio(RadioId(to))),
        1 => Just(Destination::Group),
        1 => Just(Destination::Nobody),
    ];
    let rate = prop_oneof![Just(R6), Just(R11), Just(R24), Just(R54)];
    let rates = prop_oneof![
        rate.clone().prop_map(RateSeries::fixed),
        vec((rate, 0..4_u8), 4)
            .prop_map(|series| RateSeries::new([series[0], series[1], series[2], series[3]])),
    ];
    (to, 0..4_usize, 14..2_304_u32, rates).prop_map(|(to, ac, psdu_octets, rates)| Frame {
        id: FrameId(0),
        to,
        ac: Ac::ALL[ac],
        psdu_octets,
        rates,
    })
}

fn calls() -> impl Strategy<Value = Calls> {
    let call = prop_oneof![
        30 => frame().prop_map(Call::Submit),
        1 => frequency().prop_map(Call::Tune),
        1 => position().prop_map(Call::Move),
        1 => Just(Call::AddRadio),
    ];
    // Many at once, some within a frame, some behind everything.
    let pause = prop_oneof![
        3 => Just(0),
        3 => 0..400_u64,
        1 => 0..20_000_u64,
    ];
    vec(
        (pause.prop_map(Duration::from_micros), 0..8_usize, call),
        1..60,
    )
}

struct Run {
    medium: Medium,
    accepted: Vec<(RadioId, Frame)>,
    told: Vec<Event>,
}

fn time_of(event: &Event) -> Instant {
    match *event {
        Event::Received { at, .. } | Event::Done { at, .. } | Event::OnAir { at, .. } => at,
    }
}

fn run(config: &MediumConfig, radios: &[RadioConfig], calls: &Calls, seed: u64) -> Run {
    let mut medium = Medium::new(config.clone(), seed);
    let mut ids: Vec<_> = radios
        .iter()
        .map(|radio| medium.add_radio(radio.clone()))
        .collect();
    let (mut accepted, mut told) = (Vec::new(), Vec::new());
    let mut now = Instant::ZERO;
    let pump = |medium: &mut Medium, told: &mut Vec<Event>, until: Option<Instant>| {
        let mut last = Instant::ZERO;
        while let Some(next) = medium.next_time() {
            if until.is_some_and(|until| next > until) {
                break;
            }
            assert!(next >= last, "time goes back: {next:?} after {last:?}");
            last = next;
            medium.step();
            while let Some(event) = medium.poll_event() {
                assert_eq!(time_of(&event), next);
                told.push(event);
            }
        }
    };
    for (pause, radio, call) in calls {
        now += *pause;
        pump(&mut medium, &mut told, Some(now));
        let radio = ids[radio % ids.len()];
        match call {
            Call::Submit(frame) => {
                let id = FrameId(accepted.len() as u64);
                let frame = Frame { id, ..*frame };
                if medium.submit(now, radio, frame).is_ok() {
                    accepted.push((radio, frame));
                }
            }
            Call::Tune(frequency_mhz) => medium.set_frequency(radio, *frequency_mhz),
            Call::Move(position) => medium.move_radio(radio, *position),
            Call::AddRadio => ids.push(medium.add_radio(radios[0].clone())),
        }
        assert!(medium.next_time().is_none_or(|next| next >= now));
        while let Some(event) = medium.poll_event() {
            assert_eq!(time_of(&event), now);
            told.push(event);
        }
    }
    pump(&mut medium, &mut told, None);
    Run {
        medium,
        accepted,
        told,
    }
}

fn check_frames(run: &Run) {
    let mut done = BTreeMap::new();
    let mut received: BTreeMap<FrameId, Vec<RadioId>> = BTreeMap::new();
    for event in &run.told {
        match *event {
            Event::Done {
                radio,
                frame,
                acked,
                tries,
                ..
            } => {
                let twice = done.insert(frame, (radio, acked, tries));
                assert_eq!(twice, None, "{frame:?} is done twice");
            }
            Event::Received {
                radio, frame, from, ..
            } => {
                assert_ne!(radio, from);
                assert!(!done.contains_key(&frame), "{frame:?} comes after its end");
                received.entry(frame).or_default().push(radio);
            }
            Event::OnAir { .. } => {}
        }
    }
    assert_eq!(done.len(), run.accepted.len());
    for (radio, frame) in &run.accepted {
        let (by, acked, tries) = done[&frame.id];
        let receivers = received.remove(&frame.id).unwrap_or_default();
        assert_eq!(by, *radio);
        assert!(tries <= run.medium.radio(*radio).retry_limit.max(1));
        match frame.to {
            Destination::Radio(to) => {
                assert!(receivers.len() <= 1 && receivers.iter().all(|one| *one == to));
                assert!(!acked || (receivers.len() == 1 && tries > 0));
            }
            Destination::Nobody => assert!(!acked && receivers.is_empty()),
            Destination::Group => {
                let mut once = receivers.clone();
                once.sort();
                once.dedup();
                assert!(!acked && tries <= 1 && once.len() == receivers.len());
            }
        }
    }
    assert!(received.is_empty(), "what nobody sent");
}

/// Returns what was sent, frames and Acks, by radio.
fn check_transmissions(run: &Run) -> BTreeMap<RadioId, (u64, Duration)> {
    let mut free: BTreeMap<RadioId, Instant> = BTreeMap::new();
    let mut sums: BTreeMap<RadioId, (u64, Duration)> = BTreeMap::new();
    for event in &run.told {
        if let Event::OnAir {
            at,
            until,
            radio,
            what,
            ..
        } = *event
        {
            let before = free.insert(radio, until).unwrap_or(Instant::ZERO);
            assert!(before <= at, "{radio:?} sends twice at {at:?}");
            let sum = sums.entry(radio).or_default();
            sum.0 += u64::from(matches!(what, OnAir::Frame { .. }));
            sum.1 += until.since(at);
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_lost_or_told_twice(
        config in medium(),
        radios in vec(radio(), 1..8),
        calls in calls(),
        seed in any::<u64>(),
    ) {
        let first = run(&config, &radios, &calls, seed);
        check_frames(&first);
        let sums = check_transmissions(&first);
        let elapsed = first.told.last().map_or(Instant::ZERO, time_of).since(Instant::ZERO);
        for (radio, (sent, airtime)) in sums {
            let counters = first.medium.counters(radio);
            prop_assert_eq!(counters.transmissions + counters.group, sent);
            prop_assert_eq!(counters.airtime + counters.ack_airtime, airtime);
            prop_assert!(airtime <= elapsed && counters.wasted <= counters.airtime);
            prop_assert!(counters.acked <= counters.transmissions);
        }
        let again = run(&config, &radios, &calls, seed);
        prop_assert_eq!(first.told, again.told);
    }
}
