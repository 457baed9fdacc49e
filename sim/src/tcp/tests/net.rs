//! Two endpoints and the two directions of a path between them, in virtual time.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::super::*;
use rether_proto::time::{Duration, Instant};

pub(super) fn at(millis: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(millis)
}

/// A queue, a link of 10 Mb/s behind it, and 5 ms of way.
pub(super) struct Path {
    pub(super) queue: usize,
    pub(super) loss: f64,
    pub(super) packets: u64,
    pub(super) of_full_size: u64,
    pub(super) longest: usize,
    pub(super) dropped: u64,
    free_at: Instant,
    leaving: VecDeque<Instant>,
    arriving: VecDeque<(Instant, Vec<u8>)>,
    random: u64,
}

impl Path {
    fn new(seed: u64) -> Self {
        Self {
            queue: 100,
            loss: 0.0,
            packets: 0,
            of_full_size: 0,
            longest: 0,
            dropped: 0,
            free_at: Instant::ZERO,
            leaving: VecDeque::new(),
            arriving: VecDeque::new(),
            random: seed | 1,
        }
    }

    fn send(&mut self, now: Instant, packet: Vec<u8>) {
        self.packets += 1;
        self.of_full_size += u64::from(packet.len() == 1500);
        self.longest = self.longest.max(packet.len());
        while self.leaving.front().is_some_and(|at| *at <= now) {
            self.leaving.pop_front();
        }
        if self.leaving.len() >= self.queue {
            self.dropped += 1;
            return;
        }
        let airtime = Duration::from_nanos(packet.len() as u64 * 800);
        self.free_at = self.free_at.max(now) + airtime;
        self.leaving.push_back(self.free_at);
        if self.draw() >= self.loss {
            let arrival = self.free_at + Duration::from_millis(5);
            self.arriving.push_back((arrival, packet));
        }
    }

    /// A draw from 0..1 (xorshift64*).
    fn draw(&mut self) -> f64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn arrived(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.next().filter(|at| *at <= now)?;
        self.arriving.pop_front().map(|(_, packet)| packet)
    }

    fn next(&self) -> Option<Instant> {
        self.arriving.front().map(|(at, _)| *at)
    }
}

pub(super) struct Net {
    pub(super) sender: Endpoint,
    pub(super) receiver: Endpoint,
    pub(super) forward: Path,
    pub(super) backward: Path,
    /// Of all packets in both directions with their times.
    pub(super) digest: u64,
    now: Instant,
    idle_polls: u32,
}

impl Net {
    pub(super) fn new(config: &TcpConfig, seed: u64) -> Self {
        Self::starting(config, seed, Instant::ZERO)
    }

    pub(super) fn starting(config: &TcpConfig, seed: u64, now: Instant) -> Self {
        let sender = (Ipv4Addr::new(10, 0, 0, 1), 50_000);
        let receiver = (Ipv4Addr::new(192, 168, 7, 255), 5_001);
        let mut net = Self {
            sender: Endpoint::new(Role::Sender, config, sender, receiver, seed).unwrap(),
            receiver: Endpoint::new(Role::Receiver, config, receiver, sender, !seed).unwrap(),
            forward: Path::new(seed),
            backward: Path::new(!seed),
            digest: 0,
            now,
            idle_polls: 0,
        };
        net.receiver.start(now).unwrap();
        net.sender.start(now).unwrap();
        net.carry();
        net
    }

    /// The next event of all.
    pub(super) fn next(&self) -> Option<Instant> {
        [
            self.forward.next(),
            self.backward.next(),
            self.sender.poll_timeout(),
            self.receiver.poll_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub(super) fn run_until(&mut self, end: Instant) {
        while let Some(next) = self.next().filter(|next| *next <= end) {
            assert!(next >= self.now, "the past does not come again");
            self.now = next;
            if let Some(packet) = self.forward.arrived(next) {
                self.receiver.receive(next, &packet);
                self.sender.recycle(packet);
            } else if let Some(packet) = self.backward.arrived(next) {
                self.sender.receive(next, &packet);
                self.receiver.recycle(packet);
            } else {
                let written = self.sender.written();
                for endpoint in [&mut self.sender, &mut self.receiver] {
                    if endpoint.poll_timeout().is_some_and(|at| at <= next) {
                        endpoint.poll(next);
                    }
                    let later = endpoint.poll_timeout().is_none_or(|at| at > next);
                    assert!(later, "{endpoint:?} wants to be polled twice at {next}");
                }
                self.idle_polls += u32::from(self.sender.written() == written);
                assert!(self.idle_polls < 4, "idle polls: {self:?}");
            }
            self.carry();
        }
        self.now = self.now.max(end);
    }

    /// Stops the sender and lets both ends finish.
    pub(super) fn stop_and_drain(&mut self) {
        self.sender.stop(self.now);
        self.carry();
        self.run_until(self.now + Duration::from_secs(1_000));
    }

    fn carry(&mut self) {
        let ends = [
            (&mut self.sender, &mut self.forward),
            (&mut self.receiver, &mut self.backward),
        ];
        for (endpoint, path) in ends {
            while let Some(packet) = endpoint.poll_transmit() {
                self.idle_polls = 0;
                let stamp = self.now.as_nanos();
                let bytes = packet.iter().copied().chain(stamp.to_le_bytes());
                // FNV-1a
                self.digest = bytes.fold(self.digest, |digest, byte| {
                    (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
                });
                path.send(self.now, packet);
            }
        }
    }
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {:?}", self.now, self.sender, self.receiver)
    }
}
