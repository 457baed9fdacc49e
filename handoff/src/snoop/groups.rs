//! Which groups a station listens to: IGMP (RFC 2236, RFC 9776) and MLD (RFC 2710, RFC 9777).
//!
//! Groups that stay on their link are left out: a station reports one for each of its addresses,
//! and nothing has to follow it.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::igmp::GroupAddress;
use etherparse::{Icmpv6Slice, IgmpSlice, Ipv6Slice};

use super::{Told, is_far};

/// Multicast Listener Report.
pub(super) const MLD_REPORT: u8 = 131;
/// Multicast Listener Done.
pub(super) const MLD_DONE: u8 = 132;
/// Version 2 Multicast Listener Report.
pub(super) const MLD2_REPORT: u8 = 143;

/// The most records of one report that are looked at.
const RECORDS: usize = 64;

/// A report or a leave of any version.
pub(super) fn igmp(igmp: &IgmpSlice<'_>, sink: &mut dyn FnMut(Told)) {
    if !igmp.is_checksum_valid() {
        return;
    }
    let group = |group: GroupAddress| IpAddr::from(Ipv4Addr::from(group.octets));
    match igmp {
        IgmpSlice::MembershipReportV1(report) => tell(true, group(report.group_address()), sink),
        IgmpSlice::MembershipReportV2(report) => tell(true, group(report.group_address()), sink),
        IgmpSlice::LeaveGroup(leave) => tell(false, group(leave.group_address()), sink),
        IgmpSlice::MembershipReportV3(report) => {
            for record in report.group_records().take(RECORDS) {
                let Ok(record) = record else { return };
                if let Some(joins) = joins(record.record_type().0, record.num_of_sources()) {
                    let group = Ipv4Addr::from(record.multicast_address());
                    tell(joins, group.into(), sink);
                }
            }
        }
        _ => {}
    }
}

/// A report or a done of any version; from a link-local address, across no router (RFC 2710,
/// section 3).
pub(super) fn mld(ip: &Ipv6Slice<'_>, icmp: &Icmpv6Slice<'_>, sink: &mut dyn FnMut(Told)) {
    let source = Ipv6Addr::from(ip.header().source());
    let unspecified = source.is_unspecified();
    if ip.header().hop_limit() != 1 || !(source.is_unicast_link_local() || unspecified) {
        return;
    }
    let kind = icmp.type_u8();
    if kind != MLD2_REPORT {
        if let Some(group) = icmp.payload().first_chunk::<16>() {
            tell(kind == MLD_REPORT, Ipv6Addr::from(*group).into(), sink);
        }
        return;
    }
    let [_, _, high, low] = icmp.bytes5to8();
    let count = usize::from(u16::from_be_bytes([high, low]));
    let mut rest = icmp.payload();
    for _ in 0..count.min(RECORDS) {
        // Type, length of auxiliary data in words, number of sources, group, sources, data.
        let Some((head, after)) = rest.split_first_chunk::<20>() else {
            return;
        };
        let sources = u16::from_be_bytes([head[2], head[3]]);
        let behind = usize::from(sources) * 16 + usize::from(head[1]) * 4;
        let Some(after) = after.get(behind..) else {
            return;
        };
        rest = after;
        if let (Some(joins), Some(group)) = (joins(head[0], sources), head[4..].first_chunk::<16>())
        {
            tell(joins, Ipv6Addr::from(*group).into(), sink);
        }
    }
}

/// Whether a group record (RFC 9776, section 4.2.13; the same in MLD) says that its sender listens
/// to the group; `None` where it says neither.
const fn joins(kind: u8, sources: u16) -> Option<bool> {
    const IS_INCLUDE: u8 = 1;
    const IS_EXCLUDE: u8 = 2;
    const TO_INCLUDE: u8 = 3;
    const TO_EXCLUDE: u8 = 4;
    const ALLOW: u8 = 5;
    match kind {
        IS_EXCLUDE | TO_EXCLUDE => Some(true),
        IS_INCLUDE | TO_INCLUDE => Some(sources > 0),
        ALLOW if sources > 0 => Some(true),
        // BLOCK leaves other sources, as far as one knows.
        _ => None,
    }
}

fn tell(joins: bool, group: IpAddr, sink: &mut dyn FnMut(Told)) {
    if is_far(group) {
        sink(if joins {
            Told::Joins(group)
        } else {
            Told::Leaves(group)
        });
    }
}
