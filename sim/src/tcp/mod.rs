//! TCP transfers as load: a real stack (`smoltcp`) under virtual time.
//!
//! An [`Endpoint`] is one side of one transfer. It knows no clock and no wire: the event loop
//! hands it IP packets ([`Endpoint::receive`]), takes those it wants to send
//! ([`Endpoint::poll_transmit`]), and calls [`Endpoint::poll`] at [`Endpoint::poll_timeout`].
//! A packet that the loop does not deliver is lost, in a queue or on the air.
//!
//! Packets are IPv4 with TCP checksums and header checksums of zero: both ends ignore them, for
//! what the simulator damages it does not deliver.
//!
//! # How smoltcp 0.14 differs from NewReno with SACK, and what that does to figures
//!
//! - **Congestion control** is Reno (RFC 5681) or CUBIC (RFC 9438). The first Ack of new data ends
//!   fast recovery: there is no NewReno (RFC 6582), no limited transmit (RFC 3042), and the sender
//!   ignores SACK blocks (the receiver sends one). One loss in a window is repaired in a round
//!   trip; of several, the later ones need three duplicate Acks each or the timeout. Losses thus
//!   cost more pauses of a second and more. One Reno transfer over 10 Mb/s and 10 ms with 1 % of
//!   random loss gets about 4 Mb/s, half of what the square-root law (Mathis et al. 1997) gives
//!   without timeouts. Where only a queue of 100 packets overflows, 3 to 20 transfers together
//!   lose 2 % of 10 Mb/s, but share it less evenly the more they are.
//! - **Initial window** is 2048 bytes: one segment of 1448, where RFC 6928 has ten. With a delayed
//!   Ack that segment would wait for the whole delay, so the receiver acknowledges the first
//!   [`TcpConfig::quick_acks`] segments at once, as Linux does. A transfer starts some three round
//!   trips later than with a window of ten.
//! - **Growth** is per Ack: with every second segment acknowledged, half a segment per segment in
//!   slow start, and half a segment per round trip in congestion avoidance, as in ns-3. The window
//!   never exceeds the receiver's.
//! - **Timeout** is as in RFC 6298: at least 1 s, doubled up to 60 s, in milliseconds, one sample
//!   per round trip, none of retransmitted data. After it everything unacknowledged is sent again
//!   from the first byte on (go-back-N) in slow start. The connection never gives up.
//! - **Timestamps** are carried for their 12 bytes of airtime, but not used: neither for round-trip
//!   times nor against old segments. Their value is constant.
//! - **Delayed Ack**: the second full segment, a gap and the end of a gap are acknowledged at once.
//!   Payload is read before the Ack is made, so that the window in it stays constant; an Ack with
//!   another window is not a duplicate for smoltcp. The Ack that fills a gap is made before
//!   reading, so the first duplicate after it does not count.
//! - **Window scaling** is always on: the shift is 1 for 64 KiB, which are offered in full.
//! - **Nagle** is on and the send buffer holds whole segments, so that greedy transfers send none
//!   but full ones. There is no pacing.

mod clock;
mod config;
mod device;
mod endpoint;
mod source;
mod statistics;

#[cfg(test)]
mod tests;

pub use config::{Congestion, TcpConfig, TcpError};
pub use endpoint::{Endpoint, Role};
pub use statistics::Statistics;
