//! The rule that has our table asked (`linux/fib_rules.h`).

use super::Marks;
use crate::netlink::Message;

/// `FRA_PRIORITY`, `FRA_TABLE` and `FRA_PROTOCOL`.
const ATTRIBUTES: (u16, u16, u16) = (6, 15, 21);
/// `FR_ACT_TO_TBL`.
const TO_TABLE: u8 = 1;

/// Adds the rule for address family `family`, or deletes it.
pub(super) fn write(out: &mut Vec<u8>, marks: &Marks, family: libc::c_int, add: bool, number: u32) {
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_ACK;
    let (kind, flags) = if add {
        (
            libc::RTM_NEWRULE,
            flags | libc::NLM_F_CREATE | libc::NLM_F_EXCL,
        )
    } else {
        (libc::RTM_DELRULE, flags)
    };
    let (priority, table, protocol) = ATTRIBUTES;
    // `fib_rule_hdr`: for packets of any source and destination.
    let header = [family as u8, 0, 0, 0, 0, 0, 0, TO_TABLE, 0, 0, 0, 0];
    Message::begin(out, kind, flags as u16, number, &header)
        .attribute(priority, &marks.rule.to_ne_bytes())
        .attribute(table, &marks.table.to_ne_bytes())
        .attribute(protocol, &[marks.protocol]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_rule() {
        let marks = Marks {
            table: 1000,
            protocol: 77,
            rule: 32_000,
        };
        let mut out = Vec::new();
        write(&mut out, &marks, libc::AF_INET6, true, 4);
        #[rustfmt::skip]
        assert_eq!(out, [
            52, 0, 0, 0, 32, 0, 5, 6, 4, 0, 0, 0, 0, 0, 0, 0,
            10, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
            8, 0, 6, 0, 0, 125, 0, 0,
            8, 0, 15, 0, 0xe8, 3, 0, 0,
            5, 0, 21, 0, 77, 0, 0, 0,
        ]);
        out.clear();
        write(&mut out, &marks, libc::AF_INET, false, 4);
        assert_eq!(out[4..8], [33, 0, 5, 0]);
    }
}
