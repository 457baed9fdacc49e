//! Test calls for wireless networks: real RTP both ways, and what a listener would
//! notice of the network between.
//!
//! The program is `rether-voip`; this is what it is made of. All measuring and both
//! ends of the control protocol are free of I/O: they take datagrams and times and
//! can be tested with made-up ones. [`call::call`], [`answer::answer`] and [`pace`]
//! put sockets and threads around them.
//!
//! | module | holds |
//! |---|---|
//! | [`profile`] | the kinds of call: codec, packet time, size |
//! | [`packet`] | RTP packets with our header in the payload |
//! | [`stats`] | loss, duplicates, order, delay, jitter, gaps, windows of one stream |
//! | [`mos`] | the E-model |
//! | [`clock`] | whether both ends share a clock, and if not, their offset |
//! | [`control`] | the control datagrams |
//! | [`call`], [`answer`] | the two ends |
//! | [`report`], [`thresholds`] | the JSON report and the verdict |
//!
//! Delays are taken from the monotonic clock right before `send` to right after
//! `recv` in user space, so both hosts' queues are part of them, as they are of a
//! phone's.

pub mod answer;
pub mod call;
pub mod clock;
pub mod control;
pub mod mos;
pub mod pace;
pub mod packet;
pub mod profile;
pub mod report;
pub mod stats;
pub mod sys;
pub mod thresholds;
