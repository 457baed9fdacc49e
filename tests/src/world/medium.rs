//! What happens to a frame between two nodes.

use rether_proto::mac::MacAddr;
use rether_proto::rng::Rng;
use rether_proto::time::Duration;
use rether_proto::wire::{Data, Message, Return};

/// How long a frame takes.
pub(super) const DELAY: Duration = Duration::from_micros(50);

/// What the medium does to frames of the protocol, each in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Frames that vanish; a unicast is then reported as not acknowledged.
    pub loss: u64,
    /// Frames that vanish although they are reported as acknowledged.
    pub silent_loss: u64,
    /// Frames that arrive twice.
    pub duplication: u64,
    /// Frames that arrive up to 3 ms late.
    pub reordering: u64,
}

/// What a station does that none should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vice {
    /// It says that it used nothing of any grant.
    UsesNothing,
    /// It says that it sent for an hour.
    Overstays,
    /// It keeps its tokens.
    NeverReturns,
    /// It always says that it holds more.
    NeverContent,
}

/// What becomes of one frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate {
    /// Delays after which a copy arrives.
    pub(super) arrivals: Vec<Duration>,
    pub(super) acked: bool,
}

impl Faults {
    pub(super) fn fate(self, rng: &mut Rng, to: MacAddr, present: bool) -> Fate {
        let mut lucky = |chance: u64| rng.below(1_000) >= chance;
        let acked = lucky(self.loss) && present;
        let arrives = acked && lucky(self.silent_loss);
        let twice = !lucky(self.duplication);
        let late = !lucky(self.reordering);
        let mut arrivals = Vec::new();
        if arrives || (to.is_group() && rng.below(1_000) >= self.loss) {
            let extra = if late { rng.below(3_000) } else { 0 };
            let delay = DELAY + Duration::from_micros(extra);
            arrivals.push(delay);
            if twice {
                arrivals.push(delay + DELAY);
            }
        }
        Fate { arrivals, acked }
    }
}

impl Vice {
    /// The frame as this station would rather have sent it; `None` if not at all.
    pub(super) fn corrupt(self, bytes: Vec<u8>) -> Option<Vec<u8>> {
        const HOUR: Duration = Duration::from_secs(3_600);
        let Ok((header, message)) = Message::decode(&bytes) else {
            return Some(bytes);
        };
        let honest = match &message {
            Message::Return(answer) => *answer,
            Message::Data(Data {
                answer: Some(answer),
                ..
            }) => *answer,
            _ => return Some(bytes),
        };
        let lie = match self {
            Self::NeverReturns => return None,
            Self::UsesNothing => Return {
                used_rt: Duration::ZERO,
                used_nrt: Duration::ZERO,
                ..honest
            },
            Self::Overstays => Return {
                used_rt: HOUR,
                used_nrt: HOUR,
                ..honest
            },
            Self::NeverContent => {
                let mut lie = honest;
                lie.backlog.nrt.packets = u16::MAX;
                lie.backlog.rt.packets = u16::MAX;
                lie
            }
        };
        let mut bytes = bytes;
        let message = match message {
            Message::Data(data) => Message::Data(Data {
                answer: Some(lie),
                ..data
            }),
            _ => Message::Return(lie),
        };
        let length = message.encode(&header, &mut bytes);
        length.ok().map(|_| bytes)
    }
}
