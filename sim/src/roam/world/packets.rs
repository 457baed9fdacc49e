//! Packets, from the wired host to the station and back.

use std::net::IpAddr;

use rether_handoff::ap::ApInput;

use super::{AIR, Event, LAN, World};
use crate::roam::ledger;
use crate::roam::packet;
use crate::roam::plan::Subnets;
use crate::roam::station::BULK;

impl World<'_> {
    pub(super) fn send_down(&mut self, client: usize) {
        if self.now >= self.ends {
            return;
        }
        let number = self.clients[client].down.send();
        self.send_wired(client, number);
        self.at(self.plan.interval, Event::Down(client));
    }

    pub(super) fn send_bulk(&mut self, client: usize) {
        let Some(interval) = self.plan.faults.bulk.filter(|_| self.now < self.ends) else {
            return;
        };
        let number = self.clients[client].bulk.send() | BULK;
        self.send_wired(client, number);
        self.at(interval, Event::Bulk(client));
    }

    fn send_wired(&mut self, client: usize, number: u32) {
        let host = match self.plan.subnets {
            Subnets::One => self.learned[client],
            Subnets::Many => self.hosts.len() - 1,
        };
        let to = self.clients[client].address;
        self.at(
            LAN,
            Event::Wire {
                host,
                to,
                number,
                hops: 0,
            },
        );
    }

    pub(super) fn wire(&mut self, host: usize, to: IpAddr, number: u32, hops: u8) {
        let client = crate::roam::station::whose(to);
        if !self.hosts[host].alive {
            return self.clients[client].ended(number, ledger::DEAD);
        }
        if let Some(&via) = self.hosts[host].routes.get(&to) {
            if hops > 8 {
                return self.clients[client].ended(number, ledger::ROUND);
            }
            let (host, hops) = (via, hops + 1);
            return self.at(
                LAN,
                Event::Wire {
                    host,
                    to,
                    number,
                    hops,
                },
            );
        }
        let station = self.clients[client].mac;
        if self.hosts[host].catching.contains(&station) {
            let id = self.hosts[host].hold(number, station);
            let frame = packet::frame(to, number);
            let caught = ApInput::Caught { station, id, frame };
            return self.ap(host, caught);
        }
        self.put_on_air(host, client, number);
        if self.plan.rether {
            let sent = ApInput::Sent {
                station,
                digest: number,
                frame: packet::frame(to, number),
            };
            self.ap(host, sent);
        }
    }

    pub(super) fn put_on_air(&mut self, host: usize, client: usize, number: u32) {
        self.at(
            AIR,
            Event::AirDown {
                host,
                client,
                number,
            },
        );
    }

    pub(super) fn air_down(&mut self, host: usize, client: usize, number: u32) {
        let now = self.now;
        let one = &mut self.clients[client];
        if one.at == Some(host) && one.authorised {
            one.receive(now, number);
            self.hosts[host].heard.insert(client, now);
        } else {
            one.ended(number, ledger::AIR);
        }
    }

    pub(super) fn send_up(&mut self, client: usize) {
        if self.now >= self.ends {
            return;
        }
        let one = &mut self.clients[client];
        let number = one.up.send();
        if one.shut {
            one.held.push_back(number);
        } else {
            self.send_on_air(client, number);
        }
        self.at(self.plan.interval, Event::Up(client));
    }

    pub(super) fn send_on_air(&mut self, client: usize, number: u32) {
        let one = &mut self.clients[client];
        let Some(host) = one.at.filter(|_| one.authorised) else {
            return one.up.ended(number, ledger::AIR);
        };
        self.at(
            AIR,
            Event::AirUp {
                host,
                client,
                number,
            },
        );
    }

    pub(super) fn open(&mut self, client: usize) {
        let one = &self.clients[client];
        if one.shut && one.at.is_some() && !one.authorised {
            self.broke("a gate opened before its station was authorised");
        }
        self.clients[client].shut = false;
        for number in std::mem::take(&mut self.clients[client].held) {
            self.send_on_air(client, number);
        }
    }
}
