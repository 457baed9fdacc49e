//! The event loop.

mod access_points;
mod faults;
mod moves;
mod packets;

use std::collections::BTreeMap;
use std::net::IpAddr;

use rether_handoff::ap::{Answer, ApInput, Stage};
use rether_handoff::context::Context;
use rether_handoff::station::StationInput;
use rether_handoff::wire::Kind;
use rether_proto::mac::MacAddr;
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};

use super::Outcome;
use super::host::Host;
use super::ledger;
use super::plan::{Faults, Plan};
use super::station::Client;

/// One way over the wire.
const LAN: Duration = Duration::from_micros(100);
/// One way over the air.
const AIR: Duration = Duration::from_micros(500);
/// An agent repeats what is not answered.
const REPEAT: Duration = Duration::from_millis(10);
/// The kernel's layer-2 update leaves so long after a station is authorised.
const UPDATE: Duration = Duration::from_micros(500);
/// The station's kernel lets packets in and out so long after its access point does.
const DEAF: Duration = Duration::from_millis(2);
/// Time begins.
const BIG_BANG: Instant = Instant::from_nanos(1);
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
    /// The wired host sends the next packet of bulk.
    Bulk(usize),
    Wire {
        host: usize,
        to: IpAddr,
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
        kind: Option<Kind>,
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
    Listens {
        client: usize,
        host: usize,
        turn: u32,
    },
    /// The agent's first frame arrives.
    Registers {
        host: usize,
        mac: MacAddr,
    },
    /// What the agent received last, where it was not expected.
    Seen {
        client: usize,
        host: usize,
    },
    Move(usize),
    Dies(usize),
    Restarts(usize),
    Partition(bool),
    Stale(usize),
    /// Somebody looks who is there.
    Looks {
        host: usize,
        input: ApInput,
    },
    Readdress(usize),
    /// The daemon hears of a new address.
    Heard(usize),
    /// Packets go to it.
    Uses {
        client: usize,
        ip: IpAddr,
    },
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
    /// Since when two access points serve a station in the same stay, and may know it.
    rivals: BTreeMap<usize, Instant>,
    /// The candidate that has no room.
    full: Option<usize>,
    /// When each access point was last told that a pen was empty, by whose.
    flushed: BTreeMap<(usize, MacAddr), Instant>,
    begun: Instant,
    ends: Instant,
    outcome: Outcome,
}

impl<'a> World<'a> {
    /// At the beginning of time: the access points have yet to meet.
    pub(super) fn new(plan: &'a Plan, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let hosts = (0..plan.hosts())
            .map(|place| Host::new(place, plan, rng.next_u64(), BIG_BANG))
            .collect();
        Self::of(plan, rng, hosts)
    }

    /// Access points that have met already.
    pub(super) fn met(plan: &'a Plan, seed: u64, hosts: Vec<Host>) -> Self {
        Self::of(plan, Rng::new(seed), hosts)
    }

    /// The access points of `plan` when they have met, and before any station comes.
    pub(super) fn meet(plan: &Plan) -> Vec<Host> {
        let alone = Plan {
            stations: 0,
            faults: Faults::default(),
            ..*plan
        };
        let mut world = World::new(&alone, 0);
        world.pass(BIG_BANG + BEGIN - ms(500));
        world.hosts
    }

    fn of(plan: &'a Plan, rng: Rng, hosts: Vec<Host>) -> Self {
        let now = BIG_BANG;
        let clients: Vec<_> = (0..plan.stations)
            .map(|number| Client::new(number, plan, now))
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
            rivals: BTreeMap::new(),
            full: None,
            flushed: BTreeMap::new(),
            begun: now + BEGIN,
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
            world.at(BEGIN + plan.interval / 3, Event::Bulk(client));
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
        self.pass(self.ends + QUIET);
        self.finish()
    }

    fn pass(&mut self, until: Instant) {
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
    }

    fn finish(mut self) -> Outcome {
        for client in &self.clients {
            self.outcome.down.push(client.down.figures());
            self.outcome.up.push(client.up.figures());
            self.outcome.bulk.push(client.bulk.figures());
        }
        for (place, client) in self.clients.iter().enumerate() {
            let serving: Vec<_> = self
                .hosts
                .iter()
                .enumerate()
                .filter(|(_, host)| host.serves(client.mac).is_some())
                .map(|(host, _)| host)
                .collect();
            let here = client.at.filter(|host| self.hosts[*host].runs());
            let context = here.and_then(|host| self.hosts[host].knows(client.mac));
            let known = context.is_some_and(|context| self.same(context, &client.context));
            // Where every second message is lost, hosts have to learn it anew.
            let told = self.plan.rether && self.plan.faults.drop < 500;
            if told && here.is_some() && !known {
                let text = format!("station {place} is known as {context:?}");
                self.outcome.broken.push(text);
            }
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
        for (place, host) in self
            .hosts
            .iter()
            .enumerate()
            .filter(|(_, host)| host.runs())
        {
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
            Event::Bulk(client) => self.send_bulk(client),
            Event::Wire {
                host,
                to,
                number,
                hops,
            } => self.wire(host, to, number, hops),
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
                    self.clients[client].up.ended(number, ledger::DEAD);
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
            Event::Datagram {
                to,
                from,
                kind,
                bytes,
            } => {
                if self.hosts[to].runs() {
                    let now = self.now;
                    if kind == Some(Kind::Flushed) {
                        self.flushed_at(to);
                    }
                    self.hosts[to].datagram(now, from, &bytes);
                    self.drain(to);
                    self.check_serving();
                }
            }
            Event::Radio { client, host, turn } => self.radio(client, host, turn),
            Event::Keys { client, host, turn } => self.keys(client, host, turn),
            Event::Listens { client, host, turn } => self.listens(client, host, turn),
            Event::Registers { host, mac } => self.ap(host, ApInput::Receives(mac)),
            Event::Seen { client, host } => {
                let digests = self.clients[client].digests.iter().copied().collect();
                let station = self.clients[client].mac;
                self.ap(host, ApInput::Seen { station, digests });
            }
            Event::Learn { client, host } => self.learned[client] = host,
            Event::Move(client) => self.moves(client),
            Event::Dies(host) => self.dies(host),
            Event::Restarts(host) => self.restarts(host),
            Event::Partition(on) => self.partitioned = on,
            Event::Stale(client) => self.stale(client),
            Event::Looks { host, input } => self.looks(host, input),
            Event::Readdress(client) => self.readdresses(client),
            Event::Heard(client) => self.heard(client),
            Event::Uses { client, ip } => self.clients[client].address = ip,
        }
    }

    /// An access point is told that a pen is empty. Whose it is, is sealed: that of any station.
    fn flushed_at(&mut self, host: usize) {
        for client in &self.clients {
            self.flushed.insert((host, client.mac), self.now);
        }
    }

    /// Whether an access point knows what is to be known. Lifetimes are relative on the way, so that
    /// no clocks need to agree: each message adds what it took, and nothing else may.
    fn same(&self, known: &Context, is: &Context) -> bool {
        let faults = self.plan.faults;
        let way = LAN + faults.least + faults.delay;
        let ways = way * (1 + 2 * u64::from(self.plan.moves));
        let ips = |context: &Context| {
            let ips = context.addresses.iter();
            ips.map(|address| address.ip).collect::<Vec<_>>()
        };
        let lasts = known.addresses.iter().zip(&is.addresses);
        let lasts = lasts.map(|(known, is)| (known.until, is.until));
        let leases = known.lease.iter().zip(&is.lease);
        let mut lasts = lasts.chain(leases.map(|(known, is)| (known.until, is.until)));
        ips(known) == ips(is)
            && lasts.all(|(known, is)| known <= is + ways)
            && known.lease.is_some() == is.lease.is_some()
            && (&known.promises, &known.groups, known.agent) == (&is.promises, &is.groups, is.agent)
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
