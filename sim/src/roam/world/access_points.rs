//! What access points want done.

use std::net::IpAddr;

use rether_handoff::anchor::PathOp;
use rether_handoff::ap::{ApInput, ApOutput};
use rether_handoff::message::Admission;
use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use super::{Event, LAN, World};
use crate::roam::host::Said;

impl World<'_> {
    pub(super) fn ap(&mut self, host: usize, input: ApInput) {
        if !self.plan.rether || !self.hosts[host].alive {
            return;
        }
        let now = self.now;
        self.hosts[host].input(now, input);
        self.drain(host);
    }

    /// Carries out all that an access point wants done.
    pub(super) fn drain(&mut self, host: usize) {
        while let Some(said) = self.hosts[host].poll() {
            match said {
                Said::Datagram { to, bytes } => self.carry(host, to, bytes),
                Said::Output(output) => self.carry_out(host, output),
            }
        }
        let penned = self.hosts[host].penned();
        self.outcome.penned = self.outcome.penned.max(penned);
    }

    pub(super) fn carry(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
        let faults = self.plan.faults;
        if self.partitioned || self.chance(faults.drop) {
            return;
        }
        let copies = 1 + usize::from(self.chance(faults.duplicate));
        for _ in 0..copies {
            let late = self.rng.below(faults.delay.as_nanos().max(1));
            let after = LAN + Duration::from_nanos(late);
            let bytes = bytes.clone();
            self.at(after, Event::Datagram { to, from, bytes });
        }
    }

    pub(super) fn carry_out(&mut self, host: usize, output: ApOutput) {
        let client = |station: MacAddr| self.by_mac.get(&station).copied();
        match output {
            ApOutput::Catch { station, on } => {
                let catching = &mut self.hosts[host].catching;
                if on {
                    catching.insert(station);
                } else {
                    catching.remove(&station);
                }
            }
            ApOutput::Pass(id) => match self.hosts[host].held.remove(&id) {
                Some((number, station)) => {
                    if let Some(client) = client(station) {
                        self.put_on_air(host, client, number);
                    }
                }
                None => self.broke("a frame had two verdicts"),
            },
            ApOutput::Take(id) => {
                if self.hosts[host].held.remove(&id).is_none() {
                    self.broke("a frame had two verdicts");
                }
            }
            ApOutput::Inject { station, frame } => {
                let number = <[u8; 4]>::try_from(&frame.payload[..]).map(u32::from_be_bytes);
                if let (Some(client), Ok(number)) = (client(station), number) {
                    self.put_on_air(host, client, number);
                }
            }
            ApOutput::Drain(station) => self.ap(host, ApInput::Drained(station)),
            ApOutput::Answer {
                station,
                stage,
                answer,
            } => {
                if let Some(client) = client(station) {
                    let answered = &mut self.hosts[host].answered;
                    answered.insert(client, (stage, answer.clone()));
                    self.say(client, stage, answer);
                }
            }
            ApOutput::AskIdle(station) => {
                let heard = client(station).and_then(|one| self.hosts[host].heard.get(&one));
                let span = heard.map_or(Duration::ZERO, |at| self.now.since(*at));
                self.ap(host, ApInput::Idle { station, span });
            }
            ApOutput::Probe(station) => {
                let found = client(station).map(|one| &self.clients[one]);
                let here = found.is_some_and(|one| one.at == Some(host) && one.authorised);
                self.ap(host, ApInput::Probed { station, here });
            }
            ApOutput::Admit {
                station,
                peer,
                promises,
            } => {
                let full = self.plan.faults.full;
                let admission = Admission {
                    kept: if full {
                        0
                    } else {
                        (1_u16 << promises.len()) as u8 - 1
                    },
                    largest: vec![0; if full { promises.len() } else { 0 }],
                    reason: if full { "full".into() } else { String::new() },
                };
                let admitted = ApInput::Admitted {
                    station,
                    peer,
                    admission,
                };
                self.ap(host, admitted);
            }
            ApOutput::Path(op) => self.path(host, op),
            ApOutput::Record(record) => self.outcome.records.push(record),
            ApOutput::Adopt { station, .. } | ApOutput::Resume(station) => {
                if let Some(client) = client(station) {
                    self.hosts[host].answered.remove(&client);
                }
            }
            ApOutput::Release(_) | ApOutput::Forget(_) | ApOutput::Note { .. } => {}
            ApOutput::Tell { .. } | ApOutput::Reply { .. } => {
                unreachable!("the host has handed it to its channel")
            }
        }
    }

    pub(super) fn path(&mut self, host: usize, op: PathOp) {
        let client = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => {
                let [_, _, high, low] = ip.octets();
                usize::from(u16::from_be_bytes([high, low]))
            }
            IpAddr::V6(_) => usize::MAX,
        };
        let routes = &mut self.hosts[host].routes;
        match op {
            PathOp::RouteHere { ip, .. } | PathOp::Unroute { ip } => {
                routes.remove(&client(ip));
            }
            PathOp::RouteVia { ip, to, .. } => {
                routes.insert(client(ip), usize::from(to.0) - 1);
            }
            PathOp::Update { station } => {
                if let Some(client) = self.by_mac.get(&station).copied() {
                    self.at(LAN, Event::Learn { client, host });
                }
            }
        }
    }
}
