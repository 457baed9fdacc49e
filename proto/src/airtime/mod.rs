//! How long frame exchanges occupy the air: the currency of the ledger and of every grant.
//!
//! A promise in bits per second costs different airtime at each PHY rate, so reservations,
//! grants and round-robin shares are all counted in the duration of the exchanges of 802.11:
//!
//! ```text
//! DIFS | backoff | [CTS-to-self | SIFS] | data PPDU | SIFS | Ack PPDU
//! ```
//!
//! All of it is integer arithmetic on nanoseconds. Where the standard or a driver leaves a
//! choice (preamble of an Ack, basic rates), the longer answer is taken: a promise that is
//! counted too dear is kept, one that is counted too cheap is not. Clauses are those of
//! IEEE Std 802.11-2020.
//!
//! Frames are counted as unprotected. CCMP would add 16 octets to each (12.5.3.2), which is
//! 12 us at 11 Mb/s and at most one symbol of 4 us at 54 Mb/s.

mod exchange;
mod granted;
mod phy;
mod ppdu;
mod rate;
#[cfg(test)]
mod tests;

pub use granted::Turn;
pub use phy::{Phy, PhyKind};
pub use rate::Rate;
