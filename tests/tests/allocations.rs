//! The steady path of both cores allocates nothing, not for a packet, not for a token; unless small
//! packets ride inside of frames, which takes copies of them.
#![allow(
    unsafe_code,
    reason = "a global allocator that counts can only be written so"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use rether_proto::agent::{Agent, AgentCommand, AgentConfig};
use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::coordinator::{Coordinator, CoordinatorCommand, CoordinatorConfig};
use rether_proto::machine::{Input, Machine, Packet, PacketId};
use rether_proto::policy::Direction;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::MAX_FRAME;
use rether_tests::world::{AP, Source, station, voice_policy};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: hands everything to the system's allocator as it came; counting allocates nothing, as
// the counter is a thread-local `Cell` without destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `pointer` is from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Both cores, joined by a medium without delay, without a container that would allocate.
struct Pair {
    coordinator: Coordinator,
    agent: Agent,
    now: Instant,
    tokens: u64,
    /// Packets that came inside of frames.
    carried: u64,
    /// The gates copy small packets.
    copies: bool,
}

/// Hands over one input and drains into the other core, until both are quiet.
fn exchange(pair: &mut Pair) {
    let mut buf = [0; MAX_FRAME];
    loop {
        while pair.coordinator.poll_release().is_some() {}
        while pair.agent.poll_release().is_some() {}
        let mut quiet = true;
        if let Some(sent) = pair.coordinator.poll_transmit(&mut buf) {
            quiet = false;
            if let Some(handle) = sent.handle {
                let acked = true;
                let _ = pair
                    .coordinator
                    .handle(pair.now, Input::Sent { handle, acked });
            }
            let bytes = &buf[..sent.len];
            let _ = pair
                .agent
                .handle(pair.now, Input::Frame { from: AP, bytes });
        } else if let Some(sent) = pair.agent.poll_transmit(&mut buf) {
            quiet = false;
            pair.tokens += 1;
            if let Some(handle) = sent.handle {
                let acked = true;
                let _ = pair.agent.handle(pair.now, Input::Sent { handle, acked });
            }
            let (from, bytes) = (station(1), &buf[..sent.len]);
            let _ = pair
                .coordinator
                .handle(pair.now, Input::Frame { from, bytes });
        }
        while pair.coordinator.poll_delivery().is_some() || pair.agent.poll_delivery().is_some() {
            pair.carried += 1;
        }
        while pair.coordinator.poll_event().is_some() {}
        while pair.agent.poll_event().is_some() {}
        if quiet {
            return;
        }
    }
}

fn run(pair: &mut Pair, span: Duration, next: &mut u64) {
    let end = pair.now + span;
    while pair.now < end {
        pair.now += Duration::from_micros(500);
        let sources = [
            (Source::flood(1, Direction::Up), 1),
            (Source::flood(1, Direction::Down), 1),
            (Source::voice(1, Direction::Up), 40),
            (Source::voice(1, Direction::Down), 40),
        ];
        for (source, every) in sources {
            *next += 1;
            if !(pair.now.as_nanos() / 500_000).is_multiple_of(every) {
                continue;
            }
            let up = source.way == Direction::Up;
            let packet = Packet {
                id: PacketId(*next),
                station: if up { AP } else { station(1) },
                len: source.octets,
                flow: source.flow,
            };
            let bytes = &[0; 200];
            let is_copied = pair.copies && packet.len == 200;
            let _ = match (up, is_copied) {
                (true, true) => pair
                    .agent
                    .handle(pair.now, Input::Copied { packet, bytes })
                    .is_ok(),
                (true, false) => pair.agent.handle(pair.now, Input::Packet(packet)).is_ok(),
                (false, true) => pair
                    .coordinator
                    .handle(pair.now, Input::Copied { packet, bytes })
                    .is_ok(),
                (false, false) => pair
                    .coordinator
                    .handle(pair.now, Input::Packet(packet))
                    .is_ok(),
            };
            exchange(pair);
        }
        let _ = pair.coordinator.handle(pair.now, Input::Timeout);
        exchange(pair);
        let _ = pair.agent.handle(pair.now, Input::Timeout);
        exchange(pair);
    }
}

/// Allocations, tokens and packets inside of frames in three seconds of the steady path.
fn steady_path(bundle: bool) -> (u64, u64, u64) {
    let phy = Phy {
        kind: PhyKind::Ofdm,
        wmm: false,
    };
    let now = Instant::from_nanos(1_000_000_000);
    let config = CoordinatorConfig::new(phy, Rate(540));
    let agent = AgentConfig {
        bundle,
        ..AgentConfig::default()
    };
    let mut pair = Pair {
        coordinator: Coordinator::new(config, voice_policy(), 1, now),
        agent: Agent::new(agent, station(1), 1, now),
        now,
        tokens: 0,
        carried: 0,
        copies: bundle,
    };
    let joined = CoordinatorCommand::StationJoined(station(1));
    let _ = pair.coordinator.handle(now, Input::Command(joined));
    exchange(&mut pair);
    let _ = pair
        .agent
        .handle(now, Input::Command(AgentCommand::LinkUp { bssid: AP }));
    exchange(&mut pair);
    let mut next = 0;
    // Queues grow to the size they need.
    run(&mut pair, Duration::from_secs(6), &mut next);
    let (before, tokens, carried) = (COUNT.get(), pair.tokens, pair.carried);
    run(&mut pair, Duration::from_secs(3), &mut next);
    (
        COUNT.get() - before,
        pair.tokens - tokens,
        pair.carried - carried,
    )
}

#[test]
fn packets_and_tokens_allocate_nothing() {
    let (allocations, tokens, carried) = steady_path(false);
    assert!(tokens > 300, "only {tokens} tokens: not the steady path");
    assert_eq!((allocations, carried), (0, 0), "with {tokens} tokens");
}

/// A packet that rides is copied by the gate's side, into the frame and out of it, and the frame is
/// kept until it is answered.
#[test]
fn packets_inside_of_frames_allocate_their_copies() {
    const MOST: u64 = 6;
    let (allocations, tokens, carried) = steady_path(true);
    assert!(tokens > 300, "only {tokens} tokens: not the steady path");
    assert!(carried > 200, "only {carried} packets in frames");
    let bound = carried * MOST;
    assert!(
        allocations <= bound,
        "{allocations} for {carried} packets in frames"
    );
}

#[test]
fn the_counter_counts() {
    let before = COUNT.get();
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(COUNT.get() - before, 1);
}
