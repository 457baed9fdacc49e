use std::fmt;
use std::net::Ipv4Addr;

use rether_proto::time::{Duration, Instant};
use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use super::clock::{simulator_time, stack_span, stack_time};
use super::config::{TcpConfig, TcpError};
use super::device::Queue;
use super::source::{Source, drain};
use super::statistics::{Cause, Statistics, Watch};

/// When to look again if the stack wants to be called at once but then does nothing.
const AGAIN: Duration = Duration::from_millis(1);

/// Which side of the transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Connects and sends.
    Sender,
    /// Listens and reads.
    Receiver,
}

/// One side of one TCP transfer.
///
/// After every call that takes a time, fetch the packets ([`Endpoint::poll_transmit`]) and the
/// time of the next [`Endpoint::poll`] ([`Endpoint::poll_timeout`]). Time never runs back: an
/// earlier one counts as the latest seen.
pub struct Endpoint {
    role: Role,
    local: (Ipv4Addr, u16),
    remote: (Ipv4Addr, u16),
    started: bool,
    stopping: bool,
    now: Instant,
    next: Option<Instant>,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    queue: Queue,
    source: Source,
    watch: Watch,
    delivered: u64,
    /// What the receiver delivers before it begins to delay Acks, bytes, and by how much.
    quick: u64,
    delayed_ack: Option<smoltcp::time::Duration>,
}

impl Endpoint {
    /// An endpoint at rest. `seed` makes its sequence numbers.
    ///
    /// # Errors
    /// When the configuration or an address is of no use.
    pub fn new(
        role: Role,
        config: &TcpConfig,
        local: (Ipv4Addr, u16),
        remote: (Ipv4Addr, u16),
        seed: u64,
    ) -> Result<Self, TcpError> {
        config.check()?;
        for (address, port) in [local, remote] {
            let unicast =
                !(address.is_unspecified() || address.is_multicast() || address.is_broadcast());
            if port == 0 || !unicast {
                return Err(TcpError::Unaddressable);
            }
        }
        let mut queue = Queue::new(config.mtu());
        let mut hardware = Config::new(HardwareAddress::Ip);
        hardware.random_seed = seed;
        let mut interface =
            Interface::new(hardware, &mut queue.card(None), stack_time(Instant::ZERO));
        // All the world is on the link: routing is up to the simulator.
        let everywhere = IpCidr::new(IpAddress::Ipv4(local.0), 0);
        interface.update_ip_addrs(|addresses| {
            let full = addresses.push(everywhere).is_err();
            debug_assert!(!full, "the interface has room for one address");
        });
        let (receive, send) = match role {
            Role::Sender => (usize::from(config.mss), config.whole_send_buffer()),
            Role::Receiver => (config.receive_buffer, usize::from(config.mss)),
        };
        let mut socket = Socket::new(
            SocketBuffer::new(vec![0; receive]),
            SocketBuffer::new(vec![0; send]),
        );
        socket.set_congestion_control(config.congestion.into());
        let delayed_ack = (!config.delayed_ack.is_zero()).then(|| stack_span(config.delayed_ack));
        let quick = u64::from(config.quick_acks) * u64::from(config.mss);
        socket.set_ack_delay(delayed_ack.filter(|_| quick == 0));
        if config.timestamps {
            socket.set_tsval_generator(Some(|| 1));
        }
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(socket);
        Ok(Self {
            role,
            local,
            remote,
            started: false,
            stopping: false,
            now: Instant::ZERO,
            next: None,
            interface,
            sockets,
            handle,
            queue,
            source: Source::new(config.rate, usize::from(config.mss)),
            watch: Watch::default(),
            delivered: 0,
            quick,
            delayed_ack,
        })
    }

    /// The sender connects, the receiver listens.
    ///
    /// # Errors
    /// When it had been started before.
    pub fn start(&mut self, now: Instant) -> Result<(), TcpError> {
        if self.started {
            return Err(TcpError::Started);
        }
        self.started = true;
        self.advance(now);
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        match self.role {
            Role::Sender => socket
                .connect(self.interface.context(), self.remote, self.local)
                .map_err(|_| TcpError::Unaddressable)?,
            Role::Receiver => socket
                .listen(self.local)
                .map_err(|_| TcpError::Unaddressable)?,
        }
        self.run(Cause::Timer);
        Ok(())
    }

    /// An IP packet arrives. What is not for this transfer is dropped or reset, as TCP does.
    pub fn receive(&mut self, now: Instant, packet: &[u8]) {
        self.advance(now);
        self.interface.poll_ingress_single(
            stack_time(self.now),
            &mut self.queue.card(Some(packet)),
            &mut self.sockets,
        );
        self.run(Cause::Packet);
    }

    /// Does what is due by `now`.
    pub fn poll(&mut self, now: Instant) {
        self.advance(now);
        self.run(Cause::Timer);
    }

    /// The next IP packet to send; it counts as sent.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.queue.pop()
    }

    /// Takes a buffer that [`Endpoint::poll_transmit`] gave, at either end, for reuse.
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        self.queue.recycle(buffer);
    }

    /// When to call [`Endpoint::poll`] next: later than the last call, and then there is
    /// something to do. `None`: only a packet can change anything.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }

    /// The sender sends what its buffer still holds, then closes; the receiver dies, and resets
    /// the sender.
    pub fn stop(&mut self, now: Instant) {
        self.advance(now);
        self.stopping = true;
        self.run(Cause::Timer);
    }

    /// Payload given to the receiver's application, in order, bytes.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Payload taken from the sender's application, bytes.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.source.written
    }

    /// What the sender saw; all zero at the receiver.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.watch.statistics
    }

    /// Whether the connection stands and data can flow.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.state() == State::Established
    }

    /// Whether the transfer is over, by [`Endpoint::stop`] or because the other end is gone.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.started && matches!(self.state(), State::Closed | State::TimeWait)
    }

    fn state(&self) -> State {
        self.sockets.get::<Socket<'_>>(self.handle).state()
    }

    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// The applications, then everything the stack wants to send.
    fn run(&mut self, cause: Cause) {
        let time = stack_time(self.now);
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        match self.role {
            Role::Sender => {
                let acknowledged = self.source.written - socket.send_queue() as u64;
                // A reset can empty the buffer without any Ack.
                if socket.state() != State::Closed {
                    self.watch.acknowledged(self.now, acknowledged);
                }
                if self.stopping {
                    socket.close();
                } else {
                    self.source.fill(self.now, socket);
                }
            }
            Role::Receiver => {
                self.delivered += drain(self.delivered, socket);
                if self.delivered >= self.quick {
                    socket.set_ack_delay(self.delayed_ack);
                }
                if self.stopping {
                    socket.abort();
                } else if socket.state() == State::CloseWait {
                    socket.close();
                }
            }
        }
        let mut card = self.queue.card(None);
        while self
            .interface
            .poll_egress(time, &mut card, &mut self.sockets)
            == PollResult::SocketStateChanged
        {
            if let (Role::Sender, Some(packet)) = (self.role, card.newest()) {
                self.watch.sent(self.now, cause, packet);
            }
        }
        self.next = self.next_time();
    }

    fn next_time(&mut self) -> Option<Instant> {
        let stack = self
            .interface
            .poll_at(stack_time(self.now), &self.sockets)
            .map(simulator_time)
            .map(|at| if at > self.now { at } else { self.now + AGAIN });
        let source = self
            .source
            .next_time()
            .filter(|_| !self.stopping && self.is_established());
        [stack, source].into_iter().flatten().min()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("role", &self.role)
            .field("local", &self.local)
            .field("remote", &self.remote)
            .field("state", &self.state())
            .field("now", &self.now)
            .field("next", &self.next)
            .field("delivered", &self.delivered)
            .field("statistics", &self.watch.statistics)
            .finish_non_exhaustive()
    }
}
