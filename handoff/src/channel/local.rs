//! What all peers share: this access point's own keys and name, and what goes out.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::SocketAddr;

use rether_proto::auth::{Entropy, Key};
use rether_proto::time::Instant;

use super::handshake::Who;
use super::session::Session;
use super::{ChannelError, ChannelEvent, Counters};
use crate::message::{Hello, Message};
use crate::wire::{Kind, MAX_MESSAGE};

/// This end of all sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Local {
    pub(super) who: Who,
    pub(super) site: Key,
    pub(super) key: Option<Key>,
    pub(super) entropy: Entropy,
    pub(super) hello: Hello,
    pub(super) counters: Counters,
    pub(super) out: VecDeque<(SocketAddr, Option<Kind>, Vec<u8>)>,
    pub(super) events: VecDeque<ChannelEvent>,
}

impl Local {
    /// Sends a datagram of a handshake.
    pub(super) fn transmit(&mut self, to: SocketAddr, datagram: Vec<u8>) {
        self.push(to, None, datagram);
    }

    fn push(&mut self, to: SocketAddr, kind: Option<Kind>, datagram: Vec<u8>) {
        self.counters.sent += 1;
        self.out.push_back((to, kind, datagram));
    }

    /// Whether the format can carry a message.
    pub(super) fn check(&self, now: Instant, message: &Message) -> Result<(), ChannelError> {
        let mut buf = [0; MAX_MESSAGE];
        let encoded = message.encode(now, &mut buf);
        encoded.map(drop).map_err(ChannelError::Unfit)
    }

    /// Sends a message that was checked.
    pub(super) fn seal(
        &mut self,
        now: Instant,
        session: &mut Session,
        message: &Message,
        to: SocketAddr,
    ) {
        let mut buf = [0; MAX_MESSAGE];
        if let Ok(len) = message.encode(now, &mut buf) {
            let datagram = session.seal(buf.get(..len).unwrap_or_default(), now);
            self.push(to, Some(message.body.kind()), datagram);
        }
    }
}
