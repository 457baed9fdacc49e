//! `cargo bars`: runs the acceptance rows and prints row, required, seen, pass or fail.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use rether_tests::bars::{Context, Outcome, Row, rows, table};

/// Runs the acceptance rows of Rether in the lab and prints what was required and what was seen.
///
/// A row that falls short, or cannot be measured on this machine, makes the exit code 1.
#[derive(Debug, Parser)]
#[command(name = "cargo bars", after_help = EXAMPLES)]
struct Arguments {
    /// A group (first-light) or a single row (voice-11a); everything when left out.
    name: Option<String>,
    /// The shortened form: without the fresh clones, with fewer mutations.
    #[arg(long)]
    quick: bool,
    /// How many rows run at the same time [default: the number of processors].
    #[arg(long, default_value_t = processors(), hide_default_value = true)]
    jobs: NonZero<usize>,
    /// Only lists the rows.
    #[arg(long)]
    list: bool,
    /// Where results, logs and captures go.
    #[arg(long, default_value = "target/bars")]
    out: PathBuf,
    /// Where the outcome goes as JSON [default: OUT/bars.json].
    #[arg(long)]
    json: Option<PathBuf>,
}

fn processors() -> NonZero<usize> {
    std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

const EXAMPLES: &str = "Examples:
  cargo bars --quick              what continuous integration runs
  cargo bars first-light          a group, whole
  cargo bars fault-agent-killed   one row; its logs are in target/bars/fault-agent-killed";

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn run(arguments: &Arguments) -> Result<bool> {
    let selected = select(arguments)?;
    if arguments.list {
        for row in &selected {
            println!("{}/{}: {}", row.group, row.name, row.required);
        }
        return Ok(true);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("no workspace")?
        .to_owned();
    build(&root)?;
    let bin_dir = std::env::current_exe()?
        .parent()
        .context("no folder")?
        .to_owned();
    std::fs::create_dir_all(&arguments.out)?;
    let out = arguments.out.canonicalize()?;
    let context = Context {
        root,
        out,
        bin_dir,
        quick: arguments.quick,
    };
    // Once, before rows that run side by side would each build it.
    rether_lab::Image::obtain(false, &mut |line| eprintln!("{line}"))?;
    let outcomes = measure(&selected, &context, arguments.jobs);
    let json = arguments
        .json
        .clone()
        .unwrap_or_else(|| context.out.join("bars.json"));
    std::fs::write(&json, serde_json::to_string_pretty(&outcomes)?)
        .with_context(|| json.display().to_string())?;
    println!("{}", table(&outcomes));
    let short: Vec<_> = outcomes.iter().filter(|outcome| !outcome.passed).collect();
    // Last, where the end of a log is all that people see.
    for outcome in &short {
        println!("FAIL {}: {}", outcome.row, outcome.seen);
    }
    println!(
        "{} rows, {} fell short; as JSON: {}",
        outcomes.len(),
        short.len(),
        json.display()
    );
    Ok(short.is_empty())
}

/// Runs the rows of wall time one after the other, then the rest on `jobs` threads: the lab's time
/// is virtual, so those do not disturb one another.
fn measure(selected: &[Row], context: &Context, jobs: NonZero<usize>) -> Vec<Outcome> {
    let outcomes = Mutex::new(Vec::new());
    let run = |number: usize| {
        let Some(row) = selected.get(number) else {
            return;
        };
        eprintln!("[{}/{}] {}", number + 1, selected.len(), row.name);
        let outcome = row.measure(context);
        let verdict = if outcome.passed { "pass" } else { "FAIL" };
        eprintln!("  {}: {verdict}: {}", row.name, outcome.seen);
        if let Ok(mut outcomes) = outcomes.lock() {
            outcomes.push((number, outcome));
        }
    };
    let (virtual_time, wall_time): (Vec<_>, Vec<_>) =
        (0..selected.len()).partition(|number| selected[*number].quick);
    wall_time.into_iter().for_each(run);
    let next = AtomicUsize::new(0);
    let take = || {
        virtual_time
            .get(next.fetch_add(1, Ordering::Relaxed))
            .copied()
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.get() {
            scope.spawn(|| std::iter::from_fn(take).for_each(run));
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_default();
    outcomes.sort_by_key(|(number, _)| *number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn select(arguments: &Arguments) -> Result<Vec<Row>> {
    let named = |row: &Row| {
        arguments
            .name
            .as_ref()
            .is_none_or(|name| name == row.group || name == row.name)
    };
    let selected: Vec<_> = rows()
        .into_iter()
        .filter(|row| named(row) && (row.quick || !arguments.quick))
        .collect();
    if selected.is_empty() {
        bail!("no row or group of that name; `cargo bars --list` shows them");
    }
    Ok(selected)
}

/// The programs that the lab boots, as shipped.
fn build(root: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").context("run this by `cargo bars`")?;
    let status = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--bins"])
        .args([
            "-p",
            "rether-ap",
            "-p",
            "rether-sta",
            "-p",
            "rether-voip",
            "-p",
            "rether-lab",
        ])
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the programs do not build");
    Ok(())
}
