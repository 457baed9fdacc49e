//! Which sequence numbers were seen.

/// The sliding window of RFC 4303 (clause 3.4.3 and appendix A2): the highest number and those
/// less than `64 * WORDS` behind it are remembered, older ones count as seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayWindow<const WORDS: usize = 1> {
    highest: u64,
    /// Bit n, counted from the lowest of the first word: `highest - n` was seen.
    seen: [u64; WORDS],
}

impl<const WORDS: usize> ReplayWindow<WORDS> {
    /// How many numbers are remembered.
    pub const SIZE: u64 = u64::BITS as u64 * WORDS as u64;

    /// A window that takes only what is numbered after `sequence`.
    #[must_use]
    pub const fn after(sequence: u64) -> Self {
        Self {
            highest: sequence,
            seen: [u64::MAX; WORDS],
        }
    }

    /// The highest number that was seen.
    #[must_use]
    pub const fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether `sequence` may still come.
    #[must_use]
    pub fn is_fresh(&self, sequence: u64) -> bool {
        if sequence > self.highest {
            return true;
        }
        let (word, bit) = Self::place(self.highest - sequence);
        self.seen.get(word).is_some_and(|seen| seen & bit == 0)
    }

    /// `sequence` came, in a frame that is authentic. Never to be called before that is known: a
    /// forged number would push the window past all that is to come.
    pub fn note(&mut self, sequence: u64) {
        if sequence > self.highest {
            self.advance(sequence - self.highest);
            self.highest = sequence;
        }
        let (word, bit) = Self::place(self.highest - sequence);
        if let Some(seen) = self.seen.get_mut(word) {
            *seen |= bit;
        }
    }

    /// Word and bit of the number that is so far behind the highest one.
    fn place(behind: u64) -> (usize, u64) {
        let word = usize::try_from(behind / u64::from(u64::BITS)).unwrap_or(usize::MAX);
        (word, 1 << (behind % u64::from(u64::BITS)))
    }

    /// Moves every bit up, across words.
    fn advance(&mut self, ahead: u64) {
        let (words, bit) = Self::place(ahead);
        let bits = bit.trailing_zeros();
        for word in (0..WORDS).rev() {
            let from = |back: usize| {
                let source = word.checked_sub(words)?.checked_sub(back)?;
                self.seen.get(source).copied()
            };
            let low = from(0).unwrap_or_default() << bits;
            // Of the word below, what leaves it at its upper end.
            let high = from(1).unwrap_or_default();
            let carried = high.checked_shr(u64::BITS - bits).unwrap_or_default();
            self.seen[word] = low | carried;
        }
    }
}
