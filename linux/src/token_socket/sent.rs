//! Which of the frames sent lately a transmit status is about.
//!
//! The kernel returns the frame itself with its status, and no number; so the frames are kept
//! for a while and compared.

use rether_proto::machine::TxHandle;

/// How many frames may wait for their status: a status comes within milliseconds or never.
const COUNT: usize = 64;
/// How much of a frame is compared: Ethernet header, session, sequence number and more.
const PREFIX: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Frame {
    handle: TxHandle,
    length: usize,
    prefix: [u8; PREFIX],
}

/// A ring of frames, the oldest forgotten first.
#[derive(Debug)]
pub(super) struct Sent {
    frames: Box<[Option<Frame>; COUNT]>,
    next: usize,
}

impl Default for Sent {
    fn default() -> Self {
        Self {
            frames: Box::new([None; COUNT]),
            next: 0,
        }
    }
}

impl Sent {
    pub(super) fn push(&mut self, handle: TxHandle, frame: &[u8]) {
        let (prefix, length) = (prefix(frame), frame.len());
        self.frames[self.next] = Some(Frame {
            handle,
            length,
            prefix,
        });
        self.next = (self.next + 1) % COUNT;
    }

    /// Forgets the oldest frame that equals `frame` and returns its handle.
    pub(super) fn take(&mut self, frame: &[u8]) -> Option<TxHandle> {
        let wanted = prefix(frame);
        let equal = |sent: &Frame| sent.length == frame.len() && sent.prefix == wanted;
        let at = (0..COUNT)
            .map(|n| (self.next + n) % COUNT)
            .find(|at| self.frames[*at].as_ref().is_some_and(equal))?;
        self.frames[at].take().map(|sent| sent.handle)
    }
}

fn prefix(frame: &[u8]) -> [u8; PREFIX] {
    let mut prefix = [0; PREFIX];
    let length = frame.len().min(PREFIX);
    prefix[..length].copy_from_slice(&frame[..length]);
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_out_of_order_and_twice_the_same_frame() {
        let mut sent = Sent::default();
        sent.push(TxHandle(1), b"token 1");
        sent.push(TxHandle(2), b"token 2");
        sent.push(TxHandle(3), b"token 1");
        assert_eq!(sent.take(b"token 2"), Some(TxHandle(2)));
        assert_eq!(sent.take(b"token 1"), Some(TxHandle(1)));
        assert_eq!(sent.take(b"token 1"), Some(TxHandle(3)));
        assert_eq!(sent.take(b"token 1"), None);
        // Zeros behind a frame are not the same frame.
        sent.push(TxHandle(4), b"a");
        assert_eq!(sent.take(b"a\0"), None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut sent = Sent::default();
        for n in 0..=u8::try_from(COUNT).unwrap() {
            sent.push(TxHandle(n.into()), &[n]);
        }
        assert_eq!(sent.take(&[0]), None);
        assert_eq!(sent.take(&[1]), Some(TxHandle(1)));
        assert_eq!(sent.take(&[64]), Some(TxHandle(64)));
    }
}
