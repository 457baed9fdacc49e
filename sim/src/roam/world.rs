//! The event loop.

use std::collections::BTreeMap;
use std::net::IpAddr;

use rether_handoff::anchor::PathOp;
use rether_handoff::ap::{Answer, ApInput, ApOutput, Stage};
use rether_handoff::context::{Address, Context, Learnt, Promised};
use rether_handoff::frame::Frame;
use rether_handoff::message::Admission;
use rether_handoff::station::{StationInput, StationOutput};
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::policy::{Direction, Promise, Rank};
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};

use super::Outcome;
use super::host::{Host, Said};
use super::plan::{self, Plan, Subnets};
use super::station::{Client, bssid, outcome, place};

/// One way over the wire.
const LAN: Duration = Duration::from_micros(100);
/// One way over the air.
const AIR: Duration = Duration::from_micros(500);
/// An agent repeats what is not answered.
const REPEAT: Duration = Duration::from_millis(10);
/// The kernel's layer-2 update leaves so long after a station is authorised.
const UPDATE: Duration = Duration::from_micros(500);
/// After the last move, until all is quiet.
const QUIET: Duration = Duration::from_millis(3_500);
/// Sessions between access points are set up before anybody moves.
const BEGIN: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
enum Event {
    /// The wired host sends the next packet.
    Down(usize),
    /// The station does.
    Up(usize),
    Wire {
        host: usize,
        client: usize,
        number: u32,
        hops: u8,
    },
    AirDown {
        host: usize,
        client: usize,
        number: u32,
    },
    AirUp {
        host: usize,
        client: usize,
        number: u32,
    },
    Ask {
        host: usize,
        client: usize,
        stage: Stage,
        to: usize,
    },
    Stays {
        host: usize,
        client: usize,
    },
    Answered {
        client: usize,
        stage: Stage,
        answer: Answer,
    },
    Repeat {
        client: usize,
        turn: u32,
    },
    Datagram {
        to: usize,
        from: usize,
        bytes: Vec<u8>,
    },
    /// The radio is where it went; with its turn, for a later switch makes it void.
    Radio {
        client: usize,
        host: usize,
        turn: u32,
    },
    Keys {
        client: usize,
        host: usize,
        turn: u32,
    },
    Learn {
        client: usize,
        host: usize,
    },
    Move(usize),
    Dies(usize),
    Partition,
}

pub(super) struct World<'a> {
    plan: &'a Plan,
    rng: Rng,
    now: Instant,
    agenda: BTreeMap<(Instant, u64), Event>,
    scheduled: u64,
    hosts: Vec<Host>,
    clients: Vec<Client>,
    by_mac: BTreeMap<MacAddr, usize>,
    /// Where the switch believes each station is.
    learned: Vec<usize>,
    partitioned: bool,
    ends: Instant,
    outcome: Outcome,
}

impl<'a> World<'a> {
    pub(super) fn new(plan: &'a Plan, seed: u64) -> Self {
        let now = Instant::from_nanos(1);
        let mut rng = Rng::new(seed);
        let hosts = (0..usize::from(plan.aps))
            .map(|place| Host::new(place, plan, rng.next_u64(), now))
            .collect();
        let clients: Vec<_> = (0..plan.stations)
            .map(|number| Client::new(number, plan.moves, now))
            .collect();
        let by_mac = clients.iter().enumerate();
        let by_mac = by_mac.map(|(place, client)| (client.mac, place)).collect();
        let walk = plan.every * u64::from(plan.moves) + plan.stagger * u64::from(plan.stations);
        let ends = now + BEGIN + walk + plan.every;
        let mut world = Self {
            plan,
            rng,
            now,
            agenda: BTreeMap::new(),
            scheduled: 0,
            hosts,
            learned: vec![0; clients.len()],
            clients,
            by_mac,
            partitioned: false,
            ends,
            outcome: Outcome::default(),
        };
        for client in 0..world.clients.len() {
            let later = plan.stagger * client as u64;
            world.at(
                BEGIN - ms(500),
                Event::Radio {
                    client,
                    host: 0,
                    turn: 0,
                },
            );
            world.at(BEGIN, Event::Down(client));
            world.at(BEGIN + plan.interval / 2, Event::Up(client));
            world.at(BEGIN + plan.every + later, Event::Move(client));
        }
        world
    }

    /// `event` happens so long from now.
    fn at(&mut self, after: Duration, event: Event) {
        self.scheduled += 1;
        self.agenda
            .insert((self.now + after, self.scheduled), event);
    }

    pub(super) fn run(mut self) -> Outcome {
        let until = self.ends + QUIET;
        loop {
            let event = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let timers = self.hosts.iter().enumerate();
            let timer = timers.filter_map(|(place, host)| Some((host.next_timer()?, place)));
            let timer = timer.min();
            let agents = self.clients.iter().enumerate();
            let agents = agents.filter_map(|(place, one)| Some((one.machine.next_timer()?, place)));
            let agent = agents.min();
            let next = [event, timer.map(|(at, _)| at), agent.map(|(at, _)| at)];
            let Some(next) = next.into_iter().flatten().min().filter(|at| *at <= until) else {
                break;
            };
            self.now = self.now.max(next);
            if event == Some(next) {
                if let Some((_, event)) = self.agenda.pop_first() {
                    self.happens(event);
                }
            } else if let Some((_, host)) = timer.filter(|(at, _)| *at == next) {
                self.hosts[host].timeout(self.now);
                self.drain(host);
            } else if let Some((_, client)) = agent {
                self.agent(client, StationInput::Timeout);
            }
        }
        self.finish()
    }

    fn finish(mut self) -> Outcome {
        for client in &self.clients {
            self.outcome.down.push(client.down.figures());
            self.outcome.up.push(client.up.figures());
        }
        for (place, client) in self.clients.iter().enumerate() {
            let serving: Vec<_> = self
                .hosts
                .iter()
                .enumerate()
                .filter(|(_, host)| host.serves(client.mac).is_some())
                .map(|(host, _)| host)
                .collect();
            let here = client.at.filter(|host| self.hosts[*host].alive);
            if self.plan.rether && !self.partitioned && serving != Vec::from_iter(here) {
                self.outcome.broken.push(format!(
                    "station {place} is at {here:?}, and {serving:?} serve it"
                ));
            }
            if client.shut {
                let text = format!("the gate of station {place} stayed shut");
                self.outcome.broken.push(text);
            }
        }
        for (place, host) in self.hosts.iter().enumerate().filter(|(_, host)| host.alive) {
            if !host.held.is_empty() {
                let text = format!("{} frames have no verdict at {place}", host.held.len());
                self.outcome.broken.push(text);
            }
            if host.penned() > 0 {
                self.outcome
                    .broken
                    .push(format!("a pen of {place} never ended"));
            }
        }
        self.outcome
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Down(client) => self.send_down(client),
            Event::Up(client) => self.send_up(client),
            Event::Wire {
                host,
                client,
                number,
                hops,
            } => self.wire(host, client, number, hops),
            Event::AirDown {
                host,
                client,
                number,
            } => self.air_down(host, client, number),
            Event::AirUp {
                host,
                client,
                number,
            } => {
                let now = self.now;
                self.hosts[host].heard.insert(client, now);
                if self.hosts[host].alive {
                    self.clients[client].up.receive(now, number);
                } else {
                    self.clients[client].up.ended("the access point was dead");
                }
            }
            Event::Ask {
                host,
                client,
                stage,
                to,
            } => self.asked(host, client, stage, to),
            Event::Stays { host, client } => {
                let mac = self.clients[client].mac;
                self.hosts[host].answered.remove(&client);
                self.ap(host, ApInput::Stayed(mac));
            }
            Event::Answered {
                client,
                stage,
                answer,
            } => self.answered(client, stage, &answer),
            Event::Repeat { client, turn } => {
                if self.clients[client].turn == turn {
                    self.ask(client);
                }
            }
            Event::Datagram { to, from, bytes } => {
                if self.hosts[to].alive {
                    let now = self.now;
                    self.hosts[to].datagram(now, from, &bytes);
                    self.drain(to);
                }
            }
            Event::Radio { client, host, turn } => self.radio(client, host, turn),
            Event::Keys { client, host, turn } => self.keys(client, host, turn),
            Event::Learn { client, host } => self.learned[client] = host,
            Event::Move(client) => self.moves(client),
            Event::Dies(host) => self.dies(host),
            Event::Partition => self.partitioned = true,
        }
    }

    /// The whole access point. Its stations notice when no beacon comes, and look for another.
    fn dies(&mut self, host: usize) {
        self.hosts[host].alive = false;
        for (_, (_, station)) in std::mem::take(&mut self.hosts[host].held) {
            if let Some(&client) = self.by_mac.get(&station) {
                self.clients[client].down.ended("the access point was dead");
            }
        }
        for client in 0..self.clients.len() {
            if self.clients[client].at == Some(host) {
                self.agent(client, StationInput::LinkDown);
                self.clients[client].asking = None;
                self.switch(client, host);
            }
        }
    }

    // ---- packets

    fn send_down(&mut self, client: usize) {
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

    fn wire(&mut self, host: usize, client: usize, number: u32, hops: u8) {
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
        self.to_air(host, client, number);
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

    fn to_air(&mut self, host: usize, client: usize, number: u32) {
        self.at(
            AIR,
            Event::AirDown {
                host,
                client,
                number,
            },
        );
    }

    fn air_down(&mut self, host: usize, client: usize, number: u32) {
        let now = self.now;
        let one = &mut self.clients[client];
        if one.at == Some(host) && one.authorised {
            one.receive(now, number);
            self.hosts[host].heard.insert(client, now);
        } else {
            one.down.ended("lost in the air");
        }
    }

    fn send_up(&mut self, client: usize) {
        if self.now >= self.ends {
            return;
        }
        let one = &mut self.clients[client];
        let number = one.up.send();
        if one.shut {
            one.held.push_back(number);
        } else {
            self.up_to_air(client, number);
        }
        self.at(self.plan.interval, Event::Up(client));
    }

    fn up_to_air(&mut self, client: usize, number: u32) {
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

    fn open(&mut self, client: usize) {
        self.clients[client].shut = false;
        for number in std::mem::take(&mut self.clients[client].held) {
            self.up_to_air(client, number);
        }
    }

    // ---- moves

    fn moves(&mut self, client: usize) {
        let one = &mut self.clients[client];
        if one.moves_left == 0 {
            return;
        }
        one.moves_left -= 1;
        let from = one.at.unwrap_or(0);
        let step = 1 + self.rng.below(u64::from(self.plan.aps) - 1) as usize;
        let to = (from + step) % usize::from(self.plan.aps);
        self.at(self.plan.every, Event::Move(client));
        let one = &mut self.clients[client];
        if one.at.is_none() || one.machine.is_moving() || !self.hosts[to].alive {
            return;
        }
        let faults = self.plan.faults;
        one.detour = faults
            .wrong_candidate
            .then(|| (0..usize::from(self.plan.aps)).find(|other| *other != from && *other != to))
            .flatten();
        if faults.stays {
            one.detour = Some(from);
        }
        for (dies, host) in [(faults.old_dies, from), (faults.new_dies, to)] {
            if let Some(after) = dies {
                self.at(after, Event::Dies(host));
            }
        }
        if let Some(after) = faults.partition {
            self.at(after, Event::Partition);
        }
        let has_agent = self.plan.rether && self.plan.client == plan::Client::Agent;
        if has_agent {
            self.agent(client, StationInput::Ordered(bssid(to)));
        } else {
            self.switch(client, to);
        }
    }

    /// The radio leaves, and arrives.
    fn switch(&mut self, client: usize, to: usize) {
        let one = &mut self.clients[client];
        let to = one.detour.take().unwrap_or(to);
        (one.at, one.authorised) = (None, false);
        one.turn += 1;
        let turn = one.turn;
        let host = to;
        self.at(self.plan.radio, Event::Radio { client, host, turn });
    }

    fn radio(&mut self, client: usize, host: usize, turn: u32) {
        if self.clients[client].turn != turn {
            return;
        }
        if !self.hosts[host].alive {
            // It looks for another.
            let others = 0..self.hosts.len();
            let Some(other) = others.into_iter().find(|other| self.hosts[*other].alive) else {
                return;
            };
            return self.at(
                ms(100),
                Event::Radio {
                    client,
                    host: other,
                    turn,
                },
            );
        }
        self.clients[client].at = Some(host);
        let mac = self.clients[client].mac;
        self.ap(host, ApInput::Associated(mac));
        self.at(self.plan.keys, Event::Keys { client, host, turn });
    }

    fn keys(&mut self, client: usize, host: usize, turn: u32) {
        if self.clients[client].turn != turn || !self.hosts[host].alive {
            return;
        }
        let first = turn == 0;
        self.clients[client].authorised = true;
        let mac = self.clients[client].mac;
        self.at(UPDATE, Event::Learn { client, host });
        self.ap(host, ApInput::Authorised(mac));
        if first {
            let context = self.context(client);
            let station = mac;
            self.ap(host, ApInput::Context { station, context });
        }
        if self.plan.rether && self.plan.client == plan::Client::Surprised && !first {
            let digests = self.clients[client].digests.iter().copied().collect();
            let station = mac;
            self.ap(host, ApInput::Seen { station, digests });
        }
        let bssid = bssid(host);
        self.agent(client, StationInput::LinkUp { bssid });
        self.open(client);
    }

    fn context(&self, client: usize) -> Context {
        let ip: IpAddr = [10, 1, (client >> 8) as u8, client as u8].into();
        let key = FlowKey {
            src: ip,
            dst: [10, 0, 0, 1].into(),
            protocol: 17,
            src_port: 5004,
            dst_port: 5004,
            dscp: 46,
        };
        Context {
            addresses: vec![Address {
                ip,
                learnt: Learnt::Dhcp,
                until: self.now + Duration::from_secs(3600),
            }],
            promises: vec![Promised {
                key,
                direction: Direction::Both,
                promise: Promise {
                    rate: 88_000,
                    packet: 200,
                    delay: ms(20),
                },
                rank: Rank::default(),
                idle: Duration::from_secs(5),
            }],
            agent: self.plan.client != plan::Client::Plain,
            ..Context::default()
        }
    }

    // ---- the agent and its access point

    fn agent(&mut self, client: usize, input: StationInput) {
        if !self.plan.rether || self.plan.client == plan::Client::Plain {
            return;
        }
        self.clients[client].machine.handle(self.now, input);
        while let Some(output) = self.clients[client].machine.poll() {
            match output {
                StationOutput::Prepare(to) => {
                    self.clients[client].asking = Some((Stage::Prepare, place(to)));
                    self.ask(client);
                }
                StationOutput::Leave(to) => {
                    self.clients[client].shut = true;
                    self.clients[client].asking = Some((Stage::Leave, place(to)));
                    self.ask(client);
                }
                StationOutput::Stay => {
                    self.clients[client].asking = None;
                    if let Some(host) = self.clients[client].at {
                        self.at(AIR, Event::Stays { host, client });
                        self.open(client);
                    }
                }
                StationOutput::Switch { bssid, .. } => {
                    let to = place(bssid);
                    if self.clients[client].detour == self.clients[client].at {
                        // It changes its mind at the last moment.
                        self.clients[client].detour = None;
                        self.agent(client, StationInput::SwitchFailed);
                    } else {
                        self.switch(client, to);
                    }
                }
                StationOutput::Record(moved) => self.outcome.moves.push(moved),
                StationOutput::Scan(_) | StationOutput::Notice(_) => {}
            }
        }
    }

    /// LEAVE, which may be lost, and is repeated.
    fn ask(&mut self, client: usize) {
        let one = &self.clients[client];
        let (Some((stage, to)), Some(host)) = (one.asking, one.at) else {
            return;
        };
        let turn = one.turn;
        if !self.chance(self.plan.faults.air) {
            self.at(
                AIR,
                Event::Ask {
                    host,
                    client,
                    stage,
                    to,
                },
            );
        }
        self.at(REPEAT, Event::Repeat { client, turn });
    }

    fn asked(&mut self, host: usize, client: usize, stage: Stage, to: usize) {
        let now = self.now;
        self.hosts[host].heard.insert(client, now);
        if let Some((before, answer)) = self.hosts[host].answered.get(&client)
            && *before == stage
        {
            let answer = answer.clone();
            return self.say(client, stage, answer);
        }
        let station = self.clients[client].mac;
        let to = Some(Host::id(to));
        self.ap(host, ApInput::Leaving { station, to, stage });
    }

    fn say(&mut self, client: usize, stage: Stage, answer: Answer) {
        if !self.chance(self.plan.faults.air) {
            self.at(
                AIR,
                Event::Answered {
                    client,
                    stage,
                    answer,
                },
            );
        }
    }

    fn answered(&mut self, client: usize, stage: Stage, answer: &Answer) {
        let one = &mut self.clients[client];
        if one.asking.map(|(asked, _)| asked) != Some(stage) {
            return;
        }
        one.asking = None;
        let input = match stage {
            Stage::Prepare => StationInput::Prepared(outcome(answer)),
            Stage::Leave if *answer == Answer::Ready => StationInput::Go,
            Stage::Leave => StationInput::NoGo,
        };
        self.agent(client, input);
    }

    // ---- access points

    fn ap(&mut self, host: usize, input: ApInput) {
        if !self.plan.rether || !self.hosts[host].alive {
            return;
        }
        let now = self.now;
        self.hosts[host].input(now, input);
        self.drain(host);
    }

    /// Carries out all that an access point wants done.
    fn drain(&mut self, host: usize) {
        while let Some(said) = self.hosts[host].poll() {
            match said {
                Said::Datagram { to, bytes } => self.carry(host, to, bytes),
                Said::Output(output) => self.carry_out(host, output),
            }
        }
        let penned = self.hosts[host].penned();
        self.outcome.penned = self.outcome.penned.max(penned);
    }

    fn carry(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
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

    fn carry_out(&mut self, host: usize, output: ApOutput) {
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
                        self.to_air(host, client, number);
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
                    self.to_air(host, client, number);
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

    fn path(&mut self, host: usize, op: PathOp) {
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
            PathOp::RouteVia { ip, to } => {
                routes.insert(client(ip), usize::from(to.0) - 1);
            }
            PathOp::Update { station } => {
                if let Some(client) = self.by_mac.get(&station).copied() {
                    self.at(LAN, Event::Learn { client, host });
                }
            }
        }
    }

    fn chance(&mut self, thousandths: u16) -> bool {
        thousandths > 0 && self.rng.below(1000) < u64::from(thousandths)
    }

    fn broke(&mut self, rule: &str) {
        self.outcome.broken.push(rule.to_owned());
    }
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}
