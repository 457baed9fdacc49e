//! Sends all that a device receives to the ingress of another: rtnetlink(7) and
//! `linux/pkt_cls.h`, by hand, because no crate in use has traffic control.

use std::io;

use crate::error::{Doing, OsError};
use crate::netlink::socket::NetlinkSocket;
use crate::netlink::{Message, attribute, messages};

/// `TC_H_INGRESS`: where the ingress queueing discipline is attached.
const INGRESS: u32 = 0xffff_fff1;
/// Handle of the ingress queueing discipline.
const HANDLE: u32 = 0xffff_0000;
/// `TCA_OPTIONS`.
const OPTIONS: u16 = 2;
/// `TCA_MATCHALL_ACT`.
const MATCHALL_ACTION: u16 = 2;
/// `TCA_ACT_KIND` and `TCA_ACT_OPTIONS`, in a list whose entries are numbered from 1.
const ACTION: (u16, u16, u16) = (1, 1, 2);
/// `TCA_MIRRED_PARMS`.
const MIRRED_PARAMETERS: u16 = 2;
/// `TCA_INGRESS_REDIR`.
const INGRESS_REDIRECT: i32 = 3;
/// `TC_ACT_STOLEN`: nobody else gets the packet.
const STOLEN: i32 = 4;
/// `IFLA_INET6_ADDR_GEN_MODE` and `IN6_ADDR_GEN_MODE_NONE`.
const ADDRESS_MODE: (u16, u8) = (8, 1);

const CHANGE: u16 = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
const CREATE: u16 = CHANGE | (libc::NLM_F_CREATE | libc::NLM_F_EXCL) as u16;

/// Redirects what `device` receives to `target`, both by their indices, and brings it up.
///
/// # Errors
/// Missing rights, or a kernel without these parts of traffic control.
pub(super) fn set_up(device: u32, target: u32) -> Result<(), OsError> {
    let socket = NetlinkSocket::open(libc::NETLINK_ROUTE, 0).doing("open a netlink socket")?;
    let ask = |request: Vec<u8>| ask(&socket, &request);
    // It has no business with IPv6; a kernel without has nothing to switch off.
    let _ = ask(no_ipv6_address(device));
    ask(qdisc(device))
        .and_then(|()| ask(filter(device, target)))
        .doing(
            "redirect packets that come inside frames to the radio (the kernel needs sch_ingress, \
             cls_matchall and act_mirred)",
        )?;
    ask(up(device)).doing("bring the TAP device up")
}

fn ask(socket: &NetlinkSocket, request: &[u8]) -> io::Result<()> {
    socket.send(request)?;
    socket.wait()?;
    let mut buffer = [0; 2048];
    let datagram = socket.receive(&mut buffer)?.unwrap_or(&[]);
    match messages(datagram).find_map(|message| message.error()) {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(code)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// `ifinfomsg`, with flags to be set.
fn link(device: u32, flags: libc::c_int) -> Vec<u8> {
    let flags = flags.to_ne_bytes();
    [&[0; 4], &device.to_ne_bytes(), &flags, &flags]
        .map(|part| &part[..])
        .concat()
}

/// `tcmsg`.
fn traffic(device: u32, handle: u32, parent: u32, info: u32) -> Vec<u8> {
    let words = [0, device, handle, parent, info];
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn up(device: u32) -> Vec<u8> {
    let mut request = Vec::new();
    let family = link(device, libc::IFF_UP);
    Message::begin(&mut request, libc::RTM_NEWLINK, CHANGE, 1, &family);
    request
}

fn no_ipv6_address(device: u32) -> Vec<u8> {
    let (kind, mode) = ADDRESS_MODE;
    let family = attribute(libc::AF_INET6 as u16, &attribute(kind, &[mode]));
    let mut request = Vec::new();
    Message::begin(&mut request, libc::RTM_SETLINK, CHANGE, 1, &link(device, 0))
        .attribute(libc::IFLA_AF_SPEC, &family);
    request
}

fn qdisc(device: u32) -> Vec<u8> {
    let mut request = Vec::new();
    let family = traffic(device, HANDLE, INGRESS, 0);
    Message::begin(&mut request, libc::RTM_NEWQDISC, CREATE, 1, &family)
        .attribute(libc::TCA_KIND, b"ingress\0");
    request
}

fn filter(device: u32, target: u32) -> Vec<u8> {
    // `tc_mirred`: index, capabilities, action, reference and bind counts, way, interface.
    let target = i32::from_ne_bytes(target.to_ne_bytes());
    let parameters = [0, 0, STOLEN, 0, 0, INGRESS_REDIRECT, target];
    let parameters: Vec<u8> = parameters
        .iter()
        .flat_map(|word| word.to_ne_bytes())
        .collect();
    let (first, kind, options) = ACTION;
    let action = [
        attribute(kind, b"mirred\0"),
        attribute(options, &attribute(MIRRED_PARAMETERS, &parameters)),
    ];
    let actions = attribute(MATCHALL_ACTION, &attribute(first, &action.concat()));
    // Priority 1 of the rules for every protocol.
    let every = u32::from((libc::ETH_P_ALL as u16).to_be());
    let family = traffic(device, 0, HANDLE, 1 << 16 | every);
    let mut request = Vec::new();
    Message::begin(&mut request, libc::RTM_NEWTFILTER, CREATE, 1, &family)
        .attribute(libc::TCA_KIND, b"matchall\0")
        .attribute(OPTIONS, &actions);
    request
}
