//! What the kernel lets through to a token socket: a classic BPF program (socket(7),
//! `SO_ATTACH_FILTER`).

use socket2::SockFilter;

pub(crate) const LOAD_HALF: u16 = (libc::BPF_LD | libc::BPF_H | libc::BPF_ABS) as u16;
pub(crate) const LOAD_BYTE: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
pub(crate) const JUMP_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
pub(crate) const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
/// Offset of the `EtherType` in an Ethernet frame.
pub(crate) const ETHER_TYPE: u32 = 12;
/// Where the kernel tells whom the frame is for.
pub(crate) const PACKET_TYPE: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_PKTTYPE) as u32;
/// `PACKET_OTHERHOST`: for another MAC address, seen because a bridge port is promiscuous.
const OTHER_HOST: u32 = 3;

/// Frames of `ether_type` that are for us or for a group.
pub(super) fn program(ether_type: u16) -> [SockFilter; 6] {
    [
        SockFilter::new(LOAD_HALF, 0, 0, ETHER_TYPE),
        SockFilter::new(JUMP_EQUAL, 0, 3, ether_type.into()),
        SockFilter::new(LOAD_BYTE, 0, 0, PACKET_TYPE),
        SockFilter::new(JUMP_EQUAL, 1, 0, OTHER_HOST),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}
