//! The messages of nfnetlink_queue (`linux/netfilter/nfnetlink_queue.h`). Its numbers are in
//! network byte order.

use std::borrow::Cow;

use rether_proto::mac::MacAddr;
use rether_proto::machine::TID_GRANTED;
use rether_proto::queues::Carrier;

use crate::netlink::{Message, Received, attributes};
use crate::packet;

use super::QueueOptions;
use crate::tid::PRIORITY_BASE;

/// Octets of each packet the kernel copies: enough for the IP and transport headers.
pub(crate) const HEADERS: u32 = 128;
/// The same where small packets are wanted whole.
pub(crate) const SMALL: u32 = Carrier::LARGEST as u32;
/// The same where packets are wanted whole: the most that fits in a netlink attribute.
pub(crate) const WHOLE: u32 = 65_531;
/// Room for the message of a packet that is copied whole.
pub(crate) const ROOM_WHOLE: usize = 66 << 10;
/// `NFQA_PRIORITY`: the socket priority with which a packet goes on. Linux before 5.18 passes it
/// over, and granted packets keep the class that the rules gave them.
const PRIORITY: u16 = 21;
/// Length of `nfgenmsg`.
const FAMILY: usize = 4;

const fn kind(message: libc::c_int) -> u16 {
    ((libc::NFNL_SUBSYS_QUEUE << 8) | message) as u16
}

/// `nfgenmsg`: unspecified family, version 0, and the queue number.
const fn family(queue: u16) -> [u8; FAMILY] {
    let [high, low] = queue.to_be_bytes();
    [libc::AF_UNSPEC as u8, libc::NFNETLINK_V0 as u8, high, low]
}

const REQUEST: u16 = libc::NLM_F_REQUEST as u16;
const REQUEST_ACK: u16 = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;

fn config(buffer: &mut Vec<u8>, queue: u16, sequence: u32) -> Message<'_> {
    let kind = kind(libc::NFQNL_MSG_CONFIG);
    Message::begin(buffer, kind, REQUEST_ACK, sequence, &family(queue))
}

/// Takes over a queue.
pub(crate) fn bind(buffer: &mut Vec<u8>, queue: u16, sequence: u32) {
    let command = [libc::NFQNL_CFG_CMD_BIND as u8, 0, 0, 0];
    config(buffer, queue, sequence).attribute(libc::NFQA_CFG_CMD as u16, &command);
}

/// Gives a queue up.
pub(crate) fn unbind(buffer: &mut Vec<u8>, queue: u16, sequence: u32) {
    let command = [libc::NFQNL_CFG_CMD_UNBIND as u8, 0, 0, 0];
    config(buffer, queue, sequence).attribute(libc::NFQA_CFG_CMD as u16, &command);
}

/// Sets a queue up: `range` octets of each packet to copy, length, fail open, segmentation offload.
pub(crate) fn set_up(
    buffer: &mut Vec<u8>,
    queue: u16,
    options: &QueueOptions,
    range: u32,
    sequence: u32,
) {
    let mut params = [0; 5];
    params[..4].copy_from_slice(&range.to_be_bytes());
    params[4] = libc::NFQNL_COPY_PACKET as u8;
    let (open, gso) = (
        libc::NFQA_CFG_F_FAIL_OPEN as u32,
        libc::NFQA_CFG_F_GSO as u32,
    );
    let flags = if options.gso { open | gso } else { open };
    config(buffer, queue, sequence)
        .attribute(libc::NFQA_CFG_PARAMS as u16, &params)
        .attribute(
            libc::NFQA_CFG_QUEUE_MAXLEN as u16,
            &options.max_packets.to_be_bytes(),
        )
        .attribute(libc::NFQA_CFG_FLAGS as u16, &flags.to_be_bytes())
        .attribute(libc::NFQA_CFG_MASK as u16, &(open | gso).to_be_bytes());
}

/// What becomes of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Accept,
    /// Accepted in the class of granted packets.
    Grant,
    Drop,
    /// Dropped, because it goes inside a frame of the protocol.
    Carry,
}

impl Fate {
    const fn code(self) -> u32 {
        (match self {
            Self::Accept | Self::Grant => libc::NF_ACCEPT,
            Self::Drop | Self::Carry => libc::NF_DROP,
        }) as u32
    }
}

/// Which packets of a queue a verdict names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// This one.
    One(u32),
    /// This one and all older ones.
    UpTo(u32),
}

/// Decides on packets. `sequence` comes back in the error message if they have vanished.
pub(crate) fn verdict(buffer: &mut Vec<u8>, queue: u16, scope: Scope, fate: Fate, sequence: u32) {
    let (message, id) = match scope {
        Scope::One(id) => (libc::NFQNL_MSG_VERDICT, id),
        Scope::UpTo(id) => (libc::NFQNL_MSG_VERDICT_BATCH, id),
    };
    let mut header = [0; 8];
    header[..4].copy_from_slice(&fate.code().to_be_bytes());
    header[4..].copy_from_slice(&id.to_be_bytes());
    let message = Message::begin(buffer, kind(message), REQUEST, sequence, &family(queue))
        .attribute(libc::NFQA_VERDICT_HDR as u16, &header);
    if fate == Fate::Grant {
        let priority = PRIORITY_BASE + u32::from(TID_GRANTED);
        message.attribute(PRIORITY, &priority.to_be_bytes());
    }
}

/// A queued packet as the kernel describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Queued<'a> {
    pub(crate) queue: u16,
    pub(crate) id: u32,
    /// `EtherType` of what is in `payload`.
    pub(crate) protocol: u16,
    /// Length of the whole network-layer packet in octets.
    pub(crate) len: u32,
    /// Destination address of the Ethernet header; bridge family only.
    pub(crate) link_destination: Option<MacAddr>,
    /// Its source address.
    pub(crate) link_source: Option<MacAddr>,
    /// The first octets of the network-layer packet.
    pub(crate) payload: &'a [u8],
    /// Its checksum is left to the hardware.
    pub(crate) unsummed: bool,
    /// It has a VLAN tag, which stands elsewhere.
    pub(crate) tagged: bool,
}

impl Queued<'_> {
    /// True if `payload` is IPv4 or IPv6.
    pub(crate) const fn is_ip(&self) -> bool {
        matches!(self.protocol as i32, libc::ETH_P_IP | libc::ETH_P_IPV6)
    }

    /// All of the IP packet as it goes on the wire, if it was copied.
    pub(crate) fn whole(&self) -> Option<Cow<'_, [u8]>> {
        if self.tagged || !self.is_ip() {
            return None;
        }
        let whole = packet::whole(self.payload)?;
        if self.unsummed {
            packet::summed(whole).map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(whole))
        }
    }
}

/// Reads a packet message; `None` if it is another message or makes no sense.
pub(crate) fn read<'a>(message: &Received<'a>) -> Option<Queued<'a>> {
    if message.kind != kind(libc::NFQNL_MSG_PACKET) {
        return None;
    }
    let queue = u16::from_be_bytes(message.body.get(2..FAMILY)?.try_into().ok()?);
    let mut header = None;
    let mut whole = None;
    let (mut link_destination, mut link_source) = (None, None);
    let mut payload: &[u8] = &[];
    let (mut unsummed, mut tagged) = (false, false);
    for (kind, value) in attributes(message.body.get(FAMILY..)?) {
        match libc::c_int::from(kind) {
            libc::NFQA_PACKET_HDR => header = Some(value),
            libc::NFQA_CAP_LEN => whole = value.try_into().ok().map(u32::from_be_bytes),
            libc::NFQA_L2HDR => {
                link_destination = value.first_chunk().map(|octets| MacAddr(*octets));
                let source = value.get(6..).and_then(|octets| octets.first_chunk());
                link_source = source.map(|octets| MacAddr(*octets));
            }
            libc::NFQA_PAYLOAD => payload = value,
            libc::NFQA_SKB_INFO => {
                let info = value.try_into().map_or(0, u32::from_be_bytes);
                unsummed = info & libc::NFQA_SKB_CSUMNOTREADY.unsigned_abs() != 0;
            }
            libc::NFQA_VLAN => tagged = true,
            _ => {}
        }
    }
    let header = header?;
    Some(Queued {
        queue,
        id: u32::from_be_bytes(header.get(..4)?.try_into().ok()?),
        protocol: u16::from_be_bytes(header.get(4..6)?.try_into().ok()?),
        // The kernel tells the length only when it copied less.
        len: whole.unwrap_or_else(|| u32::try_from(payload.len()).unwrap_or(u32::MAX)),
        link_destination,
        link_source,
        payload,
        unsummed,
        tagged,
    })
}

#[cfg(test)]
mod tests;
