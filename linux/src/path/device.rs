//! What an interface does with packets of IPv4, where only the kernel's own settings are changed by
//! rtnetlink; IPv6 has no such messages.

use crate::netlink::{Message, attribute};

/// A setting of an interface (`enum IPV4_DEVCONF_*`, `linux/ip.h`), by the name it has in
/// `/proc/sys/net/ipv4/conf/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `forwarding`: 1 if packets that come in here may go on.
    Forwarding,
    /// `proxy_arp`: 1 if requests for hosts that are reached by another interface are answered.
    ProxyArp,
    /// `send_redirects`: 0 if hosts are not told of a shorter way.
    SendRedirects,
    /// `rp_filter`: 0 if packets may come from where no route leads, 2 if there is one by any
    /// interface, 1 if it is by this one.
    ReversePathFilter,
}

impl Setting {
    const fn number(self) -> u16 {
        match self {
            Self::Forwarding => 1,
            Self::ProxyArp => 3,
            Self::SendRedirects => 6,
            Self::ReversePathFilter => 8,
        }
    }
}

const CHANGE: u16 = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
/// `IFLA_INET_CONF`.
const CONFIGURATION: u16 = 1;
/// `RTM_SETNEIGHTBL`, with `NDTA_NAME` and `NDTA_PARMS`.
const TABLE: (u16, u16, u16) = (67, 1, 6);
/// `NDTPA_IFINDEX` and `NDTPA_PROXY_DELAY`, in milliseconds.
const PARAMETERS: (u16, u16) = (1, 13);

/// Sets `setting` of interface `index`.
pub(super) fn set(out: &mut Vec<u8>, index: u32, setting: Setting, value: u32, sequence: u32) {
    // `ifinfomsg`: neither type nor flags change.
    let mut header = [0; 16];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    let value = attribute(setting.number(), &value.to_ne_bytes());
    let family = attribute(libc::AF_INET as u16, &attribute(CONFIGURATION, &value));
    Message::begin(out, libc::RTM_SETLINK, CHANGE, sequence, &header)
        .attribute(libc::IFLA_AF_SPEC, &family);
}

/// Sets how long interface `index` waits at most before it answers for another host.
pub(super) fn set_proxy_delay(
    out: &mut Vec<u8>,
    index: u32,
    (family, cache): (libc::c_int, &str),
    milliseconds: u64,
    sequence: u32,
) {
    let (kind, name, parameters) = TABLE;
    let (of, delay) = PARAMETERS;
    let values = [
        attribute(of, &index.to_ne_bytes()),
        attribute(delay, &milliseconds.to_ne_bytes()),
    ];
    let cache = [cache.as_bytes(), &[0]].concat();
    Message::begin(out, kind, CHANGE, sequence, &[family as u8, 0, 0, 0])
        .attribute(name, &cache)
        .attribute(parameters, &values.concat());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_messages() {
        let mut out = Vec::new();
        set(&mut out, 3, Setting::ReversePathFilter, 2, 7);
        #[rustfmt::skip]
        assert_eq!(out, [
            52, 0, 0, 0, 19, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            20, 0, 26, 0, 16, 0, 2, 0, 12, 0, 1, 0, 8, 0, 8, 0, 2, 0, 0, 0,
        ]);
        out.clear();
        set_proxy_delay(&mut out, 3, (libc::AF_INET, "arp_cache"), 0, 7);
        #[rustfmt::skip]
        assert_eq!(out, [
            60, 0, 0, 0, 67, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0,
            2, 0, 0, 0,
            14, 0, 1, 0, b'a', b'r', b'p', b'_', b'c', b'a', b'c', b'h', b'e', 0, 0, 0,
            24, 0, 6, 0, 8, 0, 1, 0, 3, 0, 0, 0, 12, 0, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]);
    }
}
