//! How a station answered its tokens, for the cause of a miss.

/// What became of a station's tokens in the window that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::coordinator) struct Answers {
    /// RETURNs that came for a token that was out.
    pub(in crate::coordinator) returns: u32,
    /// Tokens, each copy of one by itself, that were not acknowledged or that no RETURN followed,
    /// less RETURNs that came after all. Those that the radio did not send are not among them.
    pub(in crate::coordinator) lost: u32,
    /// Promised visits that were given up, after all copies of their token or because the radio did
    /// not get rid of it.
    pub(in crate::coordinator) vain: u32,
}

impl Answers {
    pub(in crate::coordinator) const NONE: Self = Self {
        returns: 0,
        lost: 0,
        vain: 0,
    };

    /// More than so many copies of a token, in thousandths, went out for each RETURN.
    pub(super) fn took_more_tries(&self, limit: u32) -> bool {
        let returns = u64::from(self.returns);
        (returns + u64::from(self.lost)) * 1_000 > returns * u64::from(limit)
    }
}
