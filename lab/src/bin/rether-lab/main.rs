//! `rether-lab`: runs scenarios on the real Linux Wi-Fi stack in a virtual machine.
#![expect(clippy::print_stdout, reason = "a command-line program")]

mod demo;
mod guest;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use rether_lab::{Error, Image, Options, scenario::Scenario};
use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

/// Runs scenarios on the real Linux Wi-Fi stack (cfg80211, mac80211, hostapd, wpa_supplicant,
/// nftables) with simulated radios, in a virtual machine whose time is virtual.
///
/// It needs the packages that scripts/setup installs, and then no privilege: no KVM, no radio.
/// The first run builds an image from Debian packages and keeps it.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:
  rether-lab demo                                  table and report: promised, delivered
  rether-lab run lab/scenarios/smoke.toml          one access point, one station
  rether-lab run SCENARIO --out report/mine        results, logs and captures go there
  rether-lab shell                                 look around in the guest yourself

Exit code: 0 if every check of the scenario holds, 1 if one does not, 2 if the run
did not finish."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run scenario files one after the other, and judge the results.
    Run {
        /// Scenario files.
        #[arg(required = true)]
        scenarios: Vec<PathBuf>,
        #[command(flatten)]
        place: Place,
        /// Longest wall time of one boot, in seconds.
        #[arg(long, default_value_t = 600)]
        limit: u64,
        /// Keep the logs of runs whose checks all hold, not only results.
        #[arg(long)]
        keep: bool,
    },
    /// The main job: a call in a loaded cell, with Rether and without, ending in a table
    /// "promised / delivered" and a report file. About five minutes.
    Demo(demo::Arguments),
    /// Read scenario files and say what is wrong with them, without running them.
    Check {
        /// Scenario files.
        #[arg(required = true)]
        scenarios: Vec<PathBuf>,
    },
    /// Build the image if it is not there.
    Image {
        /// Build it again, from the newest packages.
        #[arg(long)]
        anew: bool,
    },
    /// Boot with a shell on this terminal. Ctrl-A X ends it.
    Shell {
        #[command(flatten)]
        place: Place,
    },
    /// Run the scenario inside the guest; the image calls this.
    #[command(hide = true)]
    Guest,
    /// Be the medium between the radios of the guest; `guest` starts this.
    #[command(hide = true)]
    Air,
}

#[derive(clap::Args)]
struct Place {
    /// Folder of results; each scenario gets one of its name in it.
    #[arg(long, default_value = "report/lab")]
    out: PathBuf,
    /// Folder of our built programs; by default where this one is.
    #[arg(long)]
    bin_dir: Option<PathBuf>,
}

impl Place {
    fn options(&self, name: &str) -> Result<Options, Error> {
        let mut options = Options::new(self.out.join(name))?;
        if let Some(folder) = &self.bin_dir {
            options.bin_dir.clone_from(folder);
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    match start(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("rether-lab: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn start(command: Command) -> anyhow::Result<bool> {
    let since = Instant::now();
    let mut tell = |text: &str| println!("[{:6.1} s] {text}", since.elapsed().as_secs_f64());
    match command {
        Command::Run {
            scenarios,
            place,
            limit,
            keep,
        } => {
            let mut passed = true;
            for path in scenarios {
                let scenario = Scenario::load(&path)?;
                let mut options = place.options(&scenario.name)?;
                options.limit = Duration::from_secs(limit);
                tell(&format!("{}: {}", scenario.name, scenario.title));
                let report = rether_lab::run(&scenario, &options, &mut tell)
                    .with_context(|| format!("{}", path.display()))?;
                println!("{report}");
                passed &= report.passed();
                if report.passed() && !keep {
                    report.drop_logs()?;
                }
            }
            Ok(passed)
        }
        Command::Demo(arguments) => demo::run(&arguments, &mut tell),
        Command::Check { scenarios } => {
            for path in scenarios {
                let scenario = Scenario::load(&path)?;
                println!("{}: fine, {} arms", path.display(), scenario.arm.len());
            }
            Ok(true)
        }
        Command::Image { anew } => {
            let image = Image::obtain(anew, &mut tell)?;
            println!("{}\n{}", image.kernel.display(), image.base.display());
            Ok(true)
        }
        Command::Shell { place } => {
            rether_lab::shell(&place.options("shell")?, &mut tell)?;
            Ok(true)
        }
        Command::Guest => guest::run().map(|()| true),
        Command::Air => guest::run_air().map(|()| true),
    }
}
