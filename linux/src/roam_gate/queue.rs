//! Reads the packets that were caught, and says what becomes of them.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rether_proto::mac::MacAddr;
use rustix::net::sockopt::set_socket_recv_buffer_size_force;

use crate::error::{Doing, OsError};
use crate::gate::held::{Coalescer, Held, Order};
use crate::gate::{Hop, QueueOptions, wire};
use crate::netlink::socket::NetlinkSocket;
use crate::netlink::{messages, pieces};
use crate::segment::Offload;
use crate::sys;

/// Receive buffer in octets; a superpacket takes some 66 kB of it.
const RECEIVE_BUFFER: usize = 16 << 20;
/// The most packets read by one [`RoamQueue::receive`]; the descriptor stays readable while there
/// are more.
const AT_ONCE: usize = 256;
/// Requests have this bit in their number. Verdicts are numbered by how many packets they name.
const REQUEST_BIT: u32 = 1 << 31;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on to the token gate and the radio.
    Accept,
    /// It does not; whoever decided so has its copy.
    Drop,
}

/// A packet that waits for its fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught<'a> {
    /// Its number in the queue. Numbers grow by one from packet to packet and begin again after
    /// 2^32.
    pub id: u32,
    /// The station: destination of the Ethernet header.
    pub station: MacAddr,
    /// Source of the Ethernet header.
    pub source: MacAddr,
    /// What `payload` is.
    pub ether_type: u16,
    /// All that is behind the Ethernet header: up to 64 kB, see [`crate::segment::cut`].
    pub payload: &'a [u8],
    /// What the hardware was to do with it.
    pub offload: Offload,
}

/// What has happened to packets so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoamCounters {
    /// Given to the sink of [`RoamQueue::receive`].
    pub caught: u64,
    /// Let go at once, because they cannot be copied whole: tagged for a VLAN, or longer than
    /// 65,531 octets.
    pub unfit: u64,
    /// Let go by a verdict, those that had vanished included.
    pub accepted: u64,
    /// Taken out by a verdict.
    pub dropped: u64,
    /// Vanished while held, at least: the interface went down, or a base chain of anybody's
    /// nftables rules went.
    pub vanished: u64,
    /// Held now.
    pub held: u64,
}

/// The reader of one netfilter queue. Dropping it closes the queue: what is held then is lost, and
/// what comes later passes.
pub struct RoamQueue {
    socket: NetlinkSocket,
    queue: u16,
    buffer: Vec<u8>,
    book: Book,
}

/// What is held, and what is to be said about it. Apart from the socket so that it can be tested.
#[derive(Debug, Default)]
struct Book {
    held: Held,
    out: Vec<u8>,
    counters: RoamCounters,
}

impl fmt::Debug for RoamQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoamQueue")
            .field("queue", &self.queue)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

impl RoamQueue {
    /// Takes over queue `queue`. Once it holds `max_packets`, the kernel lets further ones pass.
    ///
    /// # Errors
    /// Another process has this queue, missing rights, or a kernel without `nfnetlink_queue`.
    pub fn open(queue: u16, max_packets: u32) -> Result<Self, OsError> {
        let socket =
            NetlinkSocket::open(libc::NETLINK_NETFILTER, 0).doing("open a netfilter socket")?;
        set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER)
            .doing("enlarge the receive buffer of the queue for stations that roam")?;
        sys::set_option(&socket, libc::SOL_NETLINK, libc::NETLINK_NO_ENOBUFS, 1)
            .doing("set up the socket of the queue for stations that roam")?;
        let options = QueueOptions {
            hop: Hop::LinkDestination,
            max_packets,
            gso: true,
        };
        let mut requests = Vec::new();
        wire::bind(&mut requests, queue, REQUEST_BIT);
        request(&socket, &requests, REQUEST_BIT).doing(
            "take over the netfilter queue (as root: another process has it, choose another number)",
        )?;
        requests.clear();
        wire::set_up(&mut requests, queue, &options, wire::WHOLE, REQUEST_BIT);
        // Nothing comes before the table sends it here, so that no packet is passed over here.
        request(&socket, &requests, REQUEST_BIT).doing("set up the netfilter queue")?;
        Ok(Self {
            socket,
            queue,
            buffer: vec![0; wire::ROOM_WHOLE],
            book: Book::default(),
        })
    }

    /// Gives packets that have come to `sink`, oldest first, but not without end. Never blocks.
    ///
    /// # Errors
    /// The queue is broken and should be opened anew; what it held is lost by then.
    pub fn receive(&mut self, sink: &mut dyn FnMut(Caught<'_>)) -> Result<(), OsError> {
        self.read(AT_ONCE, sink)
            .doing("read the packets of stations that roam")
    }

    /// Decides on packets, in this order. When it returns, accepted ones are at the token gate or
    /// the driver. Packets that have vanished meanwhile are passed over.
    ///
    /// # Errors
    /// As for [`RoamQueue::receive`].
    pub fn apply(
        &mut self,
        verdicts: impl IntoIterator<Item = (u32, Fate)>,
    ) -> Result<(), OsError> {
        self.book.apply(self.queue, verdicts);
        self.flush()
            .doing("decide on the packets of stations that roam")
    }

    /// Lets go of everything held and everything that waits to be read, in order: for a graceful
    /// stop, once the set is empty.
    ///
    /// # Errors
    /// As for [`RoamQueue::receive`].
    pub fn release_all(&mut self) -> Result<(), OsError> {
        self.read(usize::MAX, &mut |_| {})
            .doing("read the packets of stations that roam")?;
        self.book.release_all(self.queue);
        self.flush()
            .doing("decide on the packets of stations that roam")
    }

    /// What has happened so far.
    #[must_use]
    pub fn counters(&self) -> RoamCounters {
        RoamCounters {
            held: self.book.held.len() as u64,
            ..self.book.counters
        }
    }

    fn read(&mut self, most: usize, sink: &mut dyn FnMut(Caught<'_>)) -> io::Result<()> {
        for _ in 0..most {
            let Some(datagram) = self.socket.receive(&mut self.buffer)? else {
                break;
            };
            self.book.datagram(self.queue, datagram, sink);
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        const PIECE: usize = 32 << 10;
        let sent = pieces(&self.book.out, PIECE).try_for_each(|piece| self.socket.send(piece));
        self.book.out.clear();
        sent
    }
}

fn request(socket: &NetlinkSocket, message: &[u8], sequence: u32) -> io::Result<()> {
    match socket.ask(message, sequence, 1)?.first() {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(*code)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

impl Book {
    fn datagram(&mut self, queue: u16, datagram: &[u8], sink: &mut dyn FnMut(Caught<'_>)) {
        for message in messages(datagram) {
            if message.error().is_some_and(|code| code != 0) {
                let named = message.sequence & !REQUEST_BIT;
                self.counters.vanished += u64::from(named);
                continue;
            }
            let Some(packet) = wire::read(&message).filter(|packet| packet.queue == queue) else {
                continue;
            };
            let whole = packet.len as usize == packet.payload.len() && !packet.tagged;
            match (packet.link_destination, packet.link_source) {
                (Some(station), Some(source)) if whole => {
                    self.held.push(packet.id);
                    self.counters.caught += 1;
                    sink(Caught {
                        id: packet.id,
                        station,
                        source,
                        ether_type: packet.protocol,
                        payload: packet.payload,
                        offload: Offload {
                            unsummed: packet.unsummed,
                            size: None,
                        },
                    });
                }
                _ => {
                    self.counters.unfit += 1;
                    let scope = wire::Scope::One(packet.id);
                    wire::verdict(&mut self.out, queue, scope, wire::Fate::Accept, 1);
                }
            }
        }
    }

    fn apply(&mut self, queue: u16, verdicts: impl IntoIterator<Item = (u32, Fate)>) {
        let mut coalescer = Coalescer::default();
        for (id, fate) in verdicts {
            let fate = match fate {
                Fate::Accept => wire::Fate::Accept,
                Fate::Drop => wire::Fate::Drop,
            };
            if let Some(order) = coalescer.add(&mut self.held, queue, id, fate) {
                self.order(order);
            }
        }
        if let Some(order) = coalescer.finish() {
            self.order(order);
        }
    }

    fn release_all(&mut self, queue: u16) {
        if let Some(last) = self.held.last() {
            self.order(Order {
                queue,
                scope: wire::Scope::UpTo(last),
                fate: wire::Fate::Accept,
                count: u32::try_from(self.held.len()).unwrap_or(u32::MAX),
            });
            self.held.clear();
        }
    }

    fn order(&mut self, order: Order) {
        let count = u64::from(order.count);
        match order.fate {
            wire::Fate::Accept | wire::Fate::Grant => self.counters.accepted += count,
            wire::Fate::Drop | wire::Fate::Carry => self.counters.dropped += count,
        }
        // A verdict on several that finds one of them is no error, so that a count is a lower bound.
        let sequence = order.count & !REQUEST_BIT;
        wire::verdict(
            &mut self.out,
            order.queue,
            order.scope,
            order.fate,
            sequence,
        );
    }
}

impl AsFd for RoamQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests;
