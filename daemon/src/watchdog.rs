//! The watchdog: a child process that opens the gate when its daemon cannot.
//!
//! The driver thread writes a byte into a pipe at least every [`BEAT`]. When none comes for the
//! watchdog's patience, the daemon hangs (or was stopped): it is killed, which closes its queues,
//! and packets flow again because the rules bypass queues that nobody reads. Whenever the daemon
//! ends without a good-bye, the watchdog removes the rules that it left behind.
//!
//! A process of its own, because a thread would be stopped together with the daemon.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rether_linux::link::InterfaceName;
use rether_linux::process::Process;
use rether_linux::rules::Rules;
use rether_linux::timer::Timer;
use rether_linux::{clock, poll};
use rether_proto::time::Duration;

/// The longest pause between two beats.
pub const BEAT: Duration = Duration::from_millis(200);
/// How long a daemon may be silent unless its configuration says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(1);

const ALIVE: u8 = b'.';
const GOOD_BYE: u8 = b'!';

/// The daemon's end of the pipe, for the driver thread.
#[derive(Debug)]
pub struct Heartbeat(PipeWriter);

impl Heartbeat {
    /// Says that the thread lives. Never blocks.
    ///
    /// # Errors
    /// The watchdog is gone.
    pub fn beat(&mut self) -> std::io::Result<()> {
        match self.0.write(&[ALIVE]) {
            // A full pipe holds thousands of beats that the watchdog has yet to read.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
            result => result.map(|_| ()),
        }
    }
}

/// A running watchdog.
#[derive(Debug)]
pub struct Watchdog {
    pipe: PipeWriter,
    child: Child,
}

impl Watchdog {
    /// Starts `program` (this very executable) as the watchdog of this process, which serves
    /// `interface`. Its arguments are those that [`Duty`] reads.
    ///
    /// # Errors
    /// Out of file descriptors or processes.
    pub fn start(
        program: &Path,
        interface: &InterfaceName,
        patience: Duration,
    ) -> std::io::Result<Self> {
        let (reader, pipe) = std::io::pipe()?;
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let child = Command::new(program)
            .arg("watchdog")
            .arg(format!("--interface={interface}"))
            .arg(format!("--parent={}", std::process::id()))
            .arg(format!("--patience={}", patience.as_millis()))
            .stdin(reader)
            .stdout(Stdio::null())
            // Ctrl-C at a terminal goes to the daemon alone.
            .process_group(0)
            .spawn()?;
        Ok(Self { pipe, child })
    }

    /// The end for the driver thread.
    ///
    /// # Errors
    /// Out of file descriptors.
    pub fn heartbeat(&self) -> std::io::Result<Heartbeat> {
        Ok(Heartbeat(self.pipe.try_clone()?))
    }

    /// Tells it that the rules are gone and the daemon ends, and waits for its end. All
    /// [`Heartbeat`]s must be dropped by then.
    ///
    /// # Errors
    /// It was gone already.
    pub fn good_bye(mut self) -> std::io::Result<()> {
        self.pipe.write_all(&[GOOD_BYE])?;
        drop(self.pipe);
        self.child.wait().map(|_| ())
    }
}

/// The pipe that a watchdog process has as its standard input.
///
/// # Errors
/// Out of file descriptors.
pub fn inherited_pipe() -> std::io::Result<PipeReader> {
    Ok(std::io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// What a watchdog process is told on its command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Duty {
    /// The interface whose rules are removed.
    #[arg(long)]
    pub interface: InterfaceName,
    /// Process id of the daemon.
    #[arg(long)]
    pub parent: u32,
    /// How long it may be silent, in milliseconds.
    #[arg(long, default_value_t = 1000)]
    pub patience: u64,
}

/// How a watch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The daemon said good-bye.
    GoodBye,
    /// The daemon is gone without a word.
    Gone,
    /// The daemon was silent and had to be killed.
    Killed,
}

impl Duty {
    /// Watches until the daemon is gone; `pipe` is the other end of its [`Heartbeat`]. Then
    /// removes its rules, unless it said good-bye.
    ///
    /// # Errors
    /// The rules cannot be removed, or the kernel refused something basic.
    pub fn run(&self, pipe: PipeReader) -> anyhow::Result<Ending> {
        // Whoever ends a whole group or service must not take away what cleans up after it.
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
            signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
        }
        let ending = self.watch(pipe);
        // Rules without anybody who watches over them go too.
        let removed =
            !matches!(ending, Ok(Ending::GoodBye)) && Rules::remove_leftovers(&self.interface)?;
        // Words come last: a full pipe behind standard error must not keep the gate shut.
        if matches!(ending, Ok(Ending::Killed)) {
            tracing::error!(
                "the daemon was silent for {} ms and was killed; traffic flows without it",
                self.patience
            );
        }
        if removed {
            tracing::warn!(
                "removed the rules that the daemon left behind for {}",
                self.interface
            );
        }
        ending
    }

    /// Only watches, and tells how it ended.
    ///
    /// # Errors
    /// The kernel refused something basic.
    pub fn watch(&self, mut pipe: PipeReader) -> anyhow::Result<Ending> {
        let parent = Process::open(self.parent)?;
        if std::os::unix::process::parent_id() != self.parent {
            return Ok(Ending::Gone);
        }
        // Two silent halves: after a suspend of the machine one of them is over at once.
        let half = Duration::from_millis(self.patience) / 2;
        let mut timer = Timer::new()?;
        let (mut silent_halves, mut said_good_bye) = (0, false);
        let mut bytes = [0; 256];
        loop {
            let [beat, alarm] = poll::wait([pipe.as_fd(), timer.as_fd()])?;
            if beat.readable || beat.error {
                let count = pipe.read(&mut bytes)?;
                if count == 0 {
                    return Ok(if said_good_bye {
                        Ending::GoodBye
                    } else {
                        Ending::Gone
                    });
                }
                said_good_bye = bytes[..count].ends_with(&[GOOD_BYE]);
                silent_halves = 0;
                // The first beat starts the watch: before it the daemon is still setting up.
                timer.arm(Some(clock::now() + half))?;
            } else if alarm.readable {
                timer.acknowledge()?;
                silent_halves += 1;
                if silent_halves == 2 {
                    kill(&parent)?;
                    return Ok(Ending::Killed);
                }
                timer.arm(Some(clock::now() + half))?;
            }
        }
    }
}

/// Kills, and waits until the process and with it its sockets are gone.
fn kill(process: &Process) -> anyhow::Result<()> {
    if !process.has_ended() {
        process.kill()?;
        poll::wait([process.as_fd()])?;
    }
    Ok(())
}
