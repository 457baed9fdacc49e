//! Elements of a set, by nfnetlink (`linux/netfilter/nf_tables.h`): a batch of one change.

use rether_proto::mac::MacAddr;

use crate::netlink::{Message, attribute};

/// `nfgenmsg` of a change in the bridge family.
const FAMILY: [u8; 4] = [libc::NFPROTO_BRIDGE as u8, libc::NFNETLINK_V0 as u8, 0, 0];
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
pub(super) enum Change {
    /// It is in the set from now on; one that is there already stays.
    Add,
    /// It is no longer there.
    Delete,
}

/// The batch that carries out `change` of `station` in the set `set` of `table`. The message that
/// is acknowledged has the number `sequence`.
pub(super) fn batch(
    change: Change,
    table: &str,
    set: &str,
    station: MacAddr,
    sequence: u32,
) -> Vec<u8> {
    let (message, flags) = match change {
        Change::Add => (libc::NFT_MSG_NEWSETELEM, CREATE),
        Change::Delete => (libc::NFT_MSG_DELSETELEM, REQUEST_ACK),
    };
    let kind = ((libc::NFNL_SUBSYS_NFTABLES << 8) | message) as u16;
    let (of_table, of_set, elements) = LIST;
    let (entry, key, value) = ELEMENT;
    let key = attribute(key | NESTED, &attribute(value, &station.0));
    let entry = attribute(entry | NESTED, &key);
    let text = |name: &str| [name.as_bytes(), &[0]].concat();

    let mut bytes = Vec::with_capacity(192);
    let (begin, end) = (libc::NFNL_MSG_BATCH_BEGIN, libc::NFNL_MSG_BATCH_END);
    Message::begin(&mut bytes, begin as u16, REQUEST, 0, &BATCH);
    Message::begin(&mut bytes, kind, flags, sequence, &FAMILY)
        .attribute(of_table, &text(table))
        .attribute(of_set, &text(set))
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
        let station = MacAddr([2, 0, 0, 0, 1, 0]);
        #[rustfmt::skip]
        let expected = [
            20, 0, 0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10,
            60, 0, 0, 0, 12, 10, 5, 4, 9, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0,
            6, 0, 1, 0, b't', 0, 0, 0,
            8, 0, 2, 0, b's', b'e', b't', 0,
            24, 0, 3, 0x80, 20, 0, 1, 0x80, 16, 0, 1, 0x80, 10, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0,
            20, 0, 0, 0, 17, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10,
        ];
        assert_eq!(batch(Change::Add, "t", "set", station, 9), expected);
        let delete = batch(Change::Delete, "t", "set", station, 9);
        let kinds: Vec<_> = messages(&delete)
            .map(|one| (one.kind, one.sequence))
            .collect();
        assert_eq!(kinds, [(16, 0), (0x0a0e, 9), (17, 0)]);
    }
}
