//! The gate on NFQUEUE.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rether_proto::machine::Verdict;
use rether_proto::policy::Prefix;
use rustix::net::sockopt::set_socket_recv_buffer_size_force;

use super::book::{Book, CONFIG_BIT};
use super::{Counters, Gate, Hop, QueueOptions, Sink, wire};
use crate::error::{Doing, OsError};
use crate::neigh::Neighbours;
use crate::netlink::socket::NetlinkSocket;
use crate::netlink::{messages, pieces};
use crate::sys;
use crate::sys::batch::Batch;

/// Receive buffer in octets: 8 MB held 200,000 messages without loss.
const RECEIVE_BUFFER: usize = 8 << 20;
/// The most batches of 32 packets taken by one [`Gate::receive`]: a flood must not keep
/// the token thread from its tokens. The descriptor stays readable while there are more.
const BATCHES: usize = 16;

/// A gate on NFQUEUE: one socket, any number of queues. The number of a packet
/// ([`rether_proto::machine::PacketId`]) is its queue in the high half and the kernel's packet
/// number in the low one.
///
/// Dropping it closes the socket: what is held then is lost, and what comes later passes.
#[derive(Debug)]
pub struct NfqGate {
    socket: NetlinkSocket,
    batch: Batch,
    /// Datagrams that came while a request waited for its answer.
    early: Vec<Vec<u8>>,
    sequence: u32,
    book: Book,
}

impl NfqGate {
    /// A gate without queues.
    ///
    /// # Errors
    /// Missing rights, or a kernel without `nfnetlink_queue`.
    pub fn open() -> Result<Self, OsError> {
        let socket =
            NetlinkSocket::open(libc::NETLINK_NETFILTER, 0).doing("open a netfilter socket")?;
        set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER)
            .doing("enlarge the gate's receive buffer")?;
        // A full buffer must cost packets, not the gate: the kernel lets them pass (fail open).
        sys::set_option(&socket, libc::SOL_NETLINK, libc::NETLINK_NO_ENOBUFS, 1)
            .doing("set up the gate's socket")?;
        let (batch, early) = (Batch::new(), Vec::new());
        Ok(Self {
            socket,
            batch,
            early,
            sequence: 0,
            book: Book::default(),
        })
    }

    /// Gives out what is in small packets, too, unless they are for one of these networks; `None`,
    /// the default: of none. Queues bound before keep the range that they copy: begin with it.
    pub fn copy(&mut self, except: Option<Vec<Prefix>>) {
        self.book.copy(except);
    }

    /// Takes over queue `queue`. Packets come once rules send them there. Call
    /// [`Gate::receive`] soon: packets of other queues may have come meanwhile.
    ///
    /// # Errors
    /// Another process has this queue, missing rights, or a kernel without `nfnetlink_queue`.
    pub fn bind(&mut self, queue: u16, options: QueueOptions) -> Result<(), OsError> {
        self.request(|buffer, sequence| wire::bind(buffer, queue, sequence)).doing(
            "take over the netfilter queue (as root: another process has it, choose other numbers)",
        )?;
        let range = self.book.range();
        self.request(|buffer, sequence| wire::set_up(buffer, queue, &options, range, sequence))
            .doing("set up the netfilter queue")?;
        self.book.add_queue(queue, options.hop);
        Ok(())
    }

    /// Gives up queue `queue`, letting go of what it holds. Remove its rule first, and call
    /// [`Gate::receive`] before and after.
    ///
    /// # Errors
    /// The gate is broken.
    pub fn unbind(&mut self, queue: u16) -> Result<(), OsError> {
        if !self.book.remove_queue(queue) {
            return Ok(());
        }
        self.flush().doing("release packets")?;
        self.request(|buffer, sequence| wire::unbind(buffer, queue, sequence))
            .doing("give up the netfilter queue")
    }

    /// Changes whom the packets of `queue` are for: a station that has roamed to another AP.
    /// Unknown queues are ignored.
    pub fn set_hop(&mut self, queue: u16, hop: Hop) {
        self.book.set_hop(queue, hop);
    }

    /// Sends a configuration request and waits for its answer, keeping what else comes.
    fn request(&mut self, write: impl FnOnce(&mut Vec<u8>, u32)) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1) | CONFIG_BIT;
        let sequence = self.sequence;
        let mut request = Vec::new();
        write(&mut request, sequence);
        self.socket.send(&request)?;
        let mut buffer = [0; 2048];
        loop {
            let Some(datagram) = self.socket.receive(&mut buffer)? else {
                self.socket.wait()?;
                continue;
            };
            let answer = messages(datagram).find(|message| message.sequence == sequence);
            match answer.and_then(|message| message.error()) {
                Some(0) => return Ok(()),
                Some(code) => return Err(io::Error::from_raw_os_error(code)),
                None => self.early.push(datagram.to_vec()),
            }
        }
    }

    /// Takes in what came while a request waited, and up to so many batches of what has come since.
    fn drain(
        &mut self,
        batches: usize,
        neighbours: &Neighbours,
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        for datagram in self.early.drain(..) {
            self.book.datagram(&datagram, neighbours, sink);
        }
        for _ in 0..batches {
            if !self.batch.receive(&self.socket)? {
                break;
            }
            for datagram in self.batch.datagrams() {
                self.book.datagram(datagram, neighbours, sink);
            }
        }
        // What could not be attributed passes now.
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.book.out.is_empty() {
            return Ok(());
        }
        let result = self.send_in_pieces();
        self.book.out.clear();
        result
    }

    /// A long burst of single verdicts may exceed the send buffer.
    fn send_in_pieces(&self) -> io::Result<()> {
        const PIECE: usize = 32 << 10;
        pieces(&self.book.out, PIECE).try_for_each(|piece| self.socket.send(piece))
    }
}

impl Gate for NfqGate {
    fn receive(&mut self, neighbours: &Neighbours, sink: &mut Sink<'_>) -> Result<(), OsError> {
        self.drain(BATCHES, neighbours, sink).doing("read the gate")
    }

    fn apply(&mut self, verdicts: &[Verdict]) -> Result<(), OsError> {
        self.book.apply(verdicts);
        self.flush().doing("release packets")
    }

    fn release_all(&mut self) -> Result<(), OsError> {
        self.drain(usize::MAX, &Neighbours::default(), &mut |_, _| {})
            .doing("read the gate")?;
        self.book.release_all();
        self.flush().doing("release packets")
    }

    fn counters(&self) -> Counters {
        self.book.counters()
    }
}

impl AsFd for NfqGate {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
