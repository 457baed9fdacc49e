//! Elements of a set, by nfnetlink (`linux/netfilter/nf_tables.h`): a batch of one change. What only
//! turns a rule on or off takes no run of `nft`, which costs a hundred times as much.

use std::io;

use crate::netlink::socket::NetlinkSocket;
use crate::netlink::{Message, attribute};

/// `nfgenmsg` of the begin and the end of a batch, which names the subsystem in network order.
const BATCH: [u8; 4] = [
    libc::AF_UNSPEC as u8,
    libc::NFNETLINK_V0 as u8,
    0,
    libc::NFNL_SUBSYS_NFTABLES as u8,
];
/// `NFTA_SET_ELEM_LIST_TABLE`, `_SET` and `_ELEMENTS`.
const LIST: (u16, u16, u16) = (1, 2, 3);
/// `NFTA_LIST_ELEM`, `NFTA_SET_ELEM_KEY` and `NFTA_DATA_VALUE`, each in the one before.
const ELEMENT: (u16, u16, u16) = (1, 1, 1);
/// `NLA_F_NESTED`, without which nf_tables refuses a nest.
const NESTED: u16 = 1 << 15;

const REQUEST: u16 = libc::NLM_F_REQUEST as u16;
const REQUEST_ACK: u16 = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
const CREATE: u16 = REQUEST_ACK | libc::NLM_F_CREATE as u16;

/// What happens to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is in the set from now on; one that is there already stays.
    Add,
    /// It is no longer there.
    Delete,
}

/// Which set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Set<'a> {
    /// The family of its table: `NFPROTO_INET` or `NFPROTO_BRIDGE`.
    pub(crate) family: i32,
    /// The name of its table.
    pub(crate) table: &'a str,
    /// Its own.
    pub(crate) name: &'a str,
}

/// The way to the kernel's sets.
#[derive(Debug)]
pub(crate) struct Sets {
    socket: NetlinkSocket,
    sequence: u32,
}

impl Sets {
    /// # Errors
    /// The kernel has no nfnetlink.
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self {
            socket: NetlinkSocket::open(libc::NETLINK_NETFILTER, 0)?,
            sequence: 0,
        })
    }

    /// Carries out `change` of the element `key` of `set`. It is in force when this returns.
    ///
    /// # Errors
    /// `ENOENT`: there is no such set, or no such element to delete. Or missing rights.
    pub(crate) fn change(&mut self, change: Change, set: Set<'_>, key: &[u8]) -> io::Result<()> {
        // The begin and the end of a batch have number 0.
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let request = batch(change, set, key, self.sequence);
        match self.socket.ask(&request, self.sequence, 1)?.as_slice() {
            [0] => Ok(()),
            codes => Err(io::Error::from_raw_os_error(
                codes.first().copied().unwrap_or(libc::EBADMSG),
            )),
        }
    }
}

/// The batch. The message that is acknowledged has the number `sequence`.
fn batch(change: Change, set: Set<'_>, key: &[u8], sequence: u32) -> Vec<u8> {
    let (message, flags) = match change {
        Change::Add => (libc::NFT_MSG_NEWSETELEM, CREATE),
        Change::Delete => (libc::NFT_MSG_DELSETELEM, REQUEST_ACK),
    };
    let kind = ((libc::NFNL_SUBSYS_NFTABLES << 8) | message) as u16;
    // `nfgenmsg`.
    let of_family = [set.family as u8, libc::NFNETLINK_V0 as u8, 0, 0];
    let (of_table, of_set, elements) = LIST;
    let (entry, of_key, value) = ELEMENT;
    let key = attribute(of_key | NESTED, &attribute(value, key));
    let entry = attribute(entry | NESTED, &key);
    let text = |name: &str| [name.as_bytes(), &[0]].concat();

    let mut bytes = Vec::with_capacity(192);
    let (begin, end) = (libc::NFNL_MSG_BATCH_BEGIN, libc::NFNL_MSG_BATCH_END);
    Message::begin(&mut bytes, begin as u16, REQUEST, 0, &BATCH);
    Message::begin(&mut bytes, kind, flags, sequence, &of_family)
        .attribute(of_table, &text(set.table))
        .attribute(of_set, &text(set.name))
        .attribute(elements | NESTED, &entry);
    Message::begin(&mut bytes, end as u16, REQUEST, 0, &BATCH);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::messages;

    #[test]
    fn golden_batches() {
        let station = [2, 0, 0, 0, 1, 0];
        let set = Set {
            family: libc::NFPROTO_BRIDGE,
            table: "t",
            name: "set",
        };
        #[rustfmt::skip]
        let expected = [
            20, 0, 0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10,
            60, 0, 0, 0, 12, 10, 5, 4, 9, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0,
            6, 0, 1, 0, b't', 0, 0, 0,
            8, 0, 2, 0, b's', b'e', b't', 0,
            24, 0, 3, 0x80, 20, 0, 1, 0x80, 16, 0, 1, 0x80, 10, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0,
            20, 0, 0, 0, 17, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10,
        ];
        assert_eq!(batch(Change::Add, set, &station, 9), expected);
        let delete = batch(Change::Delete, set, &station, 9);
        let kinds: Vec<_> = messages(&delete)
            .map(|one| (one.kind, one.sequence))
            .collect();
        assert_eq!(kinds, [(16, 0), (0x0a0e, 9), (17, 0)]);
    }
}
