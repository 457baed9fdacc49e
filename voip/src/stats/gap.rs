//! The longest silence: what a listener notices of a handoff.

/// A silence between two arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gap {
    /// How long, nanoseconds.
    pub length_ns: u64,
    /// Where in the stream it began, nanoseconds of speech from its start.
    pub at_ns: u64,
}

/// Finds the longest silence of a stream.
///
/// Between two packets it is the time between their arrivals, so an undisturbed
/// 20 ms stream has gaps of 20 ms. Packets missing at the very start or end have
/// no arrival on one side; there the silence is their number times the packet time.
#[derive(Debug, Clone, Copy)]
pub struct GapMeter {
    packet_ns: u64,
    last: Option<(u32, u64)>,
    highest: u32,
    longest: Gap,
}

impl GapMeter {
    /// For a stream with a packet every `packet_ns` nanoseconds.
    #[must_use]
    pub const fn new(packet_ns: u64) -> Self {
        Self {
            packet_ns,
            last: None,
            highest: 0,
            longest: Gap {
                length_ns: 0,
                at_ns: 0,
            },
        }
    }

    /// Takes in the arrival, at `arrival_ns`, of the packet at `position`.
    pub fn on_arrival(&mut self, position: u32, arrival_ns: u64) {
        let gap = match self.last {
            Some((before, at)) => Gap {
                length_ns: arrival_ns.saturating_sub(at),
                at_ns: self.speech_ns(before),
            },
            None => Gap {
                length_ns: self.speech_ns(position),
                at_ns: 0,
            },
        };
        self.keep_longer(gap);
        self.last = Some((position, arrival_ns));
        self.highest = self.highest.max(position);
    }

    /// The longest silence of a stream of which `sent` packets were sent.
    #[must_use]
    pub fn longest(mut self, sent: u32) -> Gap {
        let heard = if self.last.is_some() {
            self.highest + 1
        } else {
            0
        };
        let tail = Gap {
            length_ns: self.speech_ns(sent.saturating_sub(heard)),
            at_ns: self.speech_ns(heard),
        };
        self.keep_longer(tail);
        self.longest
    }

    const fn keep_longer(&mut self, gap: Gap) {
        if gap.length_ns > self.longest.length_ns {
            self.longest = gap;
        }
    }

    const fn speech_ns(&self, packets: u32) -> u64 {
        packets as u64 * self.packet_ns
    }
}
