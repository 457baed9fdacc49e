//! Routes follow the latest stay, whatever order news come in.

use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;

use rether_proto::mac::MacAddr;

use super::*;

const STA: MacAddr = MacAddr([2, 0, 0, 0, 9, 0]);

fn ip(n: u8) -> IpAddr {
    [10, 1, 0, n].into()
}

fn moved(anchor: &mut HostRoute, to: u16, epoch: u64, addresses: &[IpAddr]) -> Vec<PathOp> {
    let mut out = Vec::new();
    let event = AnchorIn::Moved {
        station: STA,
        to: ApId(to),
        epoch: Epoch(epoch),
        addresses,
    };
    anchor.on(event, &mut out);
    out
}

#[test]
fn a_route_points_to_the_latest_stay() {
    let mut anchor = HostRoute::new(ApId(1));
    let via = |to| PathOp::RouteVia {
        ip: ip(1),
        station: STA,
        to: ApId(to),
    };
    assert_eq!(moved(&mut anchor, 2, 5, &[ip(1)]), [via(2)]);
    assert_eq!(moved(&mut anchor, 2, 5, &[ip(1)]), []);
    assert_eq!(moved(&mut anchor, 3, 4, &[ip(1)]), [], "old news");
    assert_eq!(
        moved(&mut anchor, 3, 5, &[ip(1)]),
        [via(3)],
        "the higher name holds"
    );
    let mut out = Vec::new();
    let attach = AnchorIn::Attach {
        station: STA,
        epoch: Epoch(6),
        addresses: &[ip(1), ip(2)],
    };
    anchor.on(attach, &mut out);
    let here = |n| PathOp::RouteHere {
        ip: ip(n),
        station: STA,
    };
    assert_eq!(out, [here(1), here(2)]);
    out.clear();
    let attach = AnchorIn::Attach {
        station: STA,
        epoch: Epoch(6),
        addresses: &[ip(2)],
    };
    anchor.on(attach, &mut out);
    assert_eq!(out, [PathOp::Unroute { ip: ip(1) }]);
    out.clear();
    anchor.on(AnchorIn::Gone { station: STA }, &mut out);
    assert_eq!(out, vec![PathOp::Unroute { ip: ip(2) }]);
}

#[test]
fn a_bridge_is_told_when_the_path_may_be_switched() {
    let mut out = Vec::new();
    let switch = AnchorIn::Switch {
        station: STA,
        addresses: &[],
    };
    Bridge.on(switch, &mut out);
    assert_eq!(out, [PathOp::Update { station: STA }]);
}
