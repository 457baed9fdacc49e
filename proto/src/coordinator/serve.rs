//! A visit: what comes down is sent first, then the token for what goes up.

use super::Coordinator;
use super::plan::{Need, TCP_ACK};
use crate::ledger::{Entry, FlowId, visit_cost};
use crate::mac::MacAddr;
use crate::policy::Direction;
use crate::queues::{Air, Carrier};
use crate::time::Duration;

impl Coordinator {
    /// What is promised to a station, both ways. Small packets travel with the token.
    pub(super) fn visit_rt(&mut self, address: MacAddr) {
        let now = self.now;
        let rt = self.rt_airtime(address, Direction::Up);
        let is_out = self.leases.of(address).is_some();
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        // What comes down may be in a hurry when what goes up is not; but a little early is no
        // loss.
        let service = station
            .service
            .filter(|_| station.live_agent().is_some() && !is_out);
        let hands_token = service.is_some_and(|service| service.due <= now + service.interval / 8);
        // Without a token nobody says that a frame of ours has come: then the packets go as they
        // are.
        let mut carrier = Carrier::token();
        let carrying = (hands_token && station.bundles()).then_some(&mut carrier);
        self.send_promised(address, carrying);
        if hands_token {
            if let Some(station) = self.stations.get_mut(&address)
                && let Some(service) = &mut station.service
            {
                service.begin(now);
            }
            self.grant(address, rt, Duration::ZERO, carrier.into_packets());
        }
    }

    /// Sends what is promised downlink; what `carrier` takes goes with it.
    pub(super) fn send_promised(&mut self, address: MacAddr, carrier: Option<&mut Carrier>) {
        let budget = self.rt_airtime(address, Direction::Down);
        let now = self.now;
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        let air = Air {
            phy: self.config.phy,
            turn: self.config.turn,
            rate: station.link.down,
        };
        // A flow that was not served for a while catches up by a packet a visit, or it would be in
        // the way of others. One may send longer packets than it said: without room for the next,
        // it would be due for ever.
        let longest = station.queues.longest_due(now);
        let budget = budget.max(air.phy.granted(air.turn, air.rate, longest));
        let down = station
            .queues
            .release_rt(now, budget, air, carrier, &mut self.verdicts);
        station.used.down += down.airtime;
        self.cycle.charge(down.airtime);
        self.occupy_radio(down.airtime);
    }

    /// What the promises of a station need at one visit, one way: the packets of an interval,
    /// rounded up, and one that was late for the last visit.
    pub(super) fn rt_airtime(&self, address: MacAddr, way: Direction) -> Duration {
        let Some(station) = self.stations.get(&address) else {
            return Duration::ZERO;
        };
        let rate = match way {
            Direction::Down => station.link.down,
            _ => station.link.up,
        };
        let is_meant = |(_, entry): &(&FlowId, &Entry)| way != Direction::Up || !entry.up_idle;
        let entries = self.ledger.of_station(address).filter(is_meant);
        let promises = entries.filter_map(|(id, entry)| entry.towards(id, way));
        promises.fold(Duration::ZERO, |sum, promise| {
            let interval = match (&station.service, way) {
                (Some(service), Direction::Up) => service.interval,
                _ => promise.interval(),
            };
            let octets = u32::from(promise.packet.max(1));
            let bits = u128::from(promise.rate) * u128::from(interval.as_nanos());
            let packets = bits.div_ceil(u128::from(octets) * 8 * 1_000_000_000) + 1;
            let exchange = self.config.phy.granted(self.config.turn, rate, octets);
            sum + exchange * u64::try_from(packets).unwrap_or(u64::MAX)
        })
    }

    /// What a promised visit will take, both ways.
    pub(super) fn rt_visit_airtime(&self, address: MacAddr) -> Duration {
        let Some(station) = self.stations.get(&address) else {
            return Duration::ZERO;
        };
        let (phy, turn, link) = (self.config.phy, self.config.turn, station.link);
        let up = self.rt_airtime(address, Direction::Up);
        let (octets, packets) = station.queues.reserved_waiting();
        let mean = octets / u64::try_from(packets.max(1)).unwrap_or(1);
        let mean = u32::try_from(mean).unwrap_or(u32::MAX);
        let down = phy.granted(turn, link.down, mean) * u64::try_from(packets.min(4)).unwrap_or(4);
        let token = if up.is_zero() {
            Duration::ZERO
        } else {
            visit_cost(phy, turn, link)
        };
        up + down + token
    }

    /// Downlink and uplink share the grant; what the downlink leaves goes to the uplink. A grant
    /// with room for one packet only goes to one of them, in turns.
    pub(super) fn visit_nrt(&mut self, address: MacAddr, grant: Duration) {
        let (phy, turn, now) = (self.config.phy, self.config.turn, self.now);
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        station.served = Some(now);
        let is_stranger = station.is_stranger();
        let link = station.link;
        let wants_uplink = station.wants_uplink();
        let Need { down, up, token } = Need::of(phy, turn, station, now);
        let budget = match (down, up) {
            (_, None) => grant,
            (None, _) => Duration::ZERO,
            // Only acknowledgements go up, one of two segments.
            (Some(down), Some(up)) if !wants_uplink && down + up <= grant => {
                let pair = down * 2 + phy.granted(turn, link.up, TCP_ACK);
                let share =
                    u128::from((grant - token).as_nanos()) * u128::from(down.as_nanos()) * 2
                        / u128::from(pair.as_nanos().max(1));
                Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX))
                    .max(down)
                    .min(grant - up)
            }
            (Some(down), Some(up)) if down + up <= grant => {
                ((grant - token) / 2).max(down).min(grant - up)
            }
            _ => {
                station.uplink_turn = !station.uplink_turn;
                if station.uplink_turn {
                    Duration::ZERO
                } else {
                    grant
                }
            }
        };
        let air = Air {
            phy,
            turn,
            rate: link.down,
        };
        // Small packets ride in the token, if one follows for certain.
        let mut carrier = Carrier::token();
        let rides = station.bundles() && wants_uplink && up.is_some_and(|up| grant >= up + budget);
        let carrying = rides.then_some(&mut carrier);
        let down = station
            .queues
            .release_nrt(now, budget, air, carrying, &mut self.verdicts);
        station.used.down += down.airtime;
        // Where stations have to send frames of their own, what rides to one does not make its
        // share cheaper: an upload, whose Acks ride, would get more than a download, whose Acks
        // cannot. All have what is saved.
        let saved = if self.config.bundle {
            Duration::ZERO
        } else {
            carrier.saved(air)
        };
        station.deficit.spend(down.airtime + saved);
        if is_stranger {
            station.down_lately += down.airtime;
            self.open_air.interrupt(now, down.airtime);
        } else {
            self.open_air.others_served();
        }
        self.cycle.charge(down.airtime);
        self.occupy_radio(down.airtime);
        let left = grant.saturating_sub(down.airtime + saved);
        if up.is_some_and(|up| left >= up) {
            self.grant(
                address,
                Duration::ZERO,
                left - token,
                carrier.into_packets(),
            );
        }
        self.end_turn(address);
    }

    /// The next station's turn, unless this one can go on.
    fn end_turn(&mut self, address: MacAddr) {
        let (phy, turn, now) = (self.config.phy, self.config.turn, self.now);
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        let smallest = Need::of(phy, turn, station, now).smallest_grant();
        if station.deficit.available() < smallest {
            self.skip_turn(address);
        }
    }

    /// Puts the head of the ring last although it may have airtime left: it did not answer.
    pub(super) fn skip_turn(&mut self, address: MacAddr) {
        if self.cycle.ring.front() == Some(&address) {
            if let Some(station) = self.stations.get_mut(&address) {
                station.turn_begun = false;
            }
            self.cycle.rotate();
        }
    }
}
