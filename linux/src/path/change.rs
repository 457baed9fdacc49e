//! Changes as messages.

use std::net::IpAddr;

use super::{Belief, Change, Marks, Way};
use crate::netlink::Message;

const DELETE: u16 = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
const REPLACE: u16 = DELETE | (libc::NLM_F_CREATE | libc::NLM_F_REPLACE) as u16;
/// Tables with larger numbers stand in an attribute only.
const IN_ATTRIBUTE: u8 = libc::RT_TABLE_UNSPEC;

/// The octets of an address, and its family.
pub(super) fn octets(address: IpAddr) -> (Vec<u8>, u8) {
    match address {
        IpAddr::V4(address) => (address.octets().to_vec(), libc::AF_INET as u8),
        IpAddr::V6(address) => (address.octets().to_vec(), libc::AF_INET6 as u8),
    }
}

pub(super) fn write(out: &mut Vec<u8>, marks: &Marks, change: &Change, sequence: u32) {
    match *change {
        Change::ReplaceRoute(route) => {
            let scope = match route.way {
                Way::Link { .. } => libc::RT_SCOPE_LINK,
                Way::Via { .. } => libc::RT_SCOPE_UNIVERSE,
            };
            let message = to_host(
                out,
                (libc::RTM_NEWROUTE, REPLACE, sequence),
                marks,
                (route.host, scope),
            );
            match route.way {
                Way::Link { index } => {
                    message.attribute(libc::RTA_OIF, &index.to_ne_bytes());
                }
                Way::Via { router, index } => {
                    let message = message.attribute(libc::RTA_GATEWAY, &octets(router).0);
                    if let Some(index) = index {
                        message.attribute(libc::RTA_OIF, &index.to_ne_bytes());
                    }
                }
            }
        }
        Change::DeleteRoute(host) => {
            let what = (libc::RTM_DELROUTE, DELETE, sequence);
            to_host(out, what, marks, (host, libc::RT_SCOPE_NOWHERE));
        }
        Change::ReplaceNeighbour {
            index,
            address,
            mac,
            belief,
        } => {
            let state = match belief {
                Belief::Permanent => libc::NUD_PERMANENT,
                Belief::Reachable => libc::NUD_REACHABLE,
                Belief::Stale => libc::NUD_STALE,
            };
            let (octets, family) = octets(address);
            let what = (libc::RTM_NEWNEIGH, REPLACE, sequence);
            neighbour(out, what, (family, index), state, 0)
                .attribute(libc::NDA_DST, &octets)
                .attribute(libc::NDA_LLADDR, &mac.0);
        }
        Change::DeleteNeighbour { index, address } => {
            let (octets, family) = octets(address);
            let what = (libc::RTM_DELNEIGH, DELETE, sequence);
            neighbour(out, what, (family, index), 0, 0).attribute(libc::NDA_DST, &octets);
        }
        Change::ReplaceProxy { index, address } => {
            let (octets, family) = octets(address);
            let what = (libc::RTM_NEWNEIGH, REPLACE, sequence);
            neighbour(out, what, (family, index), 0, libc::NTF_PROXY)
                .attribute(libc::NDA_DST, &octets);
        }
        Change::DeleteProxy { index, address } => {
            let (octets, family) = octets(address);
            let what = (libc::RTM_DELNEIGH, DELETE, sequence);
            neighbour(out, what, (family, index), 0, libc::NTF_PROXY)
                .attribute(libc::NDA_DST, &octets);
        }
        Change::ReplaceBridgeEntry { port, mac } => {
            let what = (libc::RTM_NEWNEIGH, REPLACE, sequence);
            let at = (libc::AF_BRIDGE as u8, port);
            neighbour(out, what, at, libc::NUD_REACHABLE, libc::NTF_MASTER)
                .attribute(libc::NDA_LLADDR, &mac.0);
        }
        Change::DeleteBridgeEntry { port, mac } => {
            let what = (libc::RTM_DELNEIGH, DELETE, sequence);
            let at = (libc::AF_BRIDGE as u8, port);
            neighbour(out, what, at, 0, libc::NTF_MASTER).attribute(libc::NDA_LLADDR, &mac.0);
        }
    }
}

/// Begins a message about the route to a host: `rtmsg`, the host and the table.
fn to_host<'a>(
    out: &'a mut Vec<u8>,
    (kind, flags, sequence): (u16, u16, u32),
    marks: &Marks,
    (host, scope): (IpAddr, u8),
) -> Message<'a> {
    let (octets, family) = octets(host);
    let bits = octets.len() as u8 * 8;
    let (table, protocol, unicast) = (IN_ATTRIBUTE, marks.protocol, libc::RTN_UNICAST);
    let header = [
        family, bits, 0, 0, table, protocol, scope, unicast, 0, 0, 0, 0,
    ];
    Message::begin(out, kind, flags, sequence, &header)
        .attribute(libc::RTA_DST, &octets)
        .attribute(libc::RTA_TABLE, &marks.table.to_ne_bytes())
}

/// Begins a message about a neighbour: `ndmsg`.
fn neighbour(
    out: &mut Vec<u8>,
    (kind, flags, sequence): (u16, u16, u32),
    (family, index): (u8, u32),
    state: u16,
    flags_of: u8,
) -> Message<'_> {
    let mut header = [0; 12];
    header[0] = family;
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..10].copy_from_slice(&state.to_ne_bytes());
    header[10] = flags_of;
    Message::begin(out, kind, flags, sequence, &header)
}

#[cfg(test)]
mod tests {
    use rether_proto::mac::MacAddr;

    use super::super::Route;
    use super::*;

    const MARKS: Marks = Marks {
        table: 1000,
        protocol: 77,
        rule: 32_000,
    };

    fn bytes(change: Change) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, &MARKS, &change, 5);
        out
    }

    #[test]
    fn golden_routes() {
        let route = |way| {
            Change::ReplaceRoute(Route {
                host: [10, 1, 0, 100].into(),
                way,
            })
        };
        #[rustfmt::skip]
        assert_eq!(bytes(route(Way::Link { index: 3 })), [
            52, 0, 0, 0, 24, 0, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0,
            2, 32, 0, 0, 0, 77, 253, 1, 0, 0, 0, 0,
            8, 0, 1, 0, 10, 1, 0, 100,
            8, 0, 15, 0, 0xe8, 3, 0, 0,
            8, 0, 4, 0, 3, 0, 0, 0,
        ]);
        let via = Way::Via {
            router: [10, 9, 0, 2].into(),
            index: None,
        };
        #[rustfmt::skip]
        assert_eq!(bytes(route(via))[22..], [
            0, 1, 0, 0, 0, 0,
            8, 0, 1, 0, 10, 1, 0, 100,
            8, 0, 15, 0, 0xe8, 3, 0, 0,
            8, 0, 5, 0, 10, 9, 0, 2,
        ]);
        let gone = bytes(Change::DeleteRoute("fd00::7".parse().unwrap()));
        assert_eq!(gone[4..8], [25, 0, 5, 0]);
        assert_eq!(gone[16..28], [10, 128, 0, 0, 0, 77, 255, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn golden_neighbours_and_bridge_entries() {
        let mac = MacAddr([2, 0, 0, 0, 1, 0]);
        let known = Change::ReplaceNeighbour {
            index: 3,
            address: [10, 1, 0, 100].into(),
            mac,
            belief: Belief::Stale,
        };
        #[rustfmt::skip]
        assert_eq!(bytes(known), [
            48, 0, 0, 0, 28, 0, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0,
            2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0,
            8, 0, 1, 0, 10, 1, 0, 100,
            10, 0, 2, 0, 2, 0, 0, 0, 1, 0, 0, 0,
        ]);
        #[rustfmt::skip]
        assert_eq!(bytes(Change::DeleteBridgeEntry { port: 3, mac }), [
            40, 0, 0, 0, 29, 0, 5, 0, 5, 0, 0, 0, 0, 0, 0, 0,
            7, 0, 0, 0, 3, 0, 0, 0, 0, 0, 4, 0,
            10, 0, 2, 0, 2, 0, 0, 0, 1, 0, 0, 0,
        ]);
    }
}
