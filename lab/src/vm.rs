//! One boot of the image under qemu's own processor emulation, in virtual time.
//!
//! `-icount shift=0,sleep=off` lets one guest instruction take one virtual nanosecond and skips
//! idle time, so that timers are exact and a run repeats itself whatever else the host does.

use crate::error::{AtPath, Error};
use std::{
    collections::VecDeque,
    fs::File,
    io::{BufRead, BufReader, ErrorKind, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

const QEMU: &str = "qemu-system-x86_64";

/// Start of the lines in which the guest reports its progress.
pub const TOLD: &str = "@lab ";

/// How many of the last console lines an error shows.
const LAST_LINES: usize = 15;

/// A machine to boot.
pub(crate) struct Machine<'a> {
    pub(crate) kernel: &'a Path,
    pub(crate) initramfs: &'a Path,
    /// The folder the guest sees as `/out`.
    pub(crate) out: &'a Path,
    /// Appended to the kernel's command line.
    pub(crate) mode: &'a str,
}

impl Machine<'_> {
    fn command(&self) -> Command {
        let line = format!(
            "console=ttyS0 quiet panic=-1 tsc=reliable nokaslr mitigations=off \
             random.trust_cpu=off {}",
            self.mode
        );
        let mut command = Command::new(QEMU);
        command
            .args([
                "-M",
                "q35",
                "-cpu",
                "max,-rdrand,-rdseed",
                "-smp",
                "1",
                "-m",
                "1024",
            ])
            .args(["-accel", "tcg"])
            .args([
                "-nic",
                "none",
                "-nodefaults",
                "-display",
                "none",
                "-no-reboot",
            ])
            .args(["-rtc", "base=2026-01-01T00:00:00,clock=vm"])
            .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"])
            .args(["-device", "virtio-9p-pci,fsdev=out,mount_tag=out"])
            .arg("-fsdev")
            .arg(format!(
                "local,id=out,path={},security_model=none",
                self.out.display()
            ))
            .arg("-kernel")
            .arg(self.kernel)
            .arg("-initrd")
            .arg(self.initramfs)
            .args(["-append", &line]);
        command
    }

    /// Boots, writes the console to `console.log` in the results folder, gives every line the
    /// guest tells to `tell`, and returns when the guest is done.
    ///
    /// # Errors
    /// If qemu is not there, the guest fails, or `limit` of wall time is over.
    pub(crate) fn run(&self, limit: Duration, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
        let log = self.out.join("console.log");
        let mut log_file = File::create(&log).at(&log)?;
        let mut command = self.command();
        command
            .args(["-icount", "shift=0,sleep=off", "-serial", "stdio"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut qemu = spawn(&mut command)?;
        let lines = console(&mut qemu);
        let deadline = Instant::now() + limit;
        let mut last = VecDeque::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left) {
                Ok(line) => {
                    writeln!(log_file, "{line}").at(&log)?;
                    if let Some((_, told)) = line.split_once(TOLD) {
                        tell(told);
                    }
                    last.push_back(line);
                    if last.len() > LAST_LINES {
                        last.pop_front();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    // Our own child, by its handle: no other qemu is touched.
                    qemu.kill().and_then(|()| qemu.wait()).at(Path::new(QEMU))?;
                    return Err(Error::TimedOut {
                        limit,
                        said: joined(&last),
                    });
                }
            }
        }
        let status = qemu.wait().at(Path::new(QEMU))?;
        match guest_code(status) {
            Some(0) => Ok(()),
            Some(code) => Err(Error::Died {
                status: format!("guest exit code {code}"),
                said: joined(&last),
            }),
            None => Err(Error::Died {
                status: format!("qemu {status}"),
                said: joined(&last),
            }),
        }
    }

    /// Boots with the console on this terminal, in real time: virtual time would race ahead whenever
    /// the user thinks.
    ///
    /// # Errors
    /// If qemu is not there.
    pub(crate) fn interact(&self) -> Result<(), Error> {
        let mut command = self.command();
        spawn(command.args(["-serial", "mon:stdio"]))?
            .wait()
            .at(Path::new(QEMU))
            .map(drop)
    }
}

fn spawn(command: &mut Command) -> Result<Child, Error> {
    command.spawn().map_err(|source| match source.kind() {
        ErrorKind::NotFound => Error::Program {
            program: QEMU.to_owned(),
            source,
        },
        _ => Error::File {
            path: QEMU.into(),
            source,
        },
    })
}

/// The console line by line, read by a thread so that the reader can give up waiting.
fn console(qemu: &mut Child) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    if let Some(output) = qemu.stdout.take() {
        thread::spawn(move || {
            let mut reader = BufReader::new(output);
            let mut line = Vec::new();
            while reader
                .read_until(b'\n', &mut line)
                .is_ok_and(|length| length > 0)
            {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                line.clear();
                if send.send(text).is_err() {
                    break;
                }
            }
        });
    }
    receive
}

fn joined(lines: &VecDeque<String>) -> String {
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

/// isa-debug-exit makes qemu exit with twice the value written, plus one.
fn guest_code(status: ExitStatus) -> Option<i32> {
    status
        .code()
        .filter(|code| code & 1 == 1)
        .map(|code| code >> 1)
}

#[cfg(test)]
mod tests {
    use super::guest_code;
    use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

    #[test]
    fn only_the_exit_device_reports_a_code() {
        let exit = |code: i32| ExitStatus::from_raw(code << 8);
        assert_eq!(guest_code(exit(1)), Some(0));
        assert_eq!(guest_code(exit(7)), Some(3));
        assert_eq!(
            guest_code(exit(0)),
            None,
            "a reboot or power-off is not a result"
        );
        assert_eq!(guest_code(ExitStatus::from_raw(9)), None, "killed");
    }
}
