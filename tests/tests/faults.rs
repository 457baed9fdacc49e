//! The lab's list of faults in virtual time. After each: traffic flows again in two cycles, or in
//! the time that a watchdog or a silence takes, and nothing is lost but what a killed process held.

use rether_proto::agent::{AgentCommand, AgentEvent};
use rether_proto::coordinator::{CoordinatorEvent, ReleaseCause};
use rether_proto::policy::Direction;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::CellMode;
use rether_tests::world::{AP, Faults, OFDM_54, Process, Source, World, cell, station};

/// The cycle of an 802.11a cell.
const CYCLE: Duration = Duration::from_millis(50);
/// Two of the cycles that agents are told, a quarter longer; and what timers and the medium add.
const TWO_CYCLES: Duration = Duration::from_millis(127);
/// `WatchdogSec` of the units: a hung daemon is killed after so long.
const WATCHDOG: Duration = Duration::from_secs(2);
/// What waited for two cycles passes an open gate no faster than the air could carry it, while more
/// comes.
const DRAINED: Duration = Duration::from_millis(120);
const PROMISED: Duration = Duration::from_millis(25);
/// Promised packets of one flow that one visit carries at most.
const ONE_VISIT: u64 = 2;
/// Visits without an answer after which an agent counts as silent.
const VISITS_TO_SILENT: u64 = 5;

/// Two agents and a call of station 1, whose packets go both ways; station 2 sends a little less
/// than the cell carries, so that no queue overflows by itself.
struct Cell {
    world: World,
    voice: [usize; 2],
    data: usize,
}

impl Cell {
    fn new(seed: u64) -> Self {
        let mut world = cell(OFDM_54, 2, seed);
        let voice = [Direction::Up, Direction::Down].map(|way| world.start(Source::voice(1, way)));
        let data = Source::udp(2, Direction::Up, 9_000, 1_500, Duration::from_millis(1));
        let data = world.start(data);
        world.run_for(Duration::from_secs(2));
        assert_eq!(world.coordinator().status().mode, CellMode::Token);
        Self { world, voice, data }
    }

    /// All sources deliver within `span` from now.
    fn assert_flows_within(&mut self, span: Duration) {
        let since = self.world.now;
        self.world.run_for(span);
        for source in [self.voice[0], self.voice[1], self.data] {
            let arrived = self.world.arrived_since(source, since);
            assert!(arrived > 0, "source {source} is stuck after {span}");
        }
    }

    /// The call is promised again, and its promise kept.
    fn assert_promise_in_force(&mut self) {
        let since = self.world.now;
        self.world.run_for(Duration::from_secs(2));
        let status = self.world.coordinator().status();
        assert!(status.flows.iter().any(|flow| flow.station == station(1)));
        assert_eq!(self.world.agent(1).status().reserved.len(), 1);
        for voice in self.voice {
            let p99 = self.world.p99_since(voice, since);
            assert!(p99 <= PROMISED, "p99 {p99}");
        }
    }

    /// What was lost was held by a process that was killed.
    fn assert_nothing_else_lost(&mut self, by_process: u64) {
        self.assert_lost(by_process, 0);
    }

    /// The same, and so many packets at most rode in frames each way that the other end did not
    /// take: it did not hear them, or they belonged to a session that was over.
    fn assert_lost(&mut self, by_process: u64, in_frames: u64) {
        self.world.end_all();
        self.world.run_for(Duration::from_secs(10));
        assert_eq!(self.world.coordinator().status().mode, CellMode::Free);
        assert_eq!(self.world.held(), 0);
        // CoDel may drop some data that stood while tokens were lost, but nothing of the call.
        assert!(self.world.dropped() <= self.world.sent(self.data) / 1_000);
        assert_eq!(self.world.lost_with_process(), by_process);
        let in_frames_of = self.voice.map(|voice| self.world.riding_of(voice));
        assert!(
            in_frames_of.iter().all(|lost| *lost <= in_frames),
            "lost inside of frames: {in_frames_of:?}"
        );
        assert_eq!(self.world.riding(), in_frames_of.iter().sum::<u64>());
        if by_process == 0 {
            let missing = self.voice.map(|voice| self.world.missing(voice));
            assert_eq!(missing, in_frames_of);
        }
        self.world.assert_all_accounted();
    }

    fn released(&self) -> Vec<ReleaseCause> {
        let events = self.world.coordinator_events.iter();
        let cause = |event: &(Instant, _)| match event.1 {
            CoordinatorEvent::Released(_, cause) => Some(cause),
            _ => None,
        };
        events.filter_map(cause).collect()
    }
}

#[test]
fn agent_killed() {
    let mut cell = Cell::new(1);
    cell.world.set_process(station(2), Process::Killed);
    let lost = cell.world.lost_with_process();
    cell.assert_flows_within(TWO_CYCLES);
    cell.assert_promise_in_force();
    cell.assert_nothing_else_lost(lost);
}

#[test]
fn agent_of_a_call_killed() {
    let mut cell = Cell::new(2);
    cell.world.set_process(station(1), Process::Killed);
    let lost = cell.world.lost_with_process();
    cell.assert_flows_within(TWO_CYCLES);
    cell.world.run_for(Duration::from_secs(4));
    // Its uplink needs no token now; what comes down is still promised.
    assert!(cell.released().contains(&ReleaseCause::AgentSilent));
    let since = cell.world.now;
    cell.world.run_for(Duration::from_secs(2));
    assert!(cell.world.p99_since(cell.voice[1], since) <= PROMISED);
    let grants = cell.world.coordinator_events.iter();
    let grants =
        grants.filter(|(at, event)| *at >= since && matches!(event, CoordinatorEvent::Granted(_)));
    assert_eq!(grants.count(), 0, "granted and released in turns");
    cell.assert_lost(lost, ONE_VISIT);
}

#[test]
fn agent_stopped_until_the_watchdog_kills_it() {
    let mut cell = Cell::new(3);
    cell.world.set_process(station(1), Process::Stopped);
    cell.world.run_for(WATCHDOG);
    let data = cell.world.arrived_since(cell.data, cell.world.now - CYCLE);
    assert!(data > 0, "station 2 suffers from station 1");
    cell.world.restart(station(1));
    let lost = cell.world.lost_with_process();
    assert!(lost > 50, "its queue was full of voice, {lost}");
    cell.assert_flows_within(TWO_CYCLES);
    cell.assert_promise_in_force();
    cell.assert_lost(lost, ONE_VISIT);
}

#[test]
fn agent_stopped_and_continued() {
    for span in [
        CYCLE,
        CYCLE * 10,
        Duration::from_secs(3),
        Duration::from_secs(8),
    ] {
        let mut cell = Cell::new(4);
        cell.world.set_process(station(1), Process::Stopped);
        cell.world.run_for(span);
        cell.world.set_process(station(1), Process::Running);
        cell.assert_flows_within(TWO_CYCLES);
        cell.world.run_for(Duration::from_secs(2));
        cell.assert_promise_in_force();
        // After the grace time its session is over, and what it answers the old tokens with is lost.
        let is_over = span > Duration::from_secs(2);
        cell.assert_lost(0, if is_over { VISITS_TO_SILENT } else { 0 } * ONE_VISIT);
    }
}

#[test]
fn coordinator_killed() {
    let mut cell = Cell::new(5);
    cell.world.set_process(AP, Process::Killed);
    let lost = cell.world.lost_with_process();
    for _ in 0..30 {
        cell.world.run_for(CYCLE / 10);
        assert!(
            cell.world.stalled() <= TWO_CYCLES,
            "gates open in two cycles"
        );
    }
    cell.world.run_for(DRAINED);
    assert_eq!(cell.world.held(), 0);
    let since = cell.world.now;
    cell.assert_flows_within(TWO_CYCLES);
    for source in [cell.voice[0], cell.data] {
        assert_eq!(cell.world.p99_since(source, since), Duration::ZERO);
    }
    cell.world.run_for(Duration::from_secs(5));
    let gone = |event: &(_, _, AgentEvent)| event.2 == AgentEvent::CoordinatorLost;
    assert_eq!(
        cell.world.agent_events.iter().filter(|e| gone(e)).count(),
        2
    );
    assert_eq!(
        (cell.world.held(), cell.world.lost_with_process()),
        (0, lost)
    );
    cell.world.assert_all_accounted();
}

#[test]
fn coordinator_stopped_until_the_watchdog_kills_it() {
    let mut cell = Cell::new(6);
    cell.world.set_process(AP, Process::Stopped);
    cell.world.run_for(TWO_CYCLES + DRAINED);
    let since = cell.world.now;
    cell.world.run_for(WATCHDOG);
    for source in [cell.voice[0], cell.data] {
        let p99 = cell.world.p99_since(source, since);
        assert_eq!(p99, Duration::ZERO, "uplink needs no watchdog");
    }
    cell.world.restart(AP);
    let lost = cell.world.lost_with_process();
    cell.assert_flows_within(TWO_CYCLES);
    cell.assert_promise_in_force();
    cell.assert_nothing_else_lost(lost);
}

#[test]
fn coordinator_stopped_and_continued() {
    for span in [CYCLE, CYCLE * 10, Duration::from_secs(6)] {
        let mut cell = Cell::new(7);
        cell.world.set_process(AP, Process::Stopped);
        cell.world.run_for(span);
        cell.world.set_process(AP, Process::Running);
        cell.assert_flows_within(TWO_CYCLES);
        cell.world.run_for(Duration::from_secs(2));
        cell.assert_promise_in_force();
        cell.assert_lost(0, ONE_VISIT);
    }
}

#[test]
fn station_leaves_without_a_word() {
    let mut cell = Cell::new(8);
    cell.world.leave(2);
    let lost = cell.world.lost_with_process();
    cell.world.run_for(TWO_CYCLES);
    cell.assert_promise_in_force();
    cell.assert_nothing_else_lost(lost);
}

#[test]
fn station_of_a_call_leaves_without_a_word() {
    let mut cell = Cell::new(9);
    cell.world.leave(1);
    assert_eq!(cell.released(), [ReleaseCause::StationLeft]);
    let lost = cell.world.lost_with_process();
    let since = cell.world.now;
    cell.world.run_for(TWO_CYCLES);
    assert!(cell.world.arrived_since(cell.data, since) > 10);
    cell.assert_nothing_else_lost(lost);
}

/// The association outlives the agent's knowledge of it: hostapd restarted.
#[test]
fn every_station_left_and_joined_behind_its_agents_back() {
    use rether_proto::coordinator::CoordinatorCommand::{StationJoined, StationLeft};
    let mut cell = Cell::new(10);
    for n in [1, 2] {
        cell.world.command_ap(StationLeft(station(n)));
        cell.world.command_ap(StationJoined(station(n)));
    }
    cell.assert_flows_within(TWO_CYCLES);
    cell.world.run_for(Duration::from_secs(1));
    cell.assert_promise_in_force();
    cell.assert_nothing_else_lost(0);
}

#[test]
fn thirty_percent_of_token_frames_lost() {
    for (loss, silent_loss) in [(300, 0), (0, 300)] {
        for seed in 0..5 {
            let mut cell = Cell::new(11 + seed);
            cell.world.faults = Faults {
                loss,
                silent_loss,
                ..Faults::default()
            };
            for _ in 0..25 {
                cell.assert_flows_within(CYCLE * 10);
            }
            cell.world.faults = Faults::default();
            cell.world.run_for(Duration::from_secs(2));
            cell.assert_promise_in_force();
            // What rides shares the fate of its frame.
            cell.assert_lost(0, u64::MAX);
        }
    }
}

#[test]
fn agent_restarts() {
    let mut cell = Cell::new(20);
    cell.world.restart(station(1));
    let lost = cell.world.lost_with_process();
    cell.assert_flows_within(TWO_CYCLES);
    cell.assert_promise_in_force();
    cell.assert_nothing_else_lost(lost);
}

#[test]
fn agent_stops_and_says_so() {
    let mut cell = Cell::new(21);
    cell.world.command(1, AgentCommand::Stop);
    assert_eq!(cell.world.agent(1).status().backlog.rt.packets, 0);
    cell.assert_flows_within(TWO_CYCLES);
    assert_eq!(cell.released(), [ReleaseCause::AgentStopped]);
    cell.world.run_for(Duration::from_secs(3));
    let held = cell.world.agent_events.iter().rev();
    let gate = held
        .clone()
        .find(|(_, address, event)| *address == station(1) && matches!(event, AgentEvent::Gate(_)));
    let open = rether_proto::agent::GateMode::Open;
    assert_eq!(gate.expect("a gate").2, AgentEvent::Gate(open));
    cell.assert_nothing_else_lost(0);
}

#[test]
fn coordinator_restarts() {
    let mut cell = Cell::new(22);
    cell.world.restart(AP);
    let lost = cell.world.lost_with_process();
    cell.assert_flows_within(TWO_CYCLES);
    cell.assert_promise_in_force();
    cell.assert_nothing_else_lost(lost);
}

#[test]
fn coordinator_stops_and_says_so() {
    use rether_proto::coordinator::CoordinatorCommand;
    let mut cell = Cell::new(23);
    cell.world.command_ap(CoordinatorCommand::Stop);
    cell.world.run_for(Duration::from_millis(1));
    assert_eq!(cell.world.held(), 0);
    cell.assert_flows_within(TWO_CYCLES);
    assert_eq!(cell.world.lost_with_process() + cell.world.dropped(), 0);
}

#[test]
fn link_down_and_up() {
    let mut cell = Cell::new(24);
    cell.world.command(1, AgentCommand::LinkDown);
    cell.world.run_for(Duration::from_millis(300));
    cell.world.command(1, AgentCommand::LinkUp { bssid: AP });
    cell.assert_flows_within(TWO_CYCLES);
    cell.assert_promise_in_force();
    cell.assert_lost(0, ONE_VISIT);
}

#[test]
fn radio_off_channel_and_back() {
    let mut cell = Cell::new(25);
    cell.world.command(2, AgentCommand::OffChannel(true));
    cell.world.run_for(Duration::from_millis(100));
    let since = cell.world.now;
    cell.world.run_for(Duration::from_millis(100));
    assert_eq!(
        cell.world.arrived_since(cell.data, since),
        0,
        "sent off channel"
    );
    cell.world.command(2, AgentCommand::OffChannel(false));
    cell.assert_flows_within(TWO_CYCLES);
    cell.assert_promise_in_force();
    cell.assert_nothing_else_lost(0);
}

#[test]
fn a_station_without_an_agent() {
    let mut cell = Cell::new(26);
    cell.world.join(3, false);
    let both = [Direction::Up, Direction::Down].map(|way| {
        let web = Source::udp(3, way, 80, 1_500, Duration::from_millis(5));
        cell.world.start(web)
    });
    let since = cell.world.now;
    cell.assert_flows_within(TWO_CYCLES);
    assert_eq!(cell.world.p99_since(both[0], since), Duration::ZERO);
    assert!(cell.world.arrived_since(both[1], since) > 0);
    cell.assert_promise_in_force();
    assert!(cell.world.p99_since(both[1], since) <= CYCLE * 2);
    cell.assert_nothing_else_lost(0);
}

#[test]
fn a_call_to_a_station_without_an_agent() {
    let mut cell = Cell::new(27);
    cell.world.join(3, false);
    let call = cell.world.start(Source::voice(3, Direction::Down));
    let flood = cell.world.start(Source::flood(2, Direction::Down));
    cell.world.run_for(Duration::from_secs(2));
    assert!(cell.world.missing(call) <= 1);
    assert!(cell.world.p99(call) <= PROMISED);
    assert!(cell.world.delays(flood).len() > 500);
}
