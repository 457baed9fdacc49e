//! The applications at both ends.

use rether_proto::time::{Duration, Instant};
use smoltcp::socket::tcp::Socket;

/// A byte in units of credit: bit/s times nanoseconds.
const BYTE: u128 = 8_000_000_000;

/// Writes whole segments, always or at a rate.
#[derive(Debug)]
pub(super) struct Source {
    rate: Option<u64>,
    segment: usize,
    /// What may be written by now, in [`BYTE`]s; at most a full send buffer.
    credit: u128,
    since: Option<Instant>,
    /// Payload given to the stack, bytes.
    pub(super) written: u64,
}

impl Source {
    pub(super) fn new(rate: Option<u64>, segment: usize) -> Self {
        Self {
            rate,
            segment,
            credit: 0,
            since: None,
            written: 0,
        }
    }

    /// Writes what is due and fits.
    pub(super) fn fill(&mut self, now: Instant, socket: &mut Socket<'_>) {
        if !socket.may_send() {
            return;
        }
        self.earn(now, socket.send_capacity());
        let free = socket.send_capacity() - socket.send_queue();
        let mut segments = free / self.segment;
        if self.rate.is_some() {
            let paid = self.credit / self.price();
            segments = segments.min(usize::try_from(paid).unwrap_or(usize::MAX));
            self.credit -= self.price() * segments as u128;
        }
        let mut left = segments * self.segment;
        while left > 0 {
            let written = self.written;
            let part = socket.send(|buffer| {
                let part = buffer.len().min(left);
                write(written, &mut buffer[..part]);
                (part, part)
            });
            match part {
                Ok(part) if part > 0 => {
                    left -= part;
                    self.written += part as u64;
                }
                _ => return,
            }
        }
    }

    /// When the next segment is due. `None` without a rate, before the connection stands, and
    /// while the segment waits for room in the buffer: an Ack makes it.
    pub(super) fn next_time(&self) -> Option<Instant> {
        let rate = u128::from(self.rate.filter(|rate| *rate > 0)?);
        let missing = self.price().checked_sub(self.credit)?;
        if missing == 0 {
            return None;
        }
        let nanos = u64::try_from(missing.div_ceil(rate)).unwrap_or(u64::MAX);
        Some(self.since? + Duration::from_nanos(nanos))
    }

    fn price(&self) -> u128 {
        BYTE * self.segment as u128
    }

    fn earn(&mut self, now: Instant, most: usize) {
        let elapsed = now.since(*self.since.get_or_insert(now)).as_nanos();
        self.since = Some(now);
        let earned = u128::from(self.rate.unwrap_or(0)) * u128::from(elapsed);
        self.credit = (self.credit + earned).min(BYTE * most as u128);
    }
}

/// Reads all there is; returns how many bytes. `before` is what had been read before.
pub(super) fn drain(before: u64, socket: &mut Socket<'_>) -> u64 {
    let mut read = 0;
    while socket.can_recv() {
        let part = socket.recv(|buffer| {
            check(before + read, buffer);
            (buffer.len(), buffer.len())
        });
        match part {
            Ok(part) if part > 0 => read += part as u64,
            _ => break,
        }
    }
    read
}

/// Payload is what happens to be in the buffer: nobody looks at it but the tests.
#[cfg(not(test))]
fn write(_: u64, _: &mut [u8]) {}
#[cfg(not(test))]
fn check(_: u64, _: &[u8]) {}

#[cfg(test)]
use super::tests::pattern::{check, write};
