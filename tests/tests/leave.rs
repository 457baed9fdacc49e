//! A station asks before it hands over, on a medium that loses frames: it goes or stays, soon, and
//! what its gate holds is neither lost nor out of order.

use rether_proto::agent::{AgentCommand, AgentEvent};
use rether_proto::coordinator::{CoordinatorCommand, CoordinatorEvent, Strategy};
use rether_proto::mac::MacAddr;
use rether_proto::policy::Direction;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::{CellMode, GoOutcome, LeaveStage};
use rether_tests::world::{AP, Faults, OFDM_54, Source, World, cell_by, station};

const CANDIDATE: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);
const MS: Duration = Duration::from_millis(1);

/// How it ended, and how long after it was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Go(Duration),
    Unanswered(Duration),
}

/// Station 1 is in a call, if the cell passes tokens, and sends and gets other packets as well.
struct Leaver {
    world: World,
    up: Vec<usize>,
    down: Vec<usize>,
}

impl Leaver {
    fn new(strategy: Strategy, mode: CellMode, seed: u64) -> Self {
        let mut world = cell_by(strategy, OFDM_54, 2, seed);
        let pause = Duration::from_millis(4);
        let mut start = |way| {
            let mut sources = vec![world.start(Source::udp(1, way, 9_000, 700, pause))];
            if mode == CellMode::Token {
                sources.push(world.start(Source::voice(1, way)));
            }
            sources
        };
        let (up, down) = (start(Direction::Up), start(Direction::Down));
        world.start(Source::udp(2, Direction::Up, 9_000, 1_500, pause));
        world.run_for(Duration::from_millis(700 + seed % 20));
        assert_eq!(world.coordinator().status().mode, mode);
        world.candidate = Some(GoOutcome::Ready);
        Self { world, up, down }
    }

    fn tell(&mut self, command: AgentCommand) {
        self.world.command(1, command);
    }

    /// Prepares, leaves, and waits for the end of that.
    fn leave(&mut self) -> End {
        let candidate = CANDIDATE;
        self.tell(AgentCommand::Prepare { candidate });
        self.world.run_for(MS * 25);
        self.tell(AgentCommand::Leave {
            candidate,
            at_once: false,
        });
        let (began, before) = (self.world.now, self.world.agent_events.len());
        loop {
            let told = self.world.agent_events[before..].iter();
            let end = told.filter(|(.., from, _)| *from == station(1));
            let end = end.clone().find_map(|(at, _, event)| match event {
                AgentEvent::Go { .. } => Some(End::Go(at.since(began))),
                AgentEvent::LeaveUnanswered { .. } => Some(End::Unanswered(at.since(began))),
                _ => None,
            });
            match end {
                Some(end) => return end,
                None => self.world.run_for(MS),
            }
            assert!(self.world.now.since(began) < MS * 120, "no end");
        }
    }

    /// Packets that its gate let go since then.
    fn went_up_since(&self, since: Instant) -> u64 {
        let went = |source: &usize| {
            self.world
                .arrived_since(*source, since + Duration::from_nanos(1))
        };
        self.up.iter().map(went).sum()
    }

    /// The radio switches, and is back after so long.
    fn switch(&mut self, gap: Duration) {
        self.tell(AgentCommand::LinkDown);
        self.world.run_for(gap);
        self.world
            .command_ap(CoordinatorCommand::StationLeft(station(1)));
        self.world
            .command_ap(CoordinatorCommand::StationJoined(station(1)));
        self.tell(AgentCommand::LinkUp { bssid: AP });
    }

    /// The traffic ends: all of it has arrived, in order.
    fn assert_all_arrived(&mut self) {
        self.world.faults = Faults::default();
        self.world.run_for(MS * 200);
        self.world.end_all();
        self.world.run_for(MS * 600);
        self.world.assert_all_accounted();
        assert_eq!(self.world.dropped(), 0);
        for source in self.up.iter().chain(&self.down) {
            assert_eq!(self.world.missing(*source), 0, "source {source}");
            assert!(self.world.in_order(*source), "source {source}");
        }
    }
}

const fn losing(loss: u64) -> Faults {
    Faults {
        loss,
        silent_loss: 0,
        duplication: 0,
        reordering: 0,
    }
}

/// The last visit is awaited for 40 ms. Then, whatever is lost of what is said, it ends in 70 ms, and
/// then packets go: through the next access
/// point after GO, and in a moment where there is none.
#[test]
fn leaving_ends_soon_whatever_is_lost() {
    let mut ends = [[0_u32; 2]; 6];
    for mode in [CellMode::Free, CellMode::Token] {
        for (tenths, ends) in (0_u64..).zip(&mut ends) {
            for seed in 0..6 {
                let mut it = Leaver::new(Strategy::Poll, mode, seed);
                it.world.faults = losing(tenths * 100);
                let began = it.world.now;
                let end = it.leave();
                let left = it.world.now;
                match end {
                    End::Go(after) => {
                        ends[0] += 1;
                        assert!(after <= MS * 100, "{after}");
                        it.world.run_for(MS * 30);
                        assert_eq!(it.went_up_since(left), 0, "the gate is shut");
                        it.switch(MS * 40);
                        // REGISTER or its answer may be lost, too; and where tokens are passed,
                        // those, for two cycles.
                        it.world.run_for(match mode {
                            CellMode::Free => MS * 41,
                            CellMode::Token => MS * 150,
                        });
                        let went = it.went_up_since(left);
                        // Of a token and its return both arrive in 9 of 25 cases, or fewer.
                        let few = if tenths < 4 { 10 } else { 0 };
                        let case = format!("{mode:?}, {tenths} of 10 lost, seed {seed}");
                        assert!(went > few, "{case}: opens soon after the link, {went}");
                    }
                    End::Unanswered(after) => {
                        ends[1] += 1;
                        assert!(after <= MS * 110, "{after}");
                        assert!(tenths > 0, "nothing was lost");
                        let limit = left + Duration::from_secs(1);
                        while it.went_up_since(left) == 0 {
                            it.world.run_for(MS);
                            assert!(it.world.now < limit, "shut since {began}");
                        }
                    }
                }
                it.assert_all_arrived();
            }
        }
    }
    println!("went and stayed, by tenths of frames lost: {ends:?}");
    let [[all, none], .., [few, many]] = ends;
    assert_eq!((all, none), (12, 0));
    assert!(
        few > 4 && many > 0,
        "at half of all frames lost: {few} went, {many} stayed"
    );
}

/// The same where packets travel inside of tokens and returns.
#[test]
fn nothing_that_travels_inside_of_frames_is_lost() {
    for seed in 0..10 {
        let mut it = Leaver::new(Strategy::Auto, CellMode::Token, seed);
        assert!(matches!(it.leave(), End::Go(_)));
        assert_eq!(it.world.riding(), 0, "it is on its way, and nobody there");
        it.world.run_for(MS * 10);
        it.switch(MS * 50);
        it.assert_all_arrived();
    }
}

/// A radio that switches and comes nowhere opens its gate a second after GO.
#[test]
fn a_gate_is_shut_for_a_second_at_most() {
    for mode in [CellMode::Free, CellMode::Token] {
        for link_down in [false, true] {
            let mut it = Leaver::new(Strategy::Poll, mode, 3);
            it.world.faults = losing(300);
            while let End::Unanswered(_) = it.leave() {
                it.world.run_for(MS * 300);
            }
            let went = it.world.now;
            if link_down {
                it.tell(AgentCommand::LinkDown);
            }
            it.world.run_for(MS * 990);
            assert_eq!(it.went_up_since(went), 0);
            it.world.run_for(MS * 20);
            assert!(it.went_up_since(went) > 0, "{mode:?} {link_down}");
            if link_down {
                it.switch(MS);
            }
            it.assert_all_arrived();
        }
    }
}

/// Who is refused goes on as if nothing had been: the call keeps its promise.
#[test]
fn a_refused_station_keeps_what_it_has() {
    let mut it = Leaver::new(Strategy::Auto, CellMode::Token, 5);
    it.world.candidate = Some(GoOutcome::Refused);
    for _ in 0..4 {
        assert!(matches!(it.leave(), End::Go(after) if after < MS * 20));
        it.world.run_for(MS * 500);
    }
    let voice = it.up[1];
    assert!(it.world.p99(voice) <= MS * 25, "{}", it.world.p99(voice));
    assert_eq!(it.world.coordinator().status().flows.len(), 1);
    it.assert_all_arrived();
}

/// Both what the station says last and its answers are lost: the host hears that it stayed by what
/// it asks for next.
#[test]
fn the_host_hears_of_who_stays() {
    for mode in [CellMode::Free, CellMode::Token] {
        let mut it = Leaver::new(Strategy::Auto, mode, 6);
        it.tell(AgentCommand::Prepare {
            candidate: CANDIDATE,
        });
        it.world.run_for(MS * 20);
        it.tell(AgentCommand::Leave {
            candidate: CANDIDATE,
            at_once: true,
        });
        it.world.run_for(MS * 2);
        it.world.faults = losing(1_000);
        it.world.run_for(Duration::from_secs(2));
        it.world.faults = Faults::default();
        // In free mode there is nothing to ask for until there is a call.
        it.world.start(Source::voice(1, Direction::Up));
        it.world.run_for(Duration::from_secs(4));
        let stages = it.world.coordinator_events.iter();
        let stages: Vec<_> = stages
            .filter_map(|(_, event)| match event {
                CoordinatorEvent::Leaving { stage, .. } => Some(*stage),
                _ => None,
            })
            .collect();
        let expected = [LeaveStage::Prepare, LeaveStage::Leave, LeaveStage::Stay];
        assert_eq!(stages, expected, "{mode:?}");
        assert_eq!(it.world.coordinator().status().mode, CellMode::Token);
    }
}
