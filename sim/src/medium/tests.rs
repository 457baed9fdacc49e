//! Tests of the medium, and the rig that they share: a medium whose events are kept.

mod access;
mod airtime;
mod collisions;
mod conservation;
mod contention_window;
mod edca;
mod freezing;
mod frequencies;
mod hidden;
mod retries;
mod saturation;

use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::time::Duration;

use super::*;

const R6: Rate = Rate(60);
const R11: Rate = Rate(110);
const R24: Rate = Rate(240);
const R54: Rate = Rate(540);

/// A PSDU of 1472 octets of UDP payload: 248 us at 54 Mb/s and 1310 us at 11 Mb/s, without the
/// QoS Control field.
const PSDU: u32 = 1536;
/// The same with it: 252 us at 54 Mb/s.
const QOS_PSDU: u32 = 1538;

fn phy(kind: PhyKind, wmm: bool) -> RadioConfig {
    RadioConfig::new(Phy { kind, wmm }, 5180)
}

fn ofdm() -> RadioConfig {
    phy(PhyKind::Ofdm, false)
}

fn dsss() -> RadioConfig {
    phy(PhyKind::DsssLong, false)
}

fn edca() -> RadioConfig {
    phy(PhyKind::Ofdm, true)
}

/// Without random backoffs: one that draws from 0 to 0, whatever fails.
fn prompt(mut config: RadioConfig) -> RadioConfig {
    for access in &mut config.access {
        access.cw_min = 0;
        access.cw_max = 0;
    }
    config
}

fn at(micros: u64) -> Instant {
    Instant::ZERO + Duration::from_micros(micros)
}

/// What the tests compare: a transmission by its radio, in microseconds of the first and the last
/// bit. Everything in the tests lasts whole microseconds, which is checked.
type OnAirRow = (u64, u64, RadioId, OnAir);

#[derive(Clone, Debug)]
struct Rig {
    medium: Medium,
    told: Vec<Event>,
    sent: u64,
}

impl Rig {
    fn new(config: MediumConfig, seed: u64) -> Self {
        let config = MediumConfig {
            trace: true,
            ..config
        };
        Self {
            medium: Medium::new(config, seed),
            told: Vec::new(),
            sent: 0,
        }
    }

    /// Radios of one kind, in one place.
    fn of<const N: usize>(config: &RadioConfig, seed: u64) -> (Self, [RadioId; N]) {
        let mut rig = Self::new(MediumConfig::default(), seed);
        let radios = std::array::from_fn(|_| rig.medium.add_radio(config.clone()));
        (rig, radios)
    }

    /// Radios in a row, so many metres east of the origin, that hear each other up to 69 m.
    fn row<const N: usize>(configs: [(f64, RadioConfig); N], medium: MediumConfig) -> Self {
        let propagation = Propagation::LogDistance(LogDistance::default());
        let mut rig = Self::new(
            MediumConfig {
                propagation,
                ..medium
            },
            1,
        );
        for (x, config) in configs {
            let position = Position { x, y: 0.0 };
            rig.medium.add_radio(RadioConfig { position, ..config });
        }
        rig
    }

    /// Lets time pass until `micros`, and hands over a frame of best effort.
    fn send(
        &mut self,
        micros: u64,
        from: RadioId,
        to: impl Into<Destination>,
        psdu_octets: u32,
        rate: Rate,
    ) -> FrameId {
        self.send_as(
            micros,
            from,
            Ac::Be,
            to,
            psdu_octets,
            RateSeries::fixed(rate),
        )
    }

    fn send_as(
        &mut self,
        micros: u64,
        from: RadioId,
        ac: Ac,
        to: impl Into<Destination>,
        psdu_octets: u32,
        rates: RateSeries,
    ) -> FrameId {
        self.run(micros);
        let id = FrameId(self.sent);
        self.sent += 1;
        let frame = Frame {
            id,
            to: to.into(),
            ac,
            psdu_octets,
            rates,
        };
        self.medium.submit(at(micros), from, frame).unwrap();
        id
    }

    /// Lets everything happen until `micros`.
    fn run(&mut self, micros: u64) {
        self.medium.advance(at(micros));
        self.told
            .extend(std::iter::from_fn(|| self.medium.poll_event()));
    }

    /// Lets everything happen that will.
    fn finish(&mut self) {
        while self.medium.next_time().is_some() {
            self.medium.step();
        }
        self.run(0);
    }

    fn on_air(&self) -> Vec<OnAirRow> {
        let row = |event: &Event| match *event {
            Event::OnAir {
                at,
                until,
                radio,
                what,
                ..
            } => Some((micros(at), micros(until), radio, what)),
            _ => None,
        };
        self.told.iter().filter_map(row).collect()
    }

    /// The transmissions of one radio, without Acks: first bit, last bit, frame, attempt.
    fn frames_of(&self, of: RadioId) -> Vec<(u64, u64, FrameId, u8)> {
        let frame = |(at, until, radio, what): OnAirRow| match what {
            OnAir::Frame { frame, attempt } if radio == of => Some((at, until, frame, attempt)),
            _ => None,
        };
        self.on_air().into_iter().filter_map(frame).collect()
    }

    /// When a radio sent its frames first bits.
    fn starts_of(&self, of: RadioId) -> Vec<u64> {
        self.frames_of(of).iter().map(|row| row.0).collect()
    }

    /// Who received a frame, and when.
    fn receptions(&self, of: FrameId) -> Vec<(u64, RadioId)> {
        let reception = |event: &Event| match *event {
            Event::Received {
                at, radio, frame, ..
            } if frame == of => Some((micros(at), radio)),
            _ => None,
        };
        self.told.iter().filter_map(reception).collect()
    }

    /// What became of a frame: when, acknowledged or not, and tries.
    fn done(&self, of: FrameId) -> Option<(u64, bool, u8)> {
        self.told.iter().find_map(|event| match *event {
            Event::Done {
                at,
                frame,
                acked,
                tries,
                ..
            } if frame == of => Some((micros(at), acked, tries)),
            _ => None,
        })
    }
}

impl From<RadioId> for Destination {
    fn from(radio: RadioId) -> Self {
        Self::Radio(radio)
    }
}

fn micros(at: Instant) -> u64 {
    assert_eq!(at.as_nanos() % 1000, 0, "{at:?}");
    at.as_nanos() / 1000
}

const fn frame(frame: FrameId, attempt: u8) -> OnAir {
    OnAir::Frame { frame, attempt }
}

const fn ack(frame: FrameId) -> OnAir {
    OnAir::Ack { frame }
}
