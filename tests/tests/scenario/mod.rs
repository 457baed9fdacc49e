//! A random cell: who is there, what is sent, and what goes wrong when.

use proptest::collection::vec;
use proptest::prelude::*;

use rether_proto::agent::AgentCommand;
use rether_proto::airtime::{Phy, Rate};
use rether_proto::coordinator::{CoordinatorCommand, CoordinatorConfig, Strategy as Way};
use rether_proto::ledger::LinkRates;
use rether_proto::mac::MacAddr;
use rether_proto::policy::{Direction, PolicyTable};
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::GoOutcome;
use rether_tests::world::{
    AP, DSSS_11, Faults, OFDM_54, Process, Source, Vice, World, station, voice_policy, voice_rule,
};

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Kill(Option<u8>),
    Stop(Option<u8>),
    Continue(Option<u8>),
    Restart(Option<u8>),
    Leave(u8),
    Join(u8),
    OffChannel(u8),
    LinkFlap(u8),
    /// It asks to hand over, and is answered so; then it goes, or not.
    HandOver(u8, Option<GoOutcome>, bool),
    Rate(u8, u16),
    Corrupt(u8, Option<Vice>),
    NewPolicy,
    Replay,
    Noise(u64),
    Faults(Faults),
}

/// A cell and its fate.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    strategy: Way,
    dsss: bool,
    pub(crate) stations: u8,
    /// Bit n: station n has an agent.
    agents: u8,
    /// Bit n: station n is in a call. Few enough to be admitted.
    calls: u8,
    floods: Vec<(u8, bool)>,
    acts: Vec<(u64, Act)>,
}

const STATIONS: u8 = 5;
/// How long acts go on.
const PLAY: Duration = Duration::from_secs(4);
const ORIGIN: Instant = Instant::from_nanos(1_000_000_000);

fn vice() -> impl Strategy<Value = Option<Vice>> {
    prop_oneof![
        Just(None),
        Just(Some(Vice::UsesNothing)),
        Just(Some(Vice::Overstays)),
        Just(Some(Vice::NeverReturns)),
        Just(Some(Vice::NeverContent)),
    ]
}

fn outcome() -> impl Strategy<Value = Option<GoOutcome>> {
    prop::option::of(prop::sample::select(GoOutcome::ALL))
}

fn faults() -> impl Strategy<Value = Faults> {
    (0..300_u64, 0..300_u64, 0..300_u64, 0..300_u64).prop_map(
        |(loss, silent_loss, duplication, reordering)| Faults {
            loss,
            silent_loss,
            duplication,
            reordering,
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    let n = || 1..=STATIONS;
    let who = || prop_oneof![1 => Just(None), 4 => (1..=STATIONS).prop_map(Some)];
    prop_oneof![
        who().prop_map(Act::Kill),
        who().prop_map(Act::Stop),
        who().prop_map(Act::Continue),
        who().prop_map(Act::Restart),
        n().prop_map(Act::Leave),
        n().prop_map(Act::Join),
        n().prop_map(Act::OffChannel),
        n().prop_map(Act::LinkFlap),
        (n(), outcome(), any::<bool>())
            .prop_map(|(n, outcome, goes)| Act::HandOver(n, outcome, goes)),
        (n(), prop_oneof![Just(110), Just(540)]).prop_map(|(n, rate)| Act::Rate(n, rate)),
        (n(), vice()).prop_map(|(n, vice)| Act::Corrupt(n, vice)),
        Just(Act::NewPolicy),
        Just(Act::Replay),
        any::<u64>().prop_map(Act::Noise),
        faults().prop_map(Act::Faults),
    ]
}

/// Scenarios with faults or without.
pub(crate) fn scenario(with_faults: bool) -> impl Strategy<Value = Scenario> {
    let acts = if with_faults { 0..25 } else { 0..1 };
    let acts = vec((0..PLAY.as_millis(), act()), acts);
    let floods = vec((1..=STATIONS, any::<bool>()), 0..4);
    (
        any::<u64>(),
        prop_oneof![Just(Way::Auto), Just(Way::Poll), Just(Way::Schedule)],
        any::<bool>(),
        1..=STATIONS,
        any::<u8>(),
        any::<u8>(),
        floods,
        acts,
    )
        .prop_map(
            |(seed, strategy, dsss, stations, agents, calls, floods, mut acts)| {
                acts.sort_by_key(|(at, _)| *at);
                Scenario {
                    seed,
                    strategy,
                    dsss,
                    stations,
                    agents,
                    calls,
                    floods,
                    acts,
                }
            },
        )
}

fn address(who: Option<u8>) -> rether_proto::mac::MacAddr {
    who.map_or(AP, station)
}

impl Scenario {
    pub(crate) fn has_agent(&self, n: u8) -> bool {
        self.agents >> n & 1 == 1
    }

    /// Stations in a call; 802.11b has room for few.
    fn callers(&self) -> impl Iterator<Item = u8> {
        let callers = (1..=self.stations).filter(|n| self.calls >> n & 1 == 1);
        callers.take(if self.dsss { 2 } else { 5 })
    }

    pub(crate) fn began(&self) -> Instant {
        ORIGIN
    }

    pub(crate) fn start(&self) -> World {
        self.start_with(self.seed)
    }

    /// The sources are numbered: two for each caller, then the floods.
    pub(crate) fn start_with(&self, seed: u64) -> World {
        let (kind, rate) = if self.dsss { DSSS_11 } else { OFDM_54 };
        let config = CoordinatorConfig {
            strategy: self.strategy,
            ..CoordinatorConfig::new(Phy { kind, wmm: false }, rate)
        };
        let mut world = World::new(config, voice_policy(), seed);
        for n in 1..=self.stations {
            world.join(n, self.has_agent(n));
        }
        for n in self.callers() {
            for way in [Direction::Up, Direction::Down] {
                world.start(Source::voice(n, way));
            }
            world.run_for(Duration::from_millis(7));
        }
        for &(n, up) in self.floods.iter().filter(|(n, _)| *n <= self.stations) {
            let way = if up { Direction::Up } else { Direction::Down };
            let pause = Duration::from_micros(if self.dsss { 1_500 } else { 500 });
            world.start(Source::udp(n, way, 9_000, 1_500, pause));
        }
        world
    }

    /// Lets everything happen, and looks after every step.
    pub(crate) fn play(&self, world: &mut World, look: impl Fn(&mut World)) {
        let mut rng = Rng::new(self.seed);
        let run_until = |world: &mut World, at: Instant| {
            while world.now < at {
                world.run_for(Duration::from_millis(20).min(at.since(world.now)));
                look(world);
            }
        };
        for (at, act) in &self.acts {
            run_until(world, ORIGIN + Duration::from_millis(*at));
            self.perform(world, act, &mut rng);
        }
        run_until(world, ORIGIN + PLAY);
    }

    fn perform(&self, world: &mut World, act: &Act, rng: &mut Rng) {
        let is_agent = |who: Option<u8>| who.is_none_or(|n| self.has_agent(n));
        match *act {
            Act::Kill(who) => world.set_process(address(who), Process::Killed),
            Act::Stop(who) => world.set_process(address(who), Process::Stopped),
            Act::Continue(who) => world.set_process(address(who), Process::Running),
            Act::Restart(who) if is_agent(who) => world.restart(address(who)),
            Act::Restart(_) => {}
            Act::Leave(n) => world.leave(n),
            Act::Join(n) if n <= self.stations => world.join(n, self.has_agent(n)),
            Act::Join(_) => {}
            Act::OffChannel(n) => {
                world.command(n, AgentCommand::OffChannel(true));
                world.run_for(Duration::from_millis(150));
                world.command(n, AgentCommand::OffChannel(false));
            }
            Act::LinkFlap(n) => {
                world.command(n, AgentCommand::LinkDown);
                world.run_for(Duration::from_millis(150));
                world.command(n, AgentCommand::LinkUp { bssid: AP });
            }
            Act::HandOver(n, outcome, goes) => {
                let candidate = MacAddr([2, 0, 0, 0, 2, 0]);
                world.candidate = outcome;
                world.command(n, AgentCommand::Prepare { candidate });
                world.run_for(Duration::from_millis(20));
                world.command(
                    n,
                    AgentCommand::Leave {
                        candidate,
                        at_once: false,
                    },
                );
                world.run_for(Duration::from_millis(50));
                if goes {
                    world.command(n, AgentCommand::LinkDown);
                    world.run_for(Duration::from_millis(30));
                    world.command(n, AgentCommand::LinkUp { bssid: AP });
                }
            }
            Act::Rate(n, rate) => {
                let rates = LinkRates {
                    up: Rate(rate),
                    down: Rate(rate),
                };
                let station = station(n);
                world.command_ap(CoordinatorCommand::Link { station, rates });
                world.command(n, AgentCommand::Rate(Rate(rate)));
            }
            Act::Corrupt(n, vice) => world.corrupt(n, vice),
            Act::NewPolicy => world.command_ap(CoordinatorCommand::Policy(PolicyTable {
                version: rng.next_u32(),
                rules: vec![voice_rule()],
            })),
            Act::Replay => {
                let place = usize::try_from(rng.below(world.latest.len().max(1) as u64));
                let frame = place
                    .ok()
                    .and_then(|place| world.latest.get(place))
                    .cloned();
                if let Some(frame) = frame {
                    world.inject(frame.from, frame.to, frame.bytes);
                }
            }
            Act::Noise(seed) => {
                let mut rng = Rng::new(seed);
                let len = rng.below(80);
                let octet = |_| rng.next_u64().to_le_bytes()[0];
                let bytes: Vec<u8> = (0..len).map(octet).collect();
                world.inject(station(1), AP, bytes.clone());
                world.inject(AP, station(1), bytes);
            }
            Act::Faults(faults) => world.faults = faults,
        }
    }

    /// Every call whose station is still there is promised and kept from `since` on, counted from
    /// the beginning.
    pub(crate) fn assert_calls_kept(&self, world: &mut World, since: Duration) {
        let since = ORIGIN + since;
        let status = world.coordinator().status();
        for (place, n) in self.callers().enumerate() {
            let Some(found) = status.stations.iter().find(|s| s.address == station(n)) else {
                continue;
            };
            if !world.is_sending(2 * place) {
                continue;
            }
            let promised = status
                .flows
                .iter()
                .any(|flow| flow.station == found.address);
            assert!(promised, "the call of station {n} is not promised");
            for source in [2 * place, 2 * place + 1] {
                let p99 = world.p99_since(source, since);
                assert!(
                    p99 <= Duration::from_millis(25),
                    "source {source}: p99 {p99}"
                );
                let recent = world.arrived_since(source, world.now - Duration::from_millis(100));
                assert!(recent >= 4, "source {source}: {recent} in 100 ms");
            }
        }
    }
}
