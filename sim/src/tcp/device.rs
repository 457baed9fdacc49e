//! What the stack takes for its network card.

use std::collections::VecDeque;

use smoltcp::phy::{ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

/// How many buffers wait for reuse: a window of 64 KiB and its Acks.
const POOL: usize = 128;

/// Packets that wait to be fetched, and buffers that wait for packets.
#[derive(Debug)]
pub(super) struct Queue {
    mtu: usize,
    out: VecDeque<Vec<u8>>,
    free: Vec<Vec<u8>>,
}

impl Queue {
    pub(super) fn new(mtu: usize) -> Self {
        Self {
            mtu,
            out: VecDeque::new(),
            free: Vec::new(),
        }
    }

    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    pub(super) fn recycle(&mut self, buffer: Vec<u8>) {
        if self.free.len() < POOL {
            self.free.push(buffer);
        }
    }

    /// The card for one call into the stack, with the packet that it finds there.
    pub(super) fn card<'a>(&'a mut self, incoming: Option<&'a [u8]>) -> Card<'a> {
        Card {
            queue: self,
            incoming,
        }
    }
}

pub(super) struct Card<'a> {
    queue: &'a mut Queue,
    incoming: Option<&'a [u8]>,
}

impl Card<'_> {
    /// The packet sent last.
    pub(super) fn newest(&self) -> Option<&[u8]> {
        self.queue.out.back().map(Vec::as_slice)
    }
}

impl Device for Card<'_> {
    type RxToken<'t>
        = Received<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Sending<'t>
    where
        Self: 't;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sending<'_>)> {
        let packet = self.incoming.take()?;
        Some((Received(packet), Sending(self.queue)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sending<'_>> {
        Some(Sending(self.queue))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.queue.mtu;
        capabilities.checksum = ChecksumCapabilities::ignored();
        capabilities
    }
}

pub(super) struct Received<'a>(&'a [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

pub(super) struct Sending<'a>(&'a mut Queue);

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mtu = self.0.mtu;
        let fresh = || Vec::with_capacity(mtu);
        let mut buffer = self.0.free.pop().unwrap_or_else(fresh);
        buffer.clear();
        buffer.resize(len, 0);
        let result = f(&mut buffer);
        self.0.out.push_back(buffer);
        result
    }
}
