//! Requests and their answers, whatever the network does to them.

use super::super::peer::MAX_WAITING;
use super::super::requests::{Answers, Came, Requests};
use super::*;

/// When the datagrams went out since `from`, an index of [`Net::sent`], that `n` sent; in
/// milliseconds after `start`.
fn times(net: &Net, n: u16, from: usize, start: Instant) -> Vec<u64> {
    let sent = net.sent[from..]
        .iter()
        .filter(|(_, seen)| seen.from == address(n));
    sent.map(|(at, _)| at.since(start).as_millis()).collect()
}

#[test]
fn a_request_is_repeated_by_its_schedule_and_given_up() {
    for (schedule, sent, total) in [
        (Schedule::PUSH, &[0, 20, 60][..], 140),
        (Schedule::PREPARE, &[0, 2, 6], 14),
        (Schedule::ARRIVED, &[0, 2, 6, 14, 30], 62),
        (Schedule::FLUSHED, &[0, 2, 6], 14),
    ] {
        let mut net = pair(FINE, 5);
        // Away from the next HELLO.
        net.run(millis(150));
        net.cut = std::vec![2];
        let (before, events, start) = (net.sent.len(), net.events.len(), net.now);
        let id = net.request(1, 2, arrived(), schedule);
        net.run(millis(total + 1));
        assert_eq!(times(&net, 1, before, start), sent);
        let (at, _, event) = &net.events[events];
        assert_eq!(at.since(start), millis(total));
        let ChannelEvent::GaveUp {
            to,
            id: given_up,
            request,
        } = event
        else {
            panic!("{event:?}");
        };
        assert_eq!((*to, *given_up, request.id), (ApId(2), id, id));
        assert_eq!(request.body, arrived().body);
        assert_eq!(net.channel(1).peers().next().unwrap().pending, 0);
    }
}

#[test]
fn an_answer_ends_the_repetitions() {
    let mut net = pair(FINE, 6);
    net.run(millis(150));
    let (before, start) = (net.sent.len(), net.now);
    let id = net.request(1, 2, message(Body::Cancel), Schedule::PREPARE);
    net.run(millis(100));
    assert_eq!(times(&net, 1, before, start), [0]);
    let events = net.events_of(1, 0);
    let Some(ChannelEvent::Message { from, message }) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!((*from, message.id), (ApId(2), id));
    assert_eq!(message.body, Body::CancelAck);
}

/// A host that takes its time, and an answer that gets lost: the request is reported once, and
/// answered whenever it comes.
#[test]
fn a_repeated_request_is_answered_again_and_reported_once() {
    let mut net = pair(FINE, 7);
    net.run(millis(150));
    net.host = |_| None;
    let before = net.events.len();
    let id = net.request(1, 2, message(Body::Cancel), Schedule::ARRIVED);
    net.run(millis(10));
    let reported = net.events_of(2, before);
    let [ChannelEvent::Message { message, .. }] = reported[..] else {
        panic!("{reported:?}");
    };
    let answer = Message {
        body: Body::CancelAck,
        ..message.clone()
    };
    // The answer is lost.
    net.weather.loss = 1_000;
    net.send(2, 1, answer.clone()).unwrap();
    net.weather.loss = 0;
    net.run(millis(50));
    assert_eq!(net.events_of(2, before).len(), 1);
    let answers = net.events_of(1, before);
    let [ChannelEvent::Message { message, .. }] = answers[..] else {
        panic!("{answers:?}");
    };
    assert_eq!((message.id, &message.body), (id, &Body::CancelAck));
    assert!(net.channel(2).counters().repeated >= 2);
    // Once answered, a second answer is of no use.
    let refused = net.channel(1).counters().refused;
    net.send(2, 1, answer).unwrap();
    net.run(millis(5));
    assert_eq!(net.channel(1).counters().refused, refused + 1);
}

#[test]
fn what_is_sent_before_there_is_a_session_goes_out_with_it() {
    let mut one = config(1, &[2]);
    one.peers[0].id = Some(ApId(2));
    let mut net = Net::new(std::vec![one, config(2, &[1])], FINE, 8);
    for sequence in 0..3 {
        net.send(1, 2, data(sequence)).unwrap();
    }
    let id = net.request(1, 2, message(Body::Cancel), Schedule::PREPARE);
    assert!(net.sent.is_empty());
    net.run(millis(10));
    let came = net.events_of(2, 0);
    let came = came.iter().filter_map(|event| match event {
        ChannelEvent::Message { message, .. } => Some(message.id),
        _ => None,
    });
    assert_eq!(came.collect::<Vec<_>>(), [0, 0, 0, id]);
    assert!(net.events_of(1, 0).iter().any(|event| matches!(
        event,
        ChannelEvent::Message { message, .. } if message.body == Body::CancelAck
    )));
}

#[test]
fn without_a_session_nothing_waits_for_ever() {
    let mut one = config(1, &[2]);
    one.peers[0].id = Some(ApId(2));
    let mut net = Net::new(std::vec![one, config(2, &[1])], FINE, 9);
    net.cut = std::vec![2];
    let id = net.request(1, 2, arrived(), Schedule::ARRIVED);
    net.run(millis(61));
    assert!(net.events.is_empty());
    net.run(millis(2));
    assert!(matches!(net.events_of(1, 0)[..], [ChannelEvent::GaveUp { id: up, .. }] if *up == id));
    // One more than there is room for, then some that grow too old.
    for sequence in 0..=u32::try_from(MAX_WAITING).unwrap() {
        net.send(1, 2, data(sequence)).unwrap();
    }
    assert_eq!(net.channel(1).counters().unsent, 1);
    net.run(Duration::from_secs(3));
    net.send(1, 2, data(99)).unwrap();
    net.cut.clear();
    net.run(Duration::from_secs(1));
    let sequences = net
        .events_of(2, 0)
        .into_iter()
        .filter_map(|event| match event {
            ChannelEvent::Message { message, .. } => match &message.body {
                Body::Data(data) => Some(data.sequence),
                _ => None,
            },
            _ => None,
        });
    assert_eq!(sequences.collect::<Vec<_>>(), [99]);
    assert_eq!(net.channel(1).counters().unsent, 1 + MAX_WAITING as u64);
}

#[test]
fn there_is_a_limit_to_requests() {
    let mut net = pair(FINE, 10);
    net.cut = std::vec![2];
    for _ in 0..Requests::MAX {
        net.request(1, 2, arrived(), Schedule::ARRIVED);
    }
    assert_eq!(net.send(1, 2, arrived()), Err(ChannelError::Full));
    net.run(millis(63));
    assert_eq!(net.channel(1).counters().given_up, Requests::MAX as u64);
    assert_eq!(net.send(1, 2, arrived()), Ok(()));
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let mut net = pair(FINE, 11);
    let unknown = net.send(1, 3, data(1));
    assert_eq!(unknown, Err(ChannelError::UnknownPeer(ApId(3))));
    let hello = net.send(1, 2, message(Body::Hello(Hello::default())));
    assert_eq!(hello, Err(ChannelError::NotThisWay(Kind::Hello)));
    let now = net.now;
    let schedule = Schedule::PUSH;
    let no_request = net.channel(1).request(now, ApId(2), data(1), schedule);
    assert_eq!(no_request, Err(ChannelError::NotThisWay(Kind::Data)));
    let answer = net.send(1, 2, message(Body::CancelAck));
    let (kind, id) = (Kind::CancelAck, 0);
    assert_eq!(answer, Err(ChannelError::NoRequest { kind, id }));
    let mut long = data(1);
    if let Body::Data(data) = &mut long.body {
        data.payload = std::vec![0; Data::MAX_PAYLOAD + 1];
    }
    assert!(matches!(net.send(1, 2, long), Err(ChannelError::Unfit(_))));
}

#[test]
fn the_last_requests_are_remembered() {
    let mut answers = Answers::default();
    let last = u32::try_from(Answers::WINDOW).unwrap() + 1;
    for id in (1..=last).rev() {
        assert_eq!(answers.came(id, Kind::Cancel), Came::New);
    }
    // The lowest was forgotten when it came, for it was the oldest.
    assert_eq!(answers.came(1, Kind::Cancel), Came::TooOld);
    assert_eq!(answers.came(2, Kind::Cancel), Came::Again(None));
    let answer = |id, body| Message {
        id,
        ..message(body)
    };
    let cancelled = answer(2, Body::CancelAck);
    assert!(answers.record(&cancelled));
    assert_eq!(answers.came(2, Kind::Cancel), Came::Again(Some(cancelled)));
    assert!(!answers.record(&answer(3, Body::PushAck(Admission::default()))));
    assert!(!answers.record(&answer(1, Body::CancelAck)));
}

/// Three that ask each other without end, in a storm: each request is reported at most once, ends
/// exactly once, and by the answer that it got.
#[test]
fn in_a_storm_every_request_ends_once() {
    let (mut asked, mut given_up) = (0, 0);
    for seed in 0..10 {
        let configs = std::vec![config(1, &[2, 3]), config(2, &[1, 3]), config(3, &[1, 2])];
        let mut net = Net::new(configs, STORM, seed);
        net.run(Duration::from_secs(10));
        let before = net.events.len();
        let mut ends = BTreeMap::new();
        for round in 0..100 {
            for (from, to) in [(1, 2), (2, 1), (1, 3), (3, 2)] {
                let push = message(Body::Push(crate::context::Context::default()));
                let id = net.request(from, to, push, Schedule::ARRIVED);
                assert_eq!(ends.insert((from, to, id), [0, 0]), None);
            }
            net.run(millis(round % 9));
        }
        net.run(millis(200));
        for (_, by, event) in &net.events[before..] {
            match event {
                ChannelEvent::Message { from, message } if message.body.kind() == Kind::Push => {
                    ends.get_mut(&(from.0, *by, message.id)).unwrap()[0] += 1;
                }
                ChannelEvent::Message { from, message } => {
                    let Body::PushAck(admission) = &message.body else {
                        panic!("{message:?}");
                    };
                    assert_eq!(admission.reason, std::format!("{}", message.id));
                    ends.get_mut(&(*by, from.0, message.id)).unwrap()[1] += 1;
                }
                ChannelEvent::GaveUp { to, id, .. } => {
                    ends.get_mut(&(*by, to.0, *id)).unwrap()[1] += 1;
                    given_up += 1;
                }
                other => panic!("seed {seed}: {other:?}"),
            }
        }
        asked += ends.len();
        for (request, [reported, ended]) in ends {
            assert!(
                reported <= 1,
                "seed {seed}: {request:?} reported {reported} times"
            );
            assert_eq!(ended, 1, "seed {seed}: {request:?}");
        }
    }
    // Three of ten are lost each way, with five attempts.
    assert!(given_up * 20 < asked, "{given_up} of {asked} given up");
    assert!(given_up > 0, "this was no storm");
}
