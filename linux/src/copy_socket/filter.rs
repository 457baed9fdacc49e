//! What the kernel lets through to a socket for copies: classic BPF programs (socket(7),
//! `SO_ATTACH_FILTER`).

use socket2::SockFilter;

use crate::token_socket::filter::{
    ETHER_TYPE, JUMP_EQUAL, LOAD_BYTE, LOAD_HALF, PACKET_TYPE, RETURN,
};

const JUMP_SET: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const ALL: u32 = u32::MAX;
const NOTHING: u32 = 0;

/// Frames on their way out, to one station, but for EAPOL and `own`.
pub(super) fn sent(own: u16) -> [SockFilter; 9] {
    [
        SockFilter::new(LOAD_BYTE, 0, 0, PACKET_TYPE),
        SockFilter::new(JUMP_EQUAL, 0, 6, libc::PACKET_OUTGOING.into()),
        // The lowest bit of the first octet marks a group address.
        SockFilter::new(LOAD_BYTE, 0, 0, 0),
        SockFilter::new(JUMP_SET, 4, 0, 1),
        SockFilter::new(LOAD_HALF, 0, 0, ETHER_TYPE),
        SockFilter::new(JUMP_EQUAL, 2, 0, own.into()),
        SockFilter::new(JUMP_EQUAL, 1, 0, libc::ETH_P_PAE.unsigned_abs()),
        SockFilter::new(RETURN, 0, 0, ALL),
        SockFilter::new(RETURN, 0, 0, NOTHING),
    ]
}

/// IP packets for this host alone.
pub(super) fn received() -> [SockFilter; 7] {
    [
        SockFilter::new(LOAD_BYTE, 0, 0, PACKET_TYPE),
        SockFilter::new(JUMP_EQUAL, 0, 4, libc::PACKET_HOST.into()),
        SockFilter::new(LOAD_HALF, 0, 0, ETHER_TYPE),
        SockFilter::new(JUMP_EQUAL, 1, 0, libc::ETH_P_IP.unsigned_abs()),
        SockFilter::new(JUMP_EQUAL, 0, 1, libc::ETH_P_IPV6.unsigned_abs()),
        SockFilter::new(RETURN, 0, 0, ALL),
        SockFilter::new(RETURN, 0, 0, NOTHING),
    ]
}
