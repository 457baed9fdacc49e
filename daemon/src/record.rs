//! `--record FILE`: writes every input and output of a core as JSON lines.
//!
//! The driver thread only hands lines over; another thread formats and writes them. When that one
//! cannot keep up, lines are lost, and the recording says so in its place.

use std::fs::File;
use std::io::{BufRead, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rether_proto::machine::{Delivery, Input, Transmit, Verdict};
use rether_proto::record::{Line, Octets, Output, Recorded};
use rether_proto::time::Instant;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Lines that may wait for the writer.
const BACKLOG: usize = 65_536;

/// The driver's side of a recording.
#[derive(Debug)]
pub struct Recorder<C, E> {
    lines: SyncSender<Line<(), C, E>>,
    lost: u64,
}

/// The writer's side. Dropping it waits until everything is in the file, so drop the
/// [`Recorder`] first.
#[derive(Debug)]
pub struct Writer(Option<JoinHandle<std::io::Result<()>>>);

/// Starts a recording in `path`, whose first line is `start`.
///
/// # Errors
/// The file cannot be made or written.
pub fn start<S, C, E>(path: &Path, start: &S) -> std::io::Result<(Recorder<C, E>, Writer)>
where
    S: Serialize,
    C: Serialize + Send + 'static,
    E: Serialize + Send + 'static,
{
    let mut file = BufWriter::new(File::create(path)?);
    write_line(&mut file, &Line::<&S, C, E>::Start(start))?;
    file.flush()?;
    let (lines, receiver) = sync_channel(BACKLOG);
    let thread = std::thread::Builder::new()
        .name("rether-record".into())
        .spawn(move || write_all(file, &receiver))?;
    Ok((Recorder { lines, lost: 0 }, Writer(Some(thread))))
}

fn write_line(file: &mut impl Write, line: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")
}

fn write_all<C: Serialize, E: Serialize>(
    mut file: BufWriter<File>,
    lines: &Receiver<Line<(), C, E>>,
) -> std::io::Result<()> {
    while let Ok(line) = lines.recv() {
        write_line(&mut file, &line)?;
        // What is there when nothing more waits, so that a killed daemon leaves a recording.
        let mut more = lines.try_recv();
        while let Ok(line) = more {
            write_line(&mut file, &line)?;
            more = lines.try_recv();
        }
        file.flush()?;
    }
    file.flush()
}

impl Drop for Writer {
    fn drop(&mut self) {
        match self.0.take().map(JoinHandle::join) {
            Some(Ok(Err(error))) => tracing::error!("the recording is not complete: {error}"),
            Some(Err(_)) => tracing::error!("the recording is not complete: its thread panicked"),
            Some(Ok(Ok(()))) | None => {}
        }
    }
}

impl<C: Clone, E> Recorder<C, E> {
    fn give(&mut self, line: Line<(), C, E>) {
        if self.lost > 0 && self.lines.try_send(Line::Lost(self.lost)).is_ok() {
            self.lost = 0;
        }
        if self.lost > 0 || self.lines.try_send(line).is_err() {
            self.lost += 1;
        }
    }

    /// An input that is handed to the core at `now`.
    pub fn input(&mut self, now: Instant, input: &Input<'_, C>) {
        self.give(Line::Input {
            now,
            input: Recorded::from(input),
        });
    }

    /// A verdict of the core.
    pub fn release(&mut self, verdict: Verdict) {
        self.give(Line::Output(Output::Release(verdict)));
    }

    /// A frame of the core.
    pub fn transmit(&mut self, transmit: Transmit, payload: &[u8]) {
        let bytes = Octets(payload.to_vec());
        self.give(Line::Output(Output::Transmit { transmit, bytes }));
    }

    /// A packet that came inside a frame.
    pub fn delivery(&mut self, delivery: &Delivery) {
        let (from, bytes) = (delivery.from, Octets(delivery.bytes.clone()));
        self.give(Line::Output(Output::Delivery { from, bytes }));
    }

    /// An event of the core.
    pub fn event(&mut self, event: E) {
        self.give(Line::Output(Output::Event(event)));
    }
}

/// Reads a recording back, line by line.
///
/// # Errors
/// Each line may be unreadable or no line of such a recording.
pub fn read<S, C, E>(source: impl BufRead) -> impl Iterator<Item = std::io::Result<Line<S, C, E>>>
where
    S: DeserializeOwned,
    C: DeserializeOwned,
    E: DeserializeOwned,
{
    source.lines().map(|line| Ok(serde_json::from_str(&line?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rether_proto::agent::{AgentCommand, AgentConfig, AgentEvent};
    use rether_proto::mac::MacAddr;
    use rether_proto::machine::Machine;
    use rether_proto::record::{AgentStart, Start, replay};

    type AgentLine = Line<AgentStart, AgentCommand, AgentEvent>;

    #[test]
    fn a_replayed_file_gives_what_was_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.jsonl");
        let begin = AgentStart {
            config: AgentConfig::default(),
            address: MacAddr([2, 0, 0, 0, 0, 1]),
            seed: 3,
            now: Instant::from_nanos(5),
        };
        let (mut recorder, writer) =
            super::start::<_, AgentCommand, AgentEvent>(&path, &begin).unwrap();
        let mut agent = begin.build();
        let bssid = MacAddr([2, 0, 0, 0, 1, 0]);
        let mut buffer = [0; rether_proto::wire::MAX_FRAME];
        let inputs = [
            (10, Input::Command(AgentCommand::LinkUp { bssid })),
            (
                20,
                Input::Frame {
                    from: bssid,
                    bytes: &[9; 40],
                },
            ),
            (900_000_000, Input::Timeout),
        ];
        for (at, input) in inputs {
            let now = Instant::from_nanos(at);
            recorder.input(now, &input);
            let _ = agent.handle(now, input);
            while let Some(transmit) = agent.poll_transmit(&mut buffer) {
                recorder.transmit(transmit, &buffer[..transmit.len]);
            }
            while let Some(event) = agent.poll_event() {
                recorder.event(event);
            }
        }
        drop(recorder);
        drop(writer);

        let source = std::io::BufReader::new(File::open(&path).unwrap());
        let mut lines = read(source).map(|line: std::io::Result<AgentLine>| line.unwrap());
        let Some(Line::Start(start)) = lines.next() else {
            panic!("no start")
        };
        assert_eq!(start, begin);
        let (mut inputs, mut recorded, mut replayed) = (Vec::new(), Vec::new(), Vec::new());
        for line in lines {
            match line {
                Line::Input { now, input } => inputs.push((now, input)),
                Line::Output(output) => recorded.push(output),
                Line::Start(_) | Line::Lost(_) => panic!("{line:?}"),
            }
        }
        assert_eq!(inputs.len(), 3);
        assert!(recorded.len() >= 2, "{recorded:?}");
        replay(&mut start.build(), inputs, |output| replayed.push(output));
        assert_eq!(replayed, recorded);
    }

    #[test]
    fn what_the_writer_could_not_take_is_told() {
        let (lines, receiver) = sync_channel(2);
        let mut recorder: Recorder<AgentCommand, AgentEvent> = Recorder { lines, lost: 0 };
        for _ in 0..5 {
            recorder.event(AgentEvent::CoordinatorLost);
        }
        assert_eq!(receiver.try_iter().count(), 2);
        recorder.event(AgentEvent::CoordinatorLost);
        let rest: Vec<_> = receiver.try_iter().collect();
        assert!(
            matches!(rest[..], [Line::Lost(3), Line::Output(_)]),
            "{rest:?}"
        );
    }
}
