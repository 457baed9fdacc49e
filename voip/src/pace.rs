//! Sends one stream on schedule, from a thread of its own.
//!
//! Packet *n* is due at `start + n * packet time`, so lateness never adds up; what
//! was overslept is sent at once. An async runtime's timer would be 1 to 2 ms late
//! each time, which is more than a good Wi-Fi network adds.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::packet::{MAX_PACKET_LEN, StreamId, Voice};
use crate::report::SenderReport;
use crate::sys::{now_ns, sharpen_sleep, sleep_until};

/// What to send.
#[derive(Debug)]
pub struct Job {
    /// From here.
    pub socket: UdpSocket,
    /// To there.
    pub to: SocketAddr,
    /// As this stream.
    pub stream: StreamId,
    /// So many packets.
    pub packets: u32,
    /// The first at this time of [`now_ns`].
    pub start_ns: u64,
}

#[derive(Debug, Default)]
struct Counters {
    stop: AtomicBool,
    sent: AtomicU32,
    errors: AtomicU32,
    late_max_ns: AtomicU64,
}

/// A stream being sent. Dropping it stops the stream.
#[derive(Debug)]
pub struct Sender {
    counters: Arc<Counters>,
    thread: JoinHandle<()>,
    started_ns: u64,
}

impl Sender {
    /// Begins to send.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn spawn(job: Job) -> io::Result<Self> {
        let counters = Arc::new(Counters::default());
        let shared = Arc::clone(&counters);
        let started_ns = job.start_ns;
        let thread = std::thread::Builder::new()
            .name("voice".into())
            .spawn(move || send(&job, &shared))?;
        Ok(Self {
            counters,
            thread,
            started_ns,
        })
    }

    /// Asks the thread to stop; it does so within a packet time.
    pub fn stop(&self) {
        self.counters.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the thread is done, so that [`Self::report`] will not change any more.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// How it went so far.
    #[must_use]
    pub fn report(&self) -> SenderReport {
        SenderReport {
            sent: self.counters.sent.load(Ordering::Relaxed),
            send_errors: self.counters.errors.load(Ordering::Relaxed),
            pacing_late_max_ms: self.counters.late_max_ns.load(Ordering::Relaxed) as f64 / 1e6,
            started_ns: self.started_ns,
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.stop();
    }
}

/// When a stream starts: at the next whole packet time after `now`, plus its phase.
/// Streams of one process are spread by their phases, whenever they are set up.
#[must_use]
pub const fn aligned_start(now: u64, packet_ns: u64, phase_ns: u64) -> u64 {
    (now / packet_ns + 1) * packet_ns + phase_ns
}

fn send(job: &Job, counters: &Counters) {
    sharpen_sleep();
    let mut buffer = [0; MAX_PACKET_LEN];
    for sequence in 0..u64::from(job.packets) {
        let due = job.start_ns + sequence * job.stream.profile.packet_ns();
        sleep_until(due);
        if counters.stop.load(Ordering::Relaxed) {
            return;
        }
        let sent_ns = now_ns();
        counters
            .late_max_ns
            .fetch_max(sent_ns.saturating_sub(due), Ordering::Relaxed);
        let sent = job
            .stream
            .emit(Voice { sequence, sent_ns }, &mut buffer)
            .map_err(io::Error::other)
            .and_then(|len| send_once(&job.socket, job.to, &buffer[..len]));
        counters
            .errors
            .fetch_add(u32::from(sent.is_err()), Ordering::Relaxed);
        counters.sent.fetch_add(1, Ordering::Relaxed);
    }
}

/// A "connection refused" tells of an earlier packet and keeps this one from being
/// sent; it is used up by then, so the second try is for real.
fn send_once(socket: &UdpSocket, to: SocketAddr, packet: &[u8]) -> io::Result<usize> {
    match socket.send_to(packet, to) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => socket.send_to(packet, to),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_process_keep_their_phases() {
        const PACKET: u64 = 20_000_000;
        for now in [0, 1, PACKET - 1, PACKET, 987_654_321] {
            let first = aligned_start(now, PACKET, 0);
            let second = aligned_start(now + 3 * PACKET + 7, PACKET, 5_000_000);
            assert!(first > now && first - now <= PACKET);
            assert_eq!((second - first) % PACKET, 5_000_000);
        }
    }
}
