//! Which sequence numbers were seen.

/// The sliding window of RFC 4303 (clause 3.4.3 and appendix A2): numbers up to 63 behind the
/// highest one are remembered, older ones count as seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayWindow {
    highest: u32,
    /// Bit n: `highest - n` was seen.
    seen: u64,
}

impl ReplayWindow {
    /// How many numbers are remembered.
    pub const SIZE: u32 = u64::BITS;

    /// A window that takes only what is numbered after `sequence`.
    #[must_use]
    pub const fn after(sequence: u32) -> Self {
        Self {
            highest: sequence,
            seen: u64::MAX,
        }
    }

    /// The highest number that was seen.
    #[must_use]
    pub const fn highest(&self) -> u32 {
        self.highest
    }

    /// Whether `sequence` may still come.
    #[must_use]
    pub const fn is_fresh(&self, sequence: u32) -> bool {
        if sequence > self.highest {
            return true;
        }
        let behind = self.highest - sequence;
        behind < Self::SIZE && self.seen & (1 << behind) == 0
    }

    /// `sequence` came, in a frame that is authentic. Never to be called before that is known: a
    /// forged number would push the window past all that is to come.
    pub const fn note(&mut self, sequence: u32) {
        if sequence > self.highest {
            let ahead = sequence - self.highest;
            self.seen = if ahead < Self::SIZE {
                self.seen << ahead
            } else {
                0
            };
            self.highest = sequence;
        }
        let behind = self.highest - sequence;
        if behind < Self::SIZE {
            self.seen |= 1 << behind;
        }
    }
}
