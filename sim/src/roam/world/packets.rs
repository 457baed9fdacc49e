//! Packets, from the wired host to the station and back.

use rether_handoff::ap::ApInput;
use rether_handoff::frame::Frame;
use rether_proto::mac::MacAddr;

use super::{AIR, Event, LAN, World};
use crate::roam::plan::Subnets;

impl World<'_> {
    pub(super) fn send_down(&mut self, client: usize) {
        if self.now >= self.ends {
            return;
        }
        let number = self.clients[client].down.send();
        let host = match self.plan.subnets {
            Subnets::One => self.learned[client],
            // The wire has one route, to the access point whose prefix it is.
            Subnets::Many => 0,
        };
        self.at(
            LAN,
            Event::Wire {
                host,
                client,
                number,
                hops: 0,
            },
        );
        self.at(self.plan.interval, Event::Down(client));
    }

    pub(super) fn wire(&mut self, host: usize, client: usize, number: u32, hops: u8) {
        if !self.hosts[host].alive {
            return self.clients[client].down.ended("the access point was dead");
        }
        if let Some(&via) = self.hosts[host].routes.get(&client) {
            if hops > 8 {
                return self.clients[client].down.ended("went round and round");
            }
            let (host, hops) = (via, hops + 1);
            return self.at(
                LAN,
                Event::Wire {
                    host,
                    client,
                    number,
                    hops,
                },
            );
        }
        let station = self.clients[client].mac;
        let frame = Frame {
            source: MacAddr([2, 0, 0, 0, 0, 1]),
            ether_type: 0x0800,
            payload: number.to_be_bytes().to_vec(),
        };
        if self.hosts[host].catching.contains(&station) {
            let id = self.hosts[host].hold(number, station);
            let caught = ApInput::Caught { station, id, frame };
            return self.ap(host, caught);
        }
        self.put_on_air(host, client, number);
        if self.plan.rether {
            let digest = number;
            self.ap(
                host,
                ApInput::Sent {
                    station,
                    digest,
                    frame,
                },
            );
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
            one.down.ended("lost in the air");
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
            return one.up.ended("lost in the air");
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
        self.clients[client].shut = false;
        for number in std::mem::take(&mut self.clients[client].held) {
            self.send_on_air(client, number);
        }
    }
}
