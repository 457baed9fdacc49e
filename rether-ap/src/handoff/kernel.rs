//! What the kernel does in a handoff: catching, sending past the gates, routes.

use std::collections::VecDeque;
use std::net::SocketAddr;

use anyhow::Context as _;
use rether_handoff::ap::{ApInput, CaughtId};
use rether_handoff::cache::Gateway;
use rether_handoff::frame::Frame;
use rether_linux::announce::layer_2_update;
use rether_linux::copy_socket::CopySocket;
use rether_linux::frame_socket::{self, FrameSocket};
use rether_linux::link::Link;
use rether_linux::path::{Belief, Change, Marks, Path, Route, Way};
use rether_linux::roam_gate::{Caught, Fate, RoamQueue, RoamTable, RoamTableConfig};
use rether_linux::segment::{ETHERNET_MTU, Offload, cut};
use rether_linux::snoop::Snoop;
use rether_linux::{OsError, cost};
use rether_proto::digest::digest;
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;

use super::overhear;
use crate::config::{AnchorKind, Handoff};

/// Packets that the kernel holds for stations on their way, before it lets further ones pass.
const HELD: u32 = 8192;
/// `rtm_protocol` of our routes: that of nobody in `/etc/iproute2/rt_protos`.
const PROTOCOL: u8 = 88;
/// Before the rule of the main table.
const RULE: u32 = 3_517;

/// The kernel's part.
pub(super) struct Kernel {
    pub(super) queue: RoamQueue,
    pub(super) sent: CopySocket,
    pub(super) snoop: Snoop,
    /// Where this host is the stations' gateway.
    pub(super) gateways: Vec<Gateway>,
    table: RoamTable,
    air: FrameSocket,
    wire: FrameSocket,
    /// Frames that the driver had no room for.
    waiting: VecDeque<(MacAddr, Frame)>,
    path: Option<Path>,
    radio: u32,
    bridge: u32,
    verdicts: Vec<(u32, Fate)>,
}

/// A caught packet is one frame or, if it was a superpacket, several: their names have its number
/// and their place in it. The first decides for all.
const fn name(packet: u32, place: usize) -> CaughtId {
    CaughtId((packet as u64) << 16 | place as u64)
}

impl Kernel {
    /// `queue` is the number of the netfilter queue.
    pub(super) fn open(
        config: &Handoff,
        radio: &Link,
        queue: u16,
        ether_type: u16,
    ) -> anyhow::Result<Self> {
        let bridge = radio.bridge_link().context(
            "stations that move are told apart at a bridge, and the access point's interface is \
             no port of one: add `bridge=br0` to hostapd's configuration (for a routed cell, a \
             bridge with this one port)",
        )?;
        // When the daemon is killed, the kernel closes what was opened last first, and each of these
        // sockets takes it a grace period of RCU. Packets are caught until the queue is closed.
        let sent = CopySocket::sent(radio, ether_type)?;
        let snoop = Snoop::open(radio, &bridge)?;
        let air = FrameSocket::open(radio)?;
        let wire = FrameSocket::open(&bridge)?;
        let queue_reader = RoamQueue::open(queue, HELD)?;
        let table = RoamTable::install(&RoamTableConfig {
            interface: radio.name.clone(),
            queue,
            ether_type,
        })?;
        let path = match config.anchor {
            AnchorKind::Bridge => None,
            AnchorKind::HostRoute => {
                let mut path = Path::open(Marks {
                    table: config.table,
                    protocol: PROTOCOL,
                    rule: RULE,
                })?;
                path.remove_all()?;
                path.add_rules()?;
                Some(path)
            }
        };
        Ok(Self {
            queue: queue_reader,
            sent,
            snoop,
            gateways: match config.anchor {
                // The gateway is another host, whose word comes by the wire.
                AnchorKind::Bridge => Vec::new(),
                AnchorKind::HostRoute => overhear::gateways(&bridge)?,
            },
            table,
            air,
            wire,
            waiting: VecDeque::new(),
            path,
            radio: radio.index,
            bridge: bridge.index,
            verdicts: Vec::new(),
        })
    }

    /// Frames that were caught, to `sink`; a superpacket as the frames that it would have become.
    pub(super) fn caught(
        &mut self,
        sink: &mut dyn FnMut(MacAddr, CaughtId, Frame),
    ) -> Result<(), OsError> {
        let mut unfit = Vec::new();
        let mut read = |caught: Caught<'_>| {
            let mut place = 0;
            let pieces = cut_into(
                caught.source,
                caught.ether_type,
                caught.payload,
                caught.offload,
                &mut |frame| {
                    sink(caught.station, name(caught.id, place), frame);
                    place += 1;
                },
            );
            if !pieces {
                unfit.push((caught.id, Fate::Accept));
            }
        };
        cost::packets(|| self.queue.receive(&mut read))?;
        self.verdicts.extend(unfit);
        self.decide()
    }

    /// Frames that the radio was given, to `sink`, with their digests.
    pub(super) fn copies(
        &mut self,
        sink: &mut dyn FnMut(MacAddr, u32, Frame),
    ) -> Result<(), OsError> {
        const AT_ONCE: usize = 256;
        cost::packets(|| {
            for _ in 0..AT_ONCE {
                let Some(copied) = self.sent.receive()? else {
                    break;
                };
                let (from, kind) = (copied.from, copied.ether_type);
                cut_into(from, kind, copied.payload, copied.offload, &mut |frame| {
                    sink(copied.to, digest(&frame.payload), frame);
                });
            }
            Ok(())
        })
    }

    /// What passed at the bridge and says something, to `sink`.
    pub(super) fn overheard(&mut self, sink: &mut dyn FnMut(ApInput)) -> Result<(), OsError> {
        const AT_ONCE: usize = 64;
        cost::packets(|| {
            for _ in 0..AT_ONCE {
                let Some((side, copied)) = self.snoop.receive()? else {
                    break;
                };
                overhear::read(side, &copied, sink);
            }
            Ok(())
        })
    }

    pub(super) fn catch(&mut self, station: MacAddr, on: bool) -> Result<(), OsError> {
        self.decide()?;
        if on {
            self.table.add(station)
        } else {
            self.table.remove_station(station)
        }
    }

    /// The verdict on a caught frame; carried out by [`Kernel::decide`].
    pub(super) fn judge(&mut self, id: CaughtId, fate: Fate) {
        let (packet, place) = (id.0 >> 16, id.0 & 0xffff);
        if place == 0
            && let Ok(packet) = u32::try_from(packet)
        {
            self.verdicts.push((packet, fate));
        }
    }

    pub(super) fn decide(&mut self) -> Result<(), OsError> {
        if self.verdicts.is_empty() {
            return Ok(());
        }
        cost::packets(|| self.queue.apply(self.verdicts.drain(..)))
    }

    /// Sends a frame past the gates, behind those that the driver had no room for.
    pub(super) fn inject(&mut self, station: MacAddr, frame: Frame) -> Result<(), OsError> {
        self.decide()?;
        self.waiting.push_back((station, frame));
        self.push()
    }

    /// Tries once more what the driver had no room for. True if there still is some.
    pub(super) fn is_full(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn push(&mut self) -> Result<(), OsError> {
        while let Some((to, frame)) = self.waiting.front() {
            let outer = frame_socket::Frame {
                to: *to,
                from: frame.source,
                ether_type: frame.ether_type,
                payload: &frame.payload,
            };
            let tid = FlowKey::from_ip(&frame.payload).tid();
            let sent = cost::packets(|| self.air.send(&outer, tid));
            match sent {
                Err(error) if error.is_full() => return Ok(()),
                result => {
                    self.waiting.pop_front();
                    result?;
                }
            }
        }
        Ok(())
    }

    /// The bridge has the station at the radio, and everybody behind it hears so.
    pub(super) fn update(&mut self, station: MacAddr) -> Result<(), OsError> {
        self.wire.send_whole(&layer_2_update(station), 0)
    }

    /// Packets for `ip` go to the radio.
    pub(super) fn route_here(
        &mut self,
        ip: std::net::IpAddr,
        station: MacAddr,
    ) -> Result<(), OsError> {
        let index = self.bridge;
        let proxy = Change::DeleteProxy { index, address: ip };
        self.route_to_radio(ip, station, Belief::Reachable, proxy)
    }

    /// Packets for `ip` go to the radio's bridge, and there to the radio.
    fn route_to_radio(
        &mut self,
        ip: std::net::IpAddr,
        station: MacAddr,
        belief: Belief,
        proxy: Change,
    ) -> Result<(), OsError> {
        let index = self.bridge;
        self.apply(&[
            Change::ReplaceRoute(Route {
                host: ip,
                way: Way::Link { index },
            }),
            Change::ReplaceNeighbour {
                index,
                address: ip,
                mac: station,
                belief,
            },
            proxy,
            Change::ReplaceBridgeEntry {
                port: self.radio,
                mac: station,
            },
        ])
    }

    /// Packets for `ip` go by way of another access point. Where that is no neighbour of this host,
    /// no route can lead there: they go on to the radio's bridge and are caught there.
    pub(super) fn route_via(
        &mut self,
        ip: std::net::IpAddr,
        station: MacAddr,
        router: SocketAddr,
    ) -> Result<(), OsError> {
        let index = self.bridge;
        let way = Way::Via {
            router: router.ip(),
            index: None,
        };
        let route = Change::ReplaceRoute(Route { host: ip, way });
        let routed = ip.is_ipv4() == router.is_ipv4() && self.apply(&[route]).is_ok();
        let proxy = Change::ReplaceProxy { index, address: ip };
        if routed {
            return self.apply(&[Change::DeleteNeighbour { index, address: ip }, proxy]);
        }
        // The kernel must not ask for a station that does not answer.
        self.route_to_radio(ip, station, Belief::Permanent, proxy)
    }

    pub(super) fn unroute(&mut self, ip: std::net::IpAddr) -> Result<(), OsError> {
        let index = self.bridge;
        self.apply(&[
            Change::DeleteRoute(ip),
            Change::DeleteProxy { index, address: ip },
        ])
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), OsError> {
        match &mut self.path {
            Some(path) => path.apply(changes),
            None => Ok(()),
        }
    }

    /// Lets everything go, takes table and routes away.
    pub(super) fn close(mut self) -> anyhow::Result<()> {
        self.queue.release_all()?;
        self.table.remove()?;
        if let Some(mut path) = self.path {
            path.remove_all()?;
        }
        Ok(())
    }
}

/// The frames that a packet becomes, to `sink`; false if it cannot be sent on.
fn cut_into(
    source: MacAddr,
    ether_type: u16,
    payload: &[u8],
    offload: Offload,
    sink: &mut dyn FnMut(Frame),
) -> bool {
    let cut = cut(ether_type, payload, offload, ETHERNET_MTU, &mut |piece| {
        sink(Frame {
            source,
            ether_type,
            payload: piece.to_vec(),
        });
    });
    cut.is_ok()
}
