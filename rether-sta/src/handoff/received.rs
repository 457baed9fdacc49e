//! What this station received last, as digests: an access point that it went to without a word
//! learns from them what the old one need not send again.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

use rether_linux::copy_socket::{Copied, CopySocket};
use rether_linux::link::Link;
use rether_linux::segment::{self, Offload};
use rether_linux::wake::Wake;
use rether_linux::{OsError, clock, poll};
use rether_proto::digest::digest;
use rether_proto::time::{Duration, Instant};

/// So many packets are remembered.
const KEPT: usize = 512;
/// Frames that are read before the next wait.
const PER_WAKE: usize = 64;

/// The last packets, with the time when each was read.
#[derive(Debug, Default)]
struct Ring(VecDeque<(Instant, u32)>);

impl Ring {
    fn note(&mut self, at: Instant, digest: u32) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((at, digest));
    }

    fn since(&self, start: Instant) -> Vec<u32> {
        let recent = self.0.iter().filter(|(at, _)| *at >= start);
        recent.map(|(_, digest)| *digest).collect()
    }
}

/// Listens until it is dropped, on a thread of its own: a download must not keep the daemon from
/// what it does at a roam.
#[derive(Debug)]
pub(crate) struct Received {
    ring: Arc<Mutex<Ring>>,
    stop: Wake,
}

impl Received {
    /// Listens to what comes in by `link`.
    ///
    /// # Errors
    /// Missing rights, the interface has gone, or out of threads.
    pub(crate) fn start(link: &Link) -> anyhow::Result<Self> {
        let socket = CopySocket::received(link)?;
        let stop = Wake::new()?;
        let ring = Arc::<Mutex<Ring>>::default();
        let (noted, stopped) = (Arc::clone(&ring), stop.clone());
        std::thread::Builder::new()
            .name("rether-seen".into())
            .spawn(move || {
                if let Err(error) = listen(socket, &stopped, &noted) {
                    tracing::debug!("what is received is no longer noted: {error}");
                }
            })?;
        Ok(Self { ring, stop })
    }

    /// Digests of what came in the last `span`, the latest last.
    pub(crate) fn within(&self, span: Duration) -> Vec<u32> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.since(clock::now() - span)
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.stop.ring();
    }
}

fn listen(mut socket: CopySocket, stop: &Wake, ring: &Mutex<Ring>) -> Result<(), OsError> {
    loop {
        let [_, stopped] = poll::wait([socket.as_fd(), stop.as_fd()])?;
        if stopped.readable {
            return Ok(());
        }
        let at = clock::now();
        for _ in 0..PER_WAKE {
            // The link goes down at every roam.
            let Ok(Some(frame)) = socket.receive() else {
                break;
            };
            each_packet(frame, &mut |packet| {
                let digest = digest(packet);
                let mut ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
                ring.note(at, digest);
            });
        }
    }
}

/// Gives the packets that were on the air to `sink`: the kernel may have merged several.
fn each_packet(frame: Copied<'_>, sink: &mut dyn FnMut(&[u8])) {
    let offload = Offload {
        // A digest leaves out the checksums, so that none need be made.
        unsummed: false,
        ..frame.offload
    };
    // What came was short enough. One that cannot be cut is as if it had not come: it may come again.
    let _ = segment::cut(frame.ether_type, frame.payload, offload, usize::MAX, sink);
}

#[cfg(test)]
mod tests {
    use rether_proto::mac::MacAddr;

    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    #[test]
    fn the_latest_are_kept_and_old_ones_left_out() {
        let mut ring = Ring::default();
        assert!(ring.since(Instant::ZERO).is_empty());
        for (number, ms) in (0..).zip(0..600) {
            ring.note(at(ms), number);
        }
        let all = ring.since(Instant::ZERO);
        assert_eq!((all.len(), all[0], all[KEPT - 1]), (KEPT, 88, 599));
        assert_eq!(ring.since(at(597)), [597, 598, 599]);
    }

    /// IPv4 and UDP to port 9, with `data`.
    fn datagram(identification: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(28 + data.len()).unwrap().to_be_bytes();
        let udp = u16::try_from(8 + data.len()).unwrap().to_be_bytes();
        let id = identification.to_be_bytes();
        let mut packet = vec![
            0x45, 0, length[0], length[1], id[0], id[1], 0, 0, 64, 17, 0, 0,
        ];
        packet.extend([10, 0, 0, 1, 10, 0, 0, 2, 0, 9, 0, 9, udp[0], udp[1], 0, 0]);
        packet.extend(data);
        packet
    }

    fn digests(payload: &[u8], offload: Offload) -> Vec<u32> {
        let frame = Copied {
            to: MacAddr([2, 0, 0, 0, 0, 1]),
            from: MacAddr([2, 0, 0, 0, 0, 2]),
            ether_type: 0x0800,
            payload,
            offload,
        };
        let mut seen = Vec::new();
        each_packet(frame, &mut |packet| seen.push(digest(packet)));
        seen
    }

    #[test]
    fn merged_packets_count_one_by_one_and_padding_does_not() {
        let one = datagram(7, &[1; 100]);
        let mut padded = one.clone();
        padded.extend([0; 18]);
        assert_eq!(digests(&padded, Offload::default()), [digest(&one)]);
        let merged = datagram(7, &[[1; 100], [2; 100], [3; 100]].concat());
        let offload = Offload {
            unsummed: true,
            size: Some(100),
        };
        let parts = digests(&merged, offload);
        assert_eq!((parts.len(), parts[0]), (3, digest(&one)));
    }
}
