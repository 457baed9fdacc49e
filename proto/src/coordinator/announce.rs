//! Several promised visits with one broadcast: the strategy `schedule`.

use alloc::vec::Vec;

use super::Coordinator;
use super::lease::Lease;
use super::station::Station;
use crate::ledger::{return_cost, token_cost};
use crate::mac::MacAddr;
use crate::policy::Direction;
use crate::time::Duration;
use crate::wire::{Message, Schedule, Slot, Token};

impl Coordinator {
    /// Whether one broadcast takes less air than a token for each.
    pub(super) fn is_worth_announcing(&self, addresses: &[MacAddr]) -> bool {
        let (phy, turn) = (self.config.phy, self.config.turn);
        let tokens = addresses.iter().filter_map(|address| {
            let station = self.stations.get(address)?;
            Some(token_cost(phy, turn, station.link))
        });
        let tokens = tokens.fold(Duration::ZERO, |sum, cost| sum + cost);
        let slots = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        phy.broadcast(Schedule::octets(slots)) < tokens
    }

    /// What comes down to these stations is sent; then one SCHEDULE says whose turn begins when.
    /// Nobody acknowledges it: who misses it keeps silent, and is visited soon with a token of its
    /// own.
    pub(super) fn announce(&mut self, addresses: &[MacAddr]) {
        let (phy, turn, now) = (self.config.phy, self.config.turn, self.now);
        for &address in addresses {
            self.send_promised(address, None);
        }
        let octets = Schedule::octets(u32::try_from(addresses.len()).unwrap_or(u32::MAX));
        let airtime = phy.broadcast(octets);
        self.cycle.charge(airtime);
        self.occupy_radio(airtime);
        let first = self.next_token.wrapping_add(1);
        let mut offset = Duration::ZERO;
        let mut slots = Vec::with_capacity(addresses.len());
        for &address in addresses {
            let rt = self.rt_airtime(address, Direction::Up);
            let begins = self.radio_free + offset;
            let Some(station) = self.stations.get_mut(&address) else {
                continue;
            };
            if let Some(service) = &mut station.service {
                service.begin(now);
            }
            let link = station.link;
            let back = return_cost(phy, turn, link);
            station.used.overhead += back;
            self.cycle.charge(rt + back);
            self.next_token = self.next_token.wrapping_add(1);
            let token = Token {
                token: self.next_token,
                probe: false,
                cycle_number: self.cycle.number,
                rt,
                nrt: Duration::ZERO,
                valid: rt + back + self.config.return_margin,
                rate: link.up,
            };
            slots.push(Slot {
                station: address,
                offset,
                rt,
                nrt: Duration::ZERO,
                valid: token.valid,
                rate: link.up,
            });
            self.lend(Lease::announced(address, token, begins));
            self.stats.tokens += 1;
            // One packet of it is for the case that one was late.
            offset += self.usual_airtime(address) + back;
        }
        self.send(
            MacAddr::BROADCAST,
            Message::Schedule(Schedule {
                token: first,
                cycle_number: self.cycle.number,
                slots,
            }),
        );
    }

    /// What a promised visit usually takes of its grant, which has one packet more.
    fn usual_airtime(&self, address: MacAddr) -> Duration {
        let all = self.rt_airtime(address, Direction::Up);
        let service = self
            .stations
            .get(&address)
            .and_then(|station| station.service);
        service.map_or(all, |service| {
            let whole = service.interval + service.period;
            let part = u128::from(all.as_nanos()) * u128::from(service.interval.as_nanos())
                / u128::from(whole.as_nanos().max(1));
            Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
        })
    }

    /// Those who may be visited together now, in the order of their deadlines.
    pub(super) fn due_together(&self) -> Vec<MacAddr> {
        /// Who will be due so soon may as well be visited now.
        const SOON: Duration = Duration::from_millis(2);
        let follows = |address: &MacAddr| {
            let agent = self.stations.get(address).and_then(Station::live_agent);
            agent.is_some_and(|agent| agent.schedules)
        };
        let demands = self.demands();
        let soon = demands.filter(|(address, demand)| {
            demand.asks_for_token && demand.from <= self.now + SOON && follows(address)
        });
        let mut due: Vec<_> = soon
            .map(|(address, demand)| (demand.until, address))
            .collect();
        due.sort_unstable();
        due.truncate(Schedule::MAX_SLOTS);
        due.into_iter().map(|(_, address)| address).collect()
    }
}
