//! Across subnets: every access point is the same gateway, and has a route to each address of each
//! station.
//!
//! Access points have the same gateway address, link-local address and MAC address on their
//! radio's side, so a station notices nothing when it moves. Its addresses are routed one by one:
//! to the radio where it is, to that access point everywhere else. Later stays win by their epoch.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use rether_proto::mac::MacAddr;

use super::{Anchor, AnchorIn, PathOp};
use crate::id::{ApId, Epoch};

/// Routes by station.
#[derive(Clone, Debug)]
pub struct HostRoute {
    own: ApId,
    stations: BTreeMap<MacAddr, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    epoch: Epoch,
    at: ApId,
    addresses: Vec<IpAddr>,
}

impl HostRoute {
    /// Of the access point `own`, which knows no station yet.
    #[must_use]
    pub const fn new(own: ApId) -> Self {
        Self {
            own,
            stations: BTreeMap::new(),
        }
    }

    /// The station is at `at`.
    fn place(
        &mut self,
        station: MacAddr,
        at: ApId,
        epoch: Epoch,
        addresses: &[IpAddr],
        out: &mut Vec<PathOp>,
    ) {
        let before = self.stations.get(&station);
        if before.is_some_and(|known| (known.epoch, known.at) > (epoch, at)) {
            return;
        }
        let stays = before.is_some_and(|known| known.at == at);
        let had: Vec<IpAddr> = before
            .map(|known| known.addresses.clone())
            .unwrap_or_default();
        for ip in addresses {
            if stays && had.contains(ip) {
                continue;
            }
            out.push(if at == self.own {
                PathOp::RouteHere { ip: *ip, station }
            } else {
                PathOp::RouteVia {
                    ip: *ip,
                    station,
                    to: at,
                }
            });
        }
        for ip in had.iter().filter(|ip| !addresses.contains(ip)) {
            out.push(PathOp::Unroute { ip: *ip });
        }
        self.stations.insert(
            station,
            Known {
                epoch,
                at,
                addresses: addresses.to_vec(),
            },
        );
    }
}

impl Anchor for HostRoute {
    fn on(&mut self, event: AnchorIn<'_>, out: &mut Vec<PathOp>) {
        match event {
            AnchorIn::Attach {
                station,
                epoch,
                addresses,
            } => self.place(station, self.own, epoch, addresses, out),
            AnchorIn::Moved {
                station,
                to,
                epoch,
                addresses,
            } => self.place(station, to, epoch, addresses, out),
            // The others switch by themselves when they hear of the move.
            AnchorIn::Switch { station, .. } => out.push(PathOp::Update { station }),
            AnchorIn::Gone { station } => {
                let gone = self.stations.remove(&station);
                let addresses = gone.map(|known| known.addresses).unwrap_or_default();
                out.extend(addresses.into_iter().map(|ip| PathOp::Unroute { ip }));
            }
        }
    }
}
