//! Recorded conversations in `tests/conformance`, one folder a case and one file a core, replayed
//! into fresh cores. Every output must be as it was recorded, to the octet. `UPDATE=1` records
//! them anew; look at the difference before you keep it.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::coordinator::CoordinatorConfig;
use rether_proto::machine::Machine;
use rether_proto::policy::Direction;
use rether_proto::record::{AgentStart, CoordinatorStart, Line, Output, Start, replay};
use rether_proto::time::Duration;
use rether_tests::world::{AP, Process, Source, Vice, World, station, voice_policy};
use serde::de::DeserializeOwned;

type Case = (&'static str, fn(&mut World));

/// The conversations; each begins with an empty cell.
const CASES: &[Case] = &[
    ("join-and-register", join_and_register),
    ("call-under-load", call_under_load),
    ("lost-return", lost_return),
    ("fail-open", fail_open),
];

/// An agent appears, registers and gets the policy; the cell stays in free mode.
fn join_and_register(world: &mut World) {
    world.join(1, true);
    world.run_for(Duration::from_millis(1_100));
}

/// A call starts beside best-effort packets both ways and ends.
fn call_under_load(world: &mut World) {
    world.join(1, true);
    world.join(2, true);
    world.run_for(Duration::from_millis(50));
    for way in [Direction::Up, Direction::Down] {
        let pause = Duration::from_millis(4);
        world.start(Source::udp(2, way, 9_000, 1_500, pause));
        world.start(Source::voice(1, way));
    }
    world.run_for(Duration::from_millis(150));
    world.end_all();
    world.run_for(Duration::from_secs(7));
}

/// Station 1 keeps its tokens for a while: probe, regeneration, silence, return.
fn lost_return(world: &mut World) {
    world.join(1, true);
    world.run_for(Duration::from_millis(50));
    world.start(Source::voice(1, Direction::Up));
    world.run_for(Duration::from_millis(100));
    world.corrupt(1, Some(Vice::NeverReturns));
    world.run_for(Duration::from_millis(200));
    world.corrupt(1, None);
    world.run_for(Duration::from_millis(100));
}

/// The coordinator hangs: gates open after two cycles, and close when it goes on.
fn fail_open(world: &mut World) {
    world.join(1, true);
    world.run_for(Duration::from_millis(50));
    world.start(Source::voice(1, Direction::Up));
    world.run_for(Duration::from_millis(50));
    world.set_process(AP, Process::Stopped);
    world.run_for(Duration::from_millis(100));
    world.set_process(AP, Process::Running);
    world.run_for(Duration::from_millis(100));
    assert!(world.process(station(1)).is_some());
}

fn folder(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("conformance")
        .join(case)
}

fn record((name, play): &Case) {
    let phy = Phy {
        kind: PhyKind::Ofdm,
        wmm: false,
    };
    let config = CoordinatorConfig::new(phy, Rate(540));
    let mut world = World::recorded(config, voice_policy(), 1);
    play(&mut world);
    fs::create_dir_all(folder(name)).expect("a folder");
    for (core, lines) in world.recordings() {
        let path = folder(name).join(core).with_extension("jsonl");
        fs::write(path, lines.join("\n") + "\n").expect("a file");
    }
}

/// Replays one file: the inputs one by one, so that a difference is found where it begins.
fn check<S>(path: &Path)
where
    S: Start + DeserializeOwned,
    <S::Machine as Machine>::Command: Clone + DeserializeOwned,
    <S::Machine as Machine>::Event: PartialEq + Debug + DeserializeOwned,
{
    type Row<S> = Line<
        S,
        <<S as Start>::Machine as Machine>::Command,
        <<S as Start>::Machine as Machine>::Event,
    >;
    let text = fs::read_to_string(path).expect("a recording");
    let (mut core, mut seen, mut number) = (None, Vec::new().into_iter(), 0);
    for line in text.lines() {
        number += 1;
        let place = format!("{}:{number}", path.display());
        match serde_json::from_str::<Row<S>>(line).unwrap_or_else(|e| panic!("{place}: {e}")) {
            Line::Start(start) => core = Some(start.build()),
            Line::Input { now, input } => {
                assert_eq!(
                    seen.next(),
                    None,
                    "{place}: an output that was not recorded"
                );
                let core = core.as_mut().expect("the start comes first");
                let mut outputs: Vec<Output<_>> = Vec::new();
                replay(core, [(now, input)], |output| outputs.push(output));
                seen = outputs.into_iter();
            }
            Line::Output(expected) => assert_eq!(seen.next(), Some(expected), "{place}"),
            Line::Lost(_) => panic!("{place}: an incomplete recording"),
        }
    }
    assert!(number > 5, "{}: only {number} lines", path.display());
    assert_eq!(
        seen.next(),
        None,
        "{}: outputs after its end",
        path.display()
    );
}

#[test]
fn recorded_conversations_are_repeated_to_the_octet() {
    if std::env::var_os("UPDATE").is_some() {
        CASES.iter().for_each(record);
    }
    for (case, _) in CASES {
        let mut files = 0;
        for entry in fs::read_dir(folder(case)).expect("a recorded case") {
            let path = entry.expect("an entry").path();
            files += 1;
            if path.ends_with("coordinator.jsonl") {
                check::<CoordinatorStart>(&path);
            } else {
                check::<AgentStart>(&path);
            }
        }
        assert!(files >= 2, "{case} has {files} files");
    }
}
