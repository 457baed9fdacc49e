//! What goes wrong.

use std::collections::BTreeMap;

use rether_handoff::ap::ApInput;
use rether_handoff::id::Epoch;
use rether_handoff::message::{Arrived, Body, Message};
use rether_handoff::station::StationInput;
use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use super::{Event, World, ms};
use crate::roam::host::Host;
use crate::roam::ledger;
use crate::roam::plan::{Death, Hostile, Stale};
use crate::roam::station;

/// Two that serve a station in the same stay know better after so long; or after the last word of it
/// between them that the fault destroyed, for then they have to say it again.
const FIND_OUT: Duration = Duration::from_millis(100);
/// The daemon tells its machine of a new address so long after the station has used it.
const HEARD: Duration = Duration::from_millis(1);
/// The DHCP server acknowledges a renewal, and the daemon sees it, so long after.
const RENEWED: Duration = Duration::from_millis(2);
/// Packets go to it so much later.
const USED: Duration = Duration::from_millis(4);

impl World<'_> {
    /// Of a move that begins now.
    pub(super) fn goes_wrong(&mut self, client: usize, from: usize, to: usize) {
        let faults = self.plan.faults;
        self.full = Some(to);
        for (dies, host) in [(faults.old_dies, from), (faults.new_dies, to)] {
            if let Some(after) = dies {
                let after = after + self.up_to(faults.within);
                self.at(after, Event::Dies(host));
            }
        }
        if let Some(after) = faults.partition {
            let after = after + self.up_to(faults.within);
            self.at(after, Event::Partition(true));
            if let Some(heals) = faults.heals {
                self.at(after + heals, Event::Partition(false));
            }
        }
        if faults.stale.is_some() {
            let after = self.up_to(ms(60));
            self.at(after, Event::Stale(client));
        }
        if faults.readdress {
            let after = self.up_to(ms(40));
            self.at(after, Event::Readdress(client));
        }
        if let Some(after) = faults.lease {
            let ends = self.now + after;
            let context = &mut self.clients[client].context;
            context.lease = station::lease(context, ends);
            if let Some(address) = context.addresses.first_mut() {
                address.until = ends;
            }
            self.tell_context(client, from);
        }
    }

    /// The station has its lease renewed where it is now.
    pub(super) fn renews(&mut self, client: usize) {
        let context = &mut self.clients[client].context;
        if self.plan.faults.lease.is_none() || context.lease.is_none() {
            return;
        }
        let until = self.now + Duration::from_secs(3600);
        context.lease = station::lease(context, until);
        if let Some(address) = context.addresses.first_mut() {
            address.until = until;
        }
        self.at(RENEWED, Event::Heard(client));
    }

    fn up_to(&mut self, span: Duration) -> Duration {
        Duration::from_nanos(self.rng.below(span.as_nanos().max(1)))
    }

    /// An access point dies, or its daemon. Stations notice when no beacon comes, and look for
    /// another.
    pub(super) fn dies(&mut self, host: usize) {
        if !self.hosts[host].runs() {
            return;
        }
        for (_, (number, station)) in std::mem::take(&mut self.hosts[host].held) {
            if let Some(&client) = self.by_mac.get(&station) {
                self.clients[client].ended(number, ledger::DEAD);
            }
        }
        for client in 0..self.clients.len() {
            for number in self.hosts[host].waiting(self.clients[client].mac) {
                self.clients[client].ended(number, ledger::DEAD);
            }
        }
        self.hosts[host].daemon = false;
        self.hosts[host].catching.clear();
        self.hosts[host].answered.clear();
        match self.plan.faults.death {
            Death::Box => self.hosts[host].alive = false,
            Death::Daemon => return,
            Death::Restart(after) => return self.at(after, Event::Restarts(host)),
        }
        for client in 0..self.clients.len() {
            if self.clients[client].at == Some(host) {
                self.agent(client, StationInput::LinkDown);
                self.clients[client].asking = None;
                self.switch(client, host);
            }
        }
    }

    /// The daemon begins anew: it knows nobody, and looks who is there.
    pub(super) fn restarts(&mut self, host: usize) {
        let seed = self.rng.next_u64();
        let routes = std::mem::take(&mut self.hosts[host].routes);
        self.hosts[host] = Host::new(host, self.plan, seed, self.now);
        self.hosts[host].routes = routes;
        for client in 0..self.clients.len() {
            let one = &self.clients[client];
            if one.at == Some(host) && one.authorised {
                self.looks(host, ApInput::Authorised(one.mac));
            }
        }
    }

    /// The radio tells of a station; or nobody hears of it, until somebody looks.
    pub(super) fn radio_tells(&mut self, host: usize, input: ApInput) {
        let faults = self.plan.faults;
        // All begin where they are.
        if self.now < self.begun || !self.chance(faults.unheard) {
            return self.ap(host, input);
        }
        let after = self.up_to(faults.look);
        self.at(after, Event::Looks { host, input });
    }

    /// What the driver's table of stations says is repeated, if it still says so.
    pub(super) fn looks(&mut self, host: usize, input: ApInput) {
        let (ApInput::Associated(mac) | ApInput::Authorised(mac)) = input else {
            return;
        };
        let client = self.by_mac.get(&mac).copied();
        let client = client.filter(|client| self.clients[*client].at == Some(host));
        let Some(client) = client else { return };
        let keyed = self.clients[client].keyed;
        if matches!(input, ApInput::Associated(_)) || keyed {
            self.ap(host, input);
        }
        if keyed {
            self.tell_context(client, host);
        }
    }

    /// What the daemon has learnt of a station.
    pub(super) fn tell_context(&mut self, client: usize, host: usize) {
        let station = self.clients[client].mac;
        let context = self.clients[client].context.clone();
        self.ap(host, ApInput::Context { station, context });
    }

    /// The station uses another address, wherever it is.
    pub(super) fn readdresses(&mut self, client: usize) {
        let one = &mut self.clients[client];
        if one.at.is_none() || !one.authorised {
            // It can only do so where it has a link.
            return self.at(ms(1), Event::Readdress(client));
        }
        one.kind += 1;
        let number = u16::try_from(client).unwrap_or(u16::MAX);
        let ip = station::address(number, 100 + one.kind, self.plan.faults.ipv6);
        if let Some(first) = one.context.addresses.first().copied() {
            // The one that was used before is kept, those before it are not.
            one.context.addresses.truncate(1);
            let fresh = rether_handoff::context::Address { ip, ..first };
            one.context.addresses.insert(0, fresh);
        }
        self.at(HEARD, Event::Heard(client));
    }

    /// What somebody without the key makes of a datagram.
    pub(super) fn overheard(&mut self, from: usize, to: usize, bytes: &[u8]) {
        let Some(hostile) = self.plan.faults.hostile else {
            return;
        };
        let mut bytes = bytes.to_vec();
        let mut after = ms(1);
        match hostile {
            Hostile::Forges => {
                let place = self.rng.below(bytes.len() as u64) as usize;
                bytes[place] ^= 1 << self.rng.below(8);
                if self.chance(200) {
                    bytes.truncate(place);
                }
                after = self.up_to(ms(1));
            }
            Hostile::Replays => after = self.up_to(ms(200)),
            Hostile::WrongKey => {
                let seed = self.rng.next_u64();
                let mut stranger = Host::stranger(from, self.plan, seed, self.now);
                stranger.timeout(self.now);
                let Some(theirs) = stranger.datagram_to(to) else {
                    return;
                };
                // Its own, and one of a session that is not its own.
                bytes = if self.chance(500) { theirs } else { bytes };
                let end = bytes.len().saturating_sub(16);
                for octet in &mut bytes[end..] {
                    *octet = self.rng.below(256) as u8;
                }
            }
        }
        let kind = None;
        self.at(
            after,
            Event::Datagram {
                to,
                from,
                kind,
                bytes,
            },
        );
    }

    /// A peer that has it wrong, but is one of the site.
    pub(super) fn stale(&mut self, client: usize) {
        let station = self.clients[client].mac;
        let serving = (0..self.hosts.len()).find_map(|host| {
            let epoch = self.hosts[host].serves(station)?;
            Some((host, epoch))
        });
        let (Some((host, epoch)), Some(stale)) = (serving, self.plan.faults.stale) else {
            return;
        };
        // The highest name wins a race of equals, so it is the one to err.
        let wrong = (0..self.hosts.len()).rev().find(|other| *other != host);
        let Some(wrong) = wrong else { return };
        let message = |epoch, body| Message {
            station,
            from: Host::id(wrong),
            epoch,
            id: u32::MAX,
            body,
        };
        let message = match stale {
            Stale::Rollback => {
                let arrived = Arrived {
                    pen: None,
                    seen: None,
                };
                message(Epoch(epoch.0.saturating_sub(1)), Body::Arrived(arrived))
            }
            Stale::Equal => {
                let context = self.clients[client].context.clone();
                message(epoch, Body::Push(context))
            }
        };
        self.ap(host, ApInput::Message(message));
    }

    /// What the daemon hears of a new address, where the station is.
    pub(super) fn heard(&mut self, client: usize) {
        let one = &self.clients[client];
        match one.at.filter(|_| one.authorised) {
            Some(host) => self.tell_context(client, host),
            None => return self.at(ms(1), Event::Heard(client)),
        }
        // Whoever was spoken to answers.
        if let Some(ip) = self.clients[client].context.addresses.first() {
            let ip = ip.ip;
            self.at(USED, Event::Uses { client, ip });
        }
    }

    /// A datagram is lost that says which station is where.
    pub(super) fn unheard(&mut self, from: usize, to: usize) {
        for (client, since) in &mut self.rivals {
            let mac = self.clients[*client].mac;
            if [from, to].map(|host| self.hosts[host].serves(mac).is_some()) == [true; 2] {
                *since = self.now;
            }
        }
    }

    /// At most one access point serves a station in one stay. Two that could not reach each other
    /// need a moment to find out.
    pub(super) fn check_serving(&mut self) {
        for client in 0..self.clients.len() {
            let mac: MacAddr = self.clients[client].mac;
            let stays = self.hosts.iter().enumerate();
            let stays = stays.filter_map(|(place, host)| Some((host.serves(mac)?, place)));
            let stays: BTreeMap<Epoch, usize> = stays.collect();
            let rivals = self.hosts.iter().enumerate().any(|(place, host)| {
                host.serves(mac).is_some_and(|epoch| {
                    let other = stays.get(&epoch).filter(|other| **other != place);
                    other.is_some_and(|other| host.reaches(*other) && !self.partitioned)
                })
            });
            if !rivals {
                self.rivals.remove(&client);
                continue;
            }
            let since = *self.rivals.entry(client).or_insert(self.now);
            if self.now.since(since) > FIND_OUT {
                self.broke("two access points serve a station in the same stay");
            }
        }
    }
}
