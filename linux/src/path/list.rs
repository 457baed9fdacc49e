//! Routes as the kernel lists them.

use std::net::IpAddr;

use super::{Marks, Route, Way};
use crate::neigh::ip;
use crate::netlink::{Message, Received, attributes};

/// Length of `rtmsg`.
const FAMILY: usize = 12;

/// Asks for all routes of an address family.
pub(super) fn request(out: &mut Vec<u8>, family: libc::c_int, sequence: u32) {
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
    let mut header = [0; FAMILY];
    header[0] = family as u8;
    Message::begin(out, libc::RTM_GETROUTE, flags, sequence, &header);
}

/// The host route of ours that a message describes.
pub(super) fn route(message: &Received<'_>, marks: &Marks) -> Option<Route> {
    if message.kind != libc::RTM_NEWROUTE {
        return None;
    }
    let header = message.body.first_chunk::<FAMILY>()?;
    let [_, bits, .., protocol, _, _, _, _, _, _] = *header;
    let mut table = u32::from(header[4]);
    let (mut host, mut router, mut index) = (None, None, None);
    for (kind, value) in attributes(message.body.get(FAMILY..)?) {
        match kind {
            libc::RTA_DST => host = ip(value),
            libc::RTA_GATEWAY => router = ip(value),
            libc::RTA_OIF => index = value.try_into().ok().map(u32::from_ne_bytes),
            libc::RTA_TABLE => table = value.try_into().map_or(0, u32::from_ne_bytes),
            _ => {}
        }
    }
    let host: IpAddr = host?;
    let is_host = bits == if host.is_ipv4() { 32 } else { 128 };
    if protocol != marks.protocol || table != marks.table || !is_host {
        return None;
    }
    let way = match (router, index) {
        (Some(router), index) => Way::Via { router, index },
        (None, Some(index)) => Way::Link { index },
        (None, None) => return None,
    };
    Some(Route { host, way })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::messages;
    use crate::path::{Change, change};

    const MARKS: Marks = Marks {
        table: 1000,
        protocol: 77,
        rule: 32_000,
    };

    fn written(route: Route) -> Vec<u8> {
        let mut out = Vec::new();
        change::write(&mut out, &MARKS, &Change::ReplaceRoute(route), 1);
        out
    }

    fn examples() -> [Route; 3] {
        let via = |router: &str, index| Way::Via {
            router: router.parse().unwrap(),
            index,
        };
        [
            ("10.1.0.100", Way::Link { index: 3 }),
            ("10.1.0.101", via("10.9.0.2", None)),
            ("fd00::7", via("fe80::1", Some(4))),
        ]
        .map(|(host, way)| Route {
            host: host.parse().unwrap(),
            way,
        })
    }

    #[test]
    fn reads_what_is_written_and_only_ours() {
        for expected in examples() {
            let bytes = written(expected);
            let message = messages(&bytes).next().unwrap();
            assert_eq!(route(&message, &MARKS), Some(expected));
            let others = [
                Marks {
                    table: 1001,
                    ..MARKS
                },
                Marks {
                    protocol: 78,
                    ..MARKS
                },
            ];
            assert!(others.iter().all(|marks| route(&message, marks).is_none()));
            let mut network = bytes.clone();
            network[17] = 24;
            assert_eq!(route(&messages(&network).next().unwrap(), &MARKS), None);
        }
    }

    #[test]
    fn mangled_messages_do_not_panic() {
        let bytes = written(examples()[2]);
        let message = messages(&bytes).next().unwrap();
        for cut in 0..message.body.len() {
            let body = &message.body[..cut];
            let _ = route(&Received { body, ..message }, &MARKS);
        }
        for at in 16..bytes.len() {
            for value in [0, 1, 3, 4, 0x7f, 0xff] {
                let mut odd = bytes.clone();
                odd[at] = value;
                let _ = messages(&odd).next().map(|message| route(&message, &MARKS));
            }
        }
    }
}
