//! Cuts what the kernel handed down as one superpacket into packets that fit the link, and puts
//! in the checksums that it left to the hardware.
//!
//! Where the kernel gives out copies (netfilter queues, packet sockets), a packet is what it is
//! inside: up to 64 kB of TCP or of equally long UDP datagrams (generic segmentation offload),
//! with only the sum of the pseudo header where the checksum should be. What is sent to another
//! access point and put on the air there has to be what a driver would have made of it. The rules
//! are those of the kernel's own segmentation (`net/ipv4/tcp_offload.c`, `udp_offload.c`):
//! identification and sequence number go on, FIN and PSH are for the last piece, CWR (RFC 3168)
//! for the first.

pub(crate) mod checksum;
mod layout;

use layout::{Layout, Transport};

/// Octets that an Ethernet takes behind its header: the most that stations and access points have
/// to expect.
pub const ETHERNET_MTU: usize = 1500;

/// What the hardware was to do with a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offload {
    /// Its transport checksum is only begun.
    pub unsummed: bool,
    /// Octets of transport payload of each piece but the last, where the kernel tells.
    pub size: Option<u16>,
}

/// Why a packet cannot be sent as it would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// The lengths in it contradict each other.
    #[error("the packet contradicts itself")]
    Malformed,
    /// It does not fit the link and is none that can be cut: a fragment, another protocol, or
    /// the link takes less than its headers.
    #[error("the packet is too long for the link and cannot be cut")]
    TooLong,
    /// Datagrams in one packet, without their length; a netfilter queue does not tell it.
    #[error("the kernel does not say how long the datagrams in the packet are")]
    NoSize,
    /// Its checksum is left to the hardware, and it is neither TCP nor UDP.
    #[error("the packet has a checksum of another protocol left to the hardware")]
    Unsummed,
}

/// Gives the packets that `packet`, of this `EtherType`, becomes on a link that takes `mtu` octets
/// behind the Ethernet header, to `sink`, in order; returns how many. Padding behind an IP packet
/// is left out. Nothing is copied unless something must be changed.
///
/// # Errors
/// Nothing has gone to `sink` then.
pub fn cut(
    ether_type: u16,
    packet: &[u8],
    offload: Offload,
    mtu: usize,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<usize, CutError> {
    let is_ip = matches!(
        libc::c_int::from(ether_type),
        libc::ETH_P_IP | libc::ETH_P_IPV6
    );
    if !is_ip {
        return whole(packet, offload.unsummed, mtu, sink);
    }
    let layout = Layout::read(packet).ok_or(CutError::Malformed)?;
    let packet = &packet[..layout.end];
    let Some(transport) = layout.transport else {
        return whole(packet, offload.unsummed, mtu, sink);
    };
    let data = layout.end - layout.data;
    let size = offload.size.map_or(data, usize::from);
    if packet.len() <= mtu && data <= size {
        if offload.unsummed {
            let mut copy = packet.to_vec();
            checksum::complete(&mut copy, &layout, transport);
            sink(&copy);
        } else {
            sink(packet);
        }
        return Ok(1);
    }
    let room = mtu.checked_sub(layout.data).filter(|room| *room > 0);
    let room = room.ok_or(CutError::TooLong)?;
    let size = match (transport, offload.size) {
        (Transport::Udp, None) => return Err(CutError::NoSize),
        (Transport::Udp, Some(size)) if usize::from(size) > room => return Err(CutError::TooLong),
        _ => size.min(room),
    };
    if size == 0 {
        return Err(CutError::Malformed);
    }
    Ok(pieces(
        packet,
        &layout,
        transport,
        size,
        offload.unsummed,
        sink,
    ))
}

fn whole(
    packet: &[u8],
    unsummed: bool,
    mtu: usize,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<usize, CutError> {
    if packet.len() > mtu {
        return Err(CutError::TooLong);
    }
    if unsummed {
        return Err(CutError::Unsummed);
    }
    sink(packet);
    Ok(1)
}

/// `packet` in pieces of `size` octets of payload each.
fn pieces(
    packet: &[u8],
    layout: &Layout,
    transport: Transport,
    size: usize,
    unsummed: bool,
    sink: &mut dyn FnMut(&[u8]),
) -> usize {
    let (headers, data) = packet.split_at(layout.data);
    let count = data.len().div_ceil(size);
    // A datagram of IPv4 may go without a checksum (RFC 768), and then its pieces do.
    let without =
        transport == Transport::Udp && !unsummed && headers[layout.checksum..][..2] == [0; 2];
    let mut piece = Vec::with_capacity(layout.data + size);
    for (number, chunk) in data.chunks(size).enumerate() {
        piece.clear();
        piece.extend_from_slice(headers);
        piece.extend_from_slice(chunk);
        let layout = Layout {
            end: piece.len(),
            ..*layout
        };
        set_network(&mut piece, &layout, number);
        match transport {
            Transport::Tcp => set_tcp(&mut piece, &layout, number, size, number + 1 == count),
            Transport::Udp => {
                let length = piece.len() - layout.start;
                put(&mut piece, layout.start + 4, length as u16);
            }
        }
        if !without {
            checksum::complete(&mut piece, &layout, transport);
        }
        sink(&piece);
    }
    count
}

/// Length of the packet, and with IPv4 identification and header checksum.
fn set_network(piece: &mut [u8], layout: &Layout, number: usize) {
    const IDENTIFICATION: usize = 4;
    if layout.v6 {
        put(piece, 4, (layout.end - 40) as u16);
        return;
    }
    put(piece, 2, layout.end as u16);
    let first = u16::from_be_bytes([piece[IDENTIFICATION], piece[IDENTIFICATION + 1]]);
    put(piece, IDENTIFICATION, first.wrapping_add(number as u16));
    checksum::complete_header(piece);
}

fn set_tcp(piece: &mut [u8], layout: &Layout, number: usize, size: usize, last: bool) {
    const FIN: u8 = 0x01;
    const PSH: u8 = 0x08;
    const CWR: u8 = 0x80;
    let at = layout.start + 4;
    let first = piece[at..]
        .first_chunk()
        .map_or(0, |octets| u32::from_be_bytes(*octets));
    let sequence = first.wrapping_add((number * size) as u32);
    piece[at..at + 4].copy_from_slice(&sequence.to_be_bytes());
    let flags = &mut piece[layout.start + 13];
    if !last {
        *flags &= !(FIN | PSH);
    }
    if number > 0 {
        *flags &= !CWR;
    }
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests;
