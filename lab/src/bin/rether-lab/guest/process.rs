//! Running programs in the namespace of a node.

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, setpriority_process};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often a condition is looked at again, in virtual time.
const POLL: Duration = Duration::from_millis(10);

/// Where the nodes' own `/run` folders are.
const NODES: &str = "/tmp/nodes";
/// Gives what it starts a `/run` of its own, so that every node has its control sockets where a
/// machine of its own would have them.
const OWN_RUN: &str = "mount --bind \"$0\" /run && exec \"$@\"";

/// Makes the `/run` folder of a node.
pub(crate) fn prepare_run(node: &str) -> Result<()> {
    Ok(fs::create_dir_all(run_folder(node))?)
}

/// The folder that a node has as its `/run`.
pub(crate) fn run_folder(node: &str) -> PathBuf {
    Path::new(NODES).join(node)
}

fn command<S: AsRef<str>>(namespace: Option<&str>, words: &[S]) -> Command {
    let run = namespace
        .map(|name| format!("{NODES}/{name}"))
        .unwrap_or_default();
    let mut all: Vec<&str> = match namespace {
        Some(name) => vec!["ip", "netns", "exec", name, "sh", "-c", OWN_RUN, &run],
        None => Vec::new(),
    };
    all.extend(words.iter().map(AsRef::as_ref));
    let mut command = Command::new(all.first().copied().unwrap_or_default());
    command
        .args(all.get(1..).unwrap_or_default())
        .stdin(Stdio::null());
    command
}

/// Runs `words` to the end in `namespace`; returns what it printed.
pub(crate) fn output<S: AsRef<str>>(namespace: Option<&str>, words: &[S]) -> Result<String> {
    let mut command = command(namespace, words);
    let done = command.output().with_context(|| format!("{command:?}"))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        bail!("{command:?}: {}: {}", done.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The same for a whole line of words without blanks.
pub(crate) fn run(namespace: Option<&str>, line: &str) -> Result<()> {
    output(namespace, &line.split_whitespace().collect::<Vec<_>>()).map(drop)
}

/// Starts `words` in `namespace`; standard output goes to `out` and standard error to `log`, both
/// at their ends.
pub(crate) fn start<S: AsRef<str>>(
    namespace: Option<&str>,
    words: &[S],
    out: &Path,
    log: &Path,
) -> Result<Process> {
    let open = |path: &Path| -> Result<File> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("{path:?}"))
    };
    // `ip netns exec`, and the shell after it, become the program, so that the child is the program itself.
    let mut command = command(namespace, words);
    command.stdout(open(out)?).stderr(open(log)?);
    let child = command.spawn().with_context(|| format!("{command:?}"))?;
    Ok(Process { child })
}

/// What shows of the programs that a program runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Children {
    /// Page faults of those whose end it has seen: every program has some.
    faults: u64,
    /// The numbers of those that have not ended.
    alive: BTreeSet<String>,
}

impl Children {
    /// How many programs it has run since `before`, at least: those that have ended meanwhile are taken
    /// for one.
    pub(crate) fn since(&self, before: &Self) -> usize {
        usize::from(self.faults > before.faults) + self.alive.difference(&before.alive).count()
    }
}

/// A program running in the background; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// One processor is all machines here. On one of its own no other machine's flood would keep the
    /// program waiting.
    pub(crate) fn goes_first(&self) -> Result<()> {
        const FIRST: i32 = -20;
        setpriority_process(Some(Pid::from_child(&self.child)), FIRST).context("set its priority")
    }

    /// Sends `signal`.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(Pid::from_child(&self.child), signal).context("signal")
    }

    /// Processor time its threads have used, in ns; under `-icount` that is instructions.
    pub(crate) fn processor_ns(&self) -> Result<u64> {
        let mut sum = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let first = text
                .split_whitespace()
                .next()
                .context("an empty schedstat")?;
            sum += first.parse::<u64>()?;
        }
        Ok(sum)
    }

    /// What shows of programs that it runs.
    pub(crate) fn children(&self) -> Result<Children> {
        let own = PathBuf::from(format!("/proc/{}", self.child.id()));
        let stat = fs::read_to_string(own.join("stat"))?;
        // The name may hold anything; behind it come the state and, as proc_pid_stat(5) counts, field 4.
        let (_, rest) = stat.rsplit_once(')').context("an empty stat")?;
        let field = |number: usize| -> Result<u64> {
            let word = rest.split_whitespace().nth(number - 3);
            Ok(word.context("a short stat")?.parse()?)
        };
        let mut alive = BTreeSet::new();
        for thread in fs::read_dir(own.join("task"))? {
            let list = thread?.path().join("children");
            let text = fs::read_to_string(&list).with_context(|| format!("{list:?}"))?;
            alive.extend(text.split_whitespace().map(str::to_owned));
        }
        Ok(Children {
            faults: field(11)? + field(13)?,
            alive,
        })
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end until `deadline`.
    pub(crate) fn wait_until(&mut self, deadline: Instant) -> Result<Option<ExitStatus>> {
        loop {
            let ended = self.ended()?;
            if ended.is_some() || Instant::now() >= deadline {
                return Ok(ended);
            }
            thread::sleep(POLL);
        }
    }

    /// Asks it to stop, and returns how it ended if it did within `patience`.
    pub(crate) fn stop(&mut self, patience: Duration) -> Result<Option<ExitStatus>> {
        if let Some(status) = self.ended()? {
            return Ok(Some(status));
        }
        self.signal(Signal::TERM)?;
        self.wait_until(Instant::now() + patience)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `holds`, for at most `patience` of virtual time.
pub(crate) fn wait_for(
    what: &str,
    patience: Duration,
    mut holds: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let deadline = Instant::now() + patience;
    while !holds()? {
        if Instant::now() >= deadline {
            bail!("{what}: not within {patience:?}");
        }
        thread::sleep(POLL);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> Process {
        start(None, words, Path::new("/dev/null"), Path::new("/dev/null")).unwrap()
    }

    #[test]
    fn what_a_program_runs_shows() {
        let shell = run(&["sh", "-c", "/bin/true; sleep 60 & exec sleep 60"]);
        let none = Children::default();
        let both = || Ok(shell.children()?.since(&none) == 2);
        wait_for("two programs", Duration::from_secs(60), both).unwrap();
        let now = shell.children().unwrap();
        assert_eq!(shell.children().unwrap().since(&now), 0);
        for child in &now.alive {
            let child = Pid::from_raw(child.parse().unwrap()).unwrap();
            kill_process(child, Signal::KILL).unwrap();
        }
        let one = run(&["sleep", "60"]);
        assert_eq!(one.children().unwrap().since(&none), 0);
    }
}
