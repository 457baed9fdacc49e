//! The gate on NFQUEUE.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rether_proto::machine::Verdict;
use rether_proto::policy::Prefix;
use rustix::net::sockopt::set_socket_recv_buffer_size_force;

use super::book::{Book, CONFIG_BIT, meaning};
use super::pieces::{Leaving, is_piece};
use super::{Counters, Gate, Hop, QueueOptions, Sink, wire};
use crate::error::{Doing, OsError};
use crate::frame_socket::FrameSocket;
use crate::link::Link;
use crate::neigh::Neighbours;
use crate::netlink::socket::NetlinkSocket;
use crate::netlink::{messages, pieces};
use crate::sys;
use crate::sys::batch::Batch;

/// Receive buffer in octets: 8 MB held 200,000 messages of packets' headers without loss; a
/// superpacket that is copied whole takes some 66 kB.
const RECEIVE_BUFFER: usize = 16 << 20;
/// The most batches of 32 packets taken by one [`Gate::receive`]: a flood must not keep
/// the token thread from its tokens. The descriptor stays readable while there are more.
const BATCHES: usize = 16;

/// Room for a message from the kernel, in octets: there are some 200 beside the packet.
const fn room(book: &Book) -> usize {
    match book.range() {
        wire::WHOLE => wire::ROOM_WHOLE,
        _ => 1024,
    }
}

const fn is_cut(verdict: Verdict) -> bool {
    is_piece(meaning(verdict).0)
}

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
    /// Where the pieces of superpackets leave.
    air: Option<FrameSocket>,
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
        let book = Book::default();
        Ok(Self {
            socket,
            batch: Batch::new(room(&book)),
            early: Vec::new(),
            sequence: 0,
            book,
            air: None,
        })
    }

    /// Cuts superpackets for stations behind `link` into packets of an Ethernet, each of which is held for
    /// itself: those that come from the bridge family, which alone tells the addresses, to queues that
    /// are bound from now on. Pieces leave by a packet socket, past whatever other rules stand behind the
    /// gate; they belong to no queue and outlive theirs.
    ///
    /// # Errors
    /// Missing rights (`CAP_NET_RAW`), or the interface has gone.
    pub fn cut(&mut self, link: &Link) -> Result<(), OsError> {
        self.air = Some(FrameSocket::open_wide(link)?);
        self.book.cut();
        self.batch = Batch::new(room(&self.book));
        Ok(())
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
        let mut buffer = vec![0; room(&self.book)];
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

    /// What the driver does not take is lost, as it is with the kernel's own packets.
    fn send(&mut self, pieces: &[Leaving]) {
        let Some(air) = &mut self.air else { return };
        for Leaving { frame, tid } in pieces {
            if air.send_whole(frame, *tid).is_err() {
                self.book.vanish(1);
            }
        }
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
        for run in verdicts.chunk_by(|one, next| is_cut(*one) == is_cut(*next)) {
            if is_cut(run[0]) {
                for verdict in run {
                    let leaving = self.book.decide(*verdict);
                    self.send(leaving.as_slice());
                }
            } else {
                self.book.apply(run);
                self.flush().doing("release packets")?;
            }
        }
        Ok(())
    }

    fn release_all(&mut self) -> Result<(), OsError> {
        self.drain(usize::MAX, &Neighbours::default(), &mut |_, _| {})
            .doing("read the gate")?;
        self.book.release_all();
        self.flush().doing("release packets")?;
        let pieces = self.book.release_pieces();
        self.send(&pieces);
        Ok(())
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
