//! What access points want done.

use rether_handoff::anchor::PathOp;
use rether_handoff::ap::{ApInput, ApOutput};
use rether_handoff::message::Admission;
use rether_handoff::roam::{Ending, RoamRecord, Side};
use rether_handoff::wire::Kind;
use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use super::{Event, LAN, World};
use crate::roam::host::{PENS, Said};
use crate::roam::packet;
use crate::roam::plan::Room;

/// How an access point says that it could not hand over a packet.
const ASTRAY: &str = "a packet came for a station that is not here";

impl World<'_> {
    pub(super) fn ap(&mut self, host: usize, input: ApInput) {
        if !self.plan.rether || !self.hosts[host].runs() {
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
                Said::Datagram { to, kind, bytes } => self.carry(host, to, kind, bytes),
                Said::Output(output) => self.carry_out(host, output),
            }
        }
        let penned = self.hosts[host].penned();
        self.outcome.penned = self.outcome.penned.max(penned);
        if penned > PENS {
            self.broke("pens hold more than they may");
        }
    }

    fn carry(&mut self, from: usize, to: usize, kind: Option<Kind>, bytes: Vec<u8>) {
        let faults = self.plan.faults;
        self.overheard(from, to, &bytes);
        let hit = faults.only.hits(kind);
        if self.partitioned || (hit && self.chance(faults.drop)) {
            if matches!(kind, Some(Kind::Push | Kind::Arrived)) {
                self.unheard(from, to);
            }
            return;
        }
        let copies = 1 + usize::from(hit && self.chance(faults.duplicate));
        for _ in 0..copies {
            let mut after = LAN;
            if hit && self.chance(faults.late) {
                let more = self.rng.below(faults.delay.as_nanos().max(1));
                after = after + faults.least + Duration::from_nanos(more);
            }
            let bytes = bytes.clone();
            let event = Event::Datagram {
                to,
                from,
                kind,
                bytes,
            };
            self.at(after, event);
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
                let number = packet::number(&frame);
                if let (Some(client), Some(number)) = (client(station), number) {
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
                let admission = self.admission(host, promises.len());
                let admitted = ApInput::Admitted {
                    station,
                    peer,
                    admission,
                };
                self.ap(host, admitted);
            }
            ApOutput::Path(op) => self.path(host, op),
            ApOutput::Record(record) => self.record(host, record),
            ApOutput::Adopt { station, .. } | ApOutput::Resume(station) => {
                if let Some(client) = client(station) {
                    self.hosts[host].answered.remove(&client);
                }
            }
            ApOutput::Note { text, .. } => {
                self.outcome.astray += u32::from(text == ASTRAY);
            }
            ApOutput::Release(_) | ApOutput::Forget(_) => {}
            ApOutput::Tell { .. } | ApOutput::Reply { .. } => {
                unreachable!("the host has handed it to its channel")
            }
        }
    }

    /// What the ledger of an access point says of a station that may come.
    fn admission(&self, host: usize, promises: usize) -> Admission {
        let faults = self.plan.faults;
        let room = match self.full {
            Some(full) if faults.only_first && full != host => Room::Enough,
            _ => faults.room,
        };
        let kept = match room {
            Room::Enough => promises,
            Room::Partial => promises.min(1),
            Room::None => 0,
        };
        let reason = if kept < promises { "full" } else { "" };
        Admission {
            kept: u8::try_from((1_u16 << kept) - 1).unwrap_or(u8::MAX),
            largest: vec![0; promises - kept],
            reason: reason.into(),
        }
    }

    /// A handoff is over at this end: it may only be in order.
    fn record(&mut self, host: usize, record: RoamRecord) {
        let told = self.flushed.get(&(host, record.station));
        let by_word = record.ending == Some(Ending::Flushed);
        let early = match record.side {
            Side::New => by_word && told.copied() < record.authorised,
            Side::Old => by_word && record.flushed.is_none(),
        };
        let by_timer = record.ending == Some(Ending::Alone) && record.peer.is_some();
        if early || (by_timer && record.culprit.is_none()) {
            self.broke("a path was switched before FLUSHED, and by no timer");
        }
        self.outcome.records.push(record);
    }

    fn path(&mut self, host: usize, op: PathOp) {
        let routes = &mut self.hosts[host].routes;
        match op {
            PathOp::RouteHere { ip, .. } | PathOp::Unroute { ip } => {
                routes.remove(&ip);
            }
            PathOp::RouteVia { ip, to, .. } => {
                routes.insert(ip, usize::from(to.0) - 1);
            }
            PathOp::Update { station } => {
                if let Some(client) = self.by_mac.get(&station).copied() {
                    self.at(LAN, Event::Learn { client, host });
                }
            }
        }
    }
}
