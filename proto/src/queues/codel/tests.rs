use std::collections::VecDeque;
use std::vec::Vec;

use super::*;

const OCTETS: u64 = 1_500;

const fn at(ms: u64) -> Instant {
    Instant::from_nanos(ms * 1_000_000)
}

/// A queue of packets of equal size, known by their arrival.
#[derive(Default)]
struct Queue {
    codel: Codel,
    held: VecDeque<Instant>,
}

impl Queue {
    fn push(&mut self, now: Instant, packets: u64) {
        self.held.extend((0..packets).map(|_| now));
    }

    /// The next packet: its arrival, and whether it is dropped.
    fn pop(&mut self, now: Instant) -> Option<(Instant, bool)> {
        let arrived = self.held.pop_front()?;
        let behind = self.held.len() as u64 * OCTETS;
        Some((arrived, self.codel.drops(now, arrived, behind)))
    }

    /// A visit that sends up to `packets`: how many it sent, and how many it dropped.
    fn visit(&mut self, now: Instant, packets: u64) -> (u64, u64) {
        let (mut sent, mut dropped) = (0, 0);
        while sent < packets {
            match self.pop(now) {
                Some((_, false)) => sent += 1,
                Some((_, true)) => dropped += 1,
                None => break,
            }
        }
        (sent, dropped)
    }
}

/// Two packets a millisecond come, one goes, and nobody slows down.
fn drops_under_overload(seconds: u64) -> Vec<u64> {
    let mut queue = Queue::default();
    let mut drops = Vec::new();
    for ms in 0..seconds * 1_000 {
        queue.push(at(ms), 2);
        let (sent, dropped) = queue.visit(at(ms), 1);
        assert_eq!(sent, 1);
        drops.extend((0..dropped).map(|_| ms));
    }
    drops
}

#[test]
fn drops_under_constant_overload_follow_the_control_law() {
    let drops = drops_under_overload(5);
    // Late (5 ms) for an interval (100 ms): the queue grows by a millisecond in two.
    assert!(
        (105..=115).contains(&drops[0]),
        "first drop at {}",
        drops[0]
    );
    let mut due = drops[0] as f64;
    for (n, &ms) in drops.iter().enumerate() {
        assert!(
            (due..due + 1.5).contains(&(ms as f64)),
            "drop {n} at {ms}, due at {due}"
        );
        due += 100.0 / ((n + 1) as f64).sqrt();
    }
    // The sum of 1/sqrt(k) grows as 2 sqrt(n): drops grow with the square of time.
    let within = |seconds: u64| {
        let end = drops[0] + seconds * 1_000;
        drops.iter().filter(|&&ms| ms < end).count()
    };
    let counts = [within(1), within(2), within(4)];
    assert_eq!(counts, [33, 115, 430]);
}

#[test]
fn spacing_is_the_interval_by_the_root_of_the_count() {
    let spacing = |count| spacing(MIN_INTERVAL, count).as_nanos();
    assert_eq!(spacing(1), 100_000_000);
    assert_eq!(spacing(2), 70_710_678);
    assert_eq!(spacing(100), 10_000_000);
    assert_eq!(spacing(u64::MAX), 0);
}

#[test]
fn a_queue_that_each_visit_empties_is_never_dropped_from() {
    for round in [20, 100, 200, 400] {
        let mut queue = Queue::default();
        for ms in 0..20_000 {
            queue.push(at(ms), 1);
            if ms % round == 0 {
                let (sent, dropped) = queue.visit(at(ms), u64::MAX);
                assert_eq!((sent, dropped), (if ms == 0 { 1 } else { round }, 0));
            }
        }
    }
}

/// The window that TCP needs to lose nothing when it is halved.
#[test]
fn a_queue_of_less_than_two_visits_is_never_dropped_from() {
    let mut queue = Queue::default();
    queue.push(at(0), 19);
    for visit in 1..1_000 {
        assert_eq!(queue.visit(at(visit * 100), 10), (10, 0));
        queue.push(at(visit * 100 + 1), 10);
    }
}

#[test]
fn a_queue_of_more_than_two_visits_is_dropped_from_within_some_rounds() {
    let mut queue = Queue::default();
    queue.push(at(0), 31);
    let first = (1..100).find(|visit| {
        let (sent, dropped) = queue.visit(at(visit * 100), 10);
        queue.push(at(visit * 100 + 1), sent);
        dropped > 0
    });
    // Late from the second visit on, and an interval is three rounds.
    assert_eq!(first, Some(5));
}

#[test]
fn what_an_outage_delays_is_not_dropped_in_bulk() {
    let mut queue = Queue::default();
    for ms in 0..1_000 {
        queue.push(at(ms), 2);
        queue.visit(at(ms), 1);
    }
    assert!(queue.codel.dropping);
    let waiting = queue.held.len();
    let (_, dropped) = queue.visit(at(11_000), 100);
    assert!(waiting > 400 && dropped <= 20, "{dropped} of {waiting}");
}

#[test]
fn an_outage_is_forgotten_within_seconds() {
    let mut rounds = Rounds::default();
    rounds.visit(at(20), at(0));
    assert_eq!(rounds.target(), Duration::from_millis(30));
    rounds.visit(at(10_000), at(0));
    assert_eq!(rounds.target(), MAX_PAUSE * 3 / 2);
    (1..=100).for_each(|n| rounds.visit(at(10_000 + n * 20), at(0)));
    assert_eq!(rounds.target(), Duration::from_millis(30));
    // Idle time is no pause.
    rounds.visit(at(20_000), at(19_990));
    assert_eq!(rounds.interval(), MIN_INTERVAL);
}

/// TCP as far as it matters here: slow start, a packet more each round trip, half at a loss.
struct Reno {
    window: f64,
    slow_start: bool,
    in_flight: f64,
    /// Losses of packets sent before have been answered already.
    answered: Instant,
    /// What the sender will learn, when: the time a packet was sent, and whether it was lost.
    news: VecDeque<(Instant, Instant, bool)>,
}

impl Reno {
    fn learn(&mut self, now: Instant) {
        while let Some(&(_, sent, lost)) = self.news.front().filter(|(at, ..)| *at <= now) {
            self.news.pop_front();
            self.in_flight -= 1.0;
            match (lost, self.slow_start) {
                (true, _) if sent >= self.answered => {
                    self.window = (self.window / 2.0).max(2.0);
                    self.slow_start = false;
                    self.answered = now;
                }
                (true, _) => {}
                (false, true) => self.window += 1.0,
                (false, false) => self.window += 1.0 / self.window,
            }
        }
    }
}

/// A TCP download through visits of `batch` packets every `round` ms: the share of the visits'
/// room that it used, and how many rounds a packet waited in the mean. The first 20 s, with slow
/// start, do not count.
fn tcp(round: u64, batch: u64, rtt: u64) -> (f64, f64) {
    let mut queue = Queue::default();
    let mut tcp = Reno {
        window: 10.0,
        slow_start: true,
        in_flight: 0.0,
        answered: at(0),
        news: VecDeque::new(),
    };
    let (mut room, mut used, mut waited) = (0, 0, 0.0);
    for ms in 0..200_000 {
        let now = at(ms);
        tcp.learn(now);
        while tcp.in_flight + 1.0 <= tcp.window {
            tcp.in_flight += 1.0;
            queue.push(now, 1);
        }
        if ms % round != 0 {
            continue;
        }
        let mut left = batch;
        while left > 0 {
            let Some((arrived, lost)) = queue.pop(now) else {
                break;
            };
            tcp.news
                .push_back((now + Duration::from_millis(rtt), arrived, lost));
            if !lost {
                left -= 1;
                if ms >= 20_000 {
                    waited += now.since(arrived).as_secs_f64();
                }
            }
        }
        if ms >= 20_000 {
            room += batch;
            used += batch - left;
        }
    }
    let wait = waited / used as f64 / round as f64 * 1e3;
    (used as f64 / room as f64, wait)
}

#[test]
fn tcp_fills_its_visits_and_waits_some_rounds() {
    for (round, batch, rtt) in [
        (20, 4, 2),
        (20, 10, 10),
        (50, 10, 2),
        (50, 40, 30),
        (100, 10, 2),
        (100, 40, 20),
        (100, 40, 80),
        (200, 10, 2),
        (200, 100, 50),
        (200, 100, 150),
    ] {
        let (used, wait) = tcp(round, batch, rtt);
        assert!(
            used > 0.99 && wait < 2.0,
            "round {round} ms, {batch} packets, RTT {rtt} ms: {used} used, {wait} rounds"
        );
    }
}
