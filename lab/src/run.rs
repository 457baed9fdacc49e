//! Running a scenario from the host.

use crate::{
    error::{AtPath, Error},
    image::{Image, overlay},
    report::Report,
    scenario::Scenario,
    vm::Machine,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Where the guest finds the scenario.
pub const SCENARIO_IN_GUEST: &str = "/etc/lab/scenario.json";

/// How a scenario is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where results go; an earlier result there is replaced.
    pub out: PathBuf,
    /// The folder of our built programs, `rether-lab` among them.
    pub bin_dir: PathBuf,
    /// The longest a boot may take, wall time.
    pub limit: Duration,
}

impl Options {
    /// Results to `out`, programs from the folder of the running one, ten minutes.
    ///
    /// # Errors
    /// If the system cannot tell where the running program is.
    pub fn new(out: PathBuf) -> Result<Self, Error> {
        let program = env::current_exe().at(Path::new("/proc/self/exe"))?;
        let folder = program.parent().unwrap_or_else(|| Path::new("."));
        // Test programs lie one folder deeper.
        let folder = if folder.ends_with("deps") {
            folder.parent().unwrap_or(folder)
        } else {
            folder
        };
        Ok(Self {
            out,
            bin_dir: folder.to_owned(),
            limit: Duration::from_secs(600),
        })
    }
}

/// Boots the lab, runs every arm of `scenario` in it, and returns what was measured and whether
/// the checks hold. `tell` is given a line for each step.
///
/// # Errors
/// If the run gave no complete result; a check that does not hold is no error.
pub fn run(
    scenario: &Scenario,
    options: &Options,
    tell: &mut dyn FnMut(&str),
) -> Result<Report, Error> {
    if let Some(key) = scenario.simulator_only() {
        return Err(Error::SimulatorOnly(key));
    }
    let mut names = vec!["rether-lab"];
    if scenario.needs_daemons() {
        names.extend(["rether-ap", "rether-sta"]);
    }
    if scenario.needs_voice() {
        names.push("rether-voip");
    }
    let programs = overlay::programs(&options.bin_dir, &names)?;
    let image = Image::obtain(false, tell)?;
    clear(&options.out)?;
    let path = options.out.join("scenario.json");
    let text = serde_json::to_vec_pretty(scenario).map_err(|source| Error::Result {
        path: path.clone(),
        source,
    })?;
    let files = [(SCENARIO_IN_GUEST.trim_start_matches('/'), text)];
    let start = Instant::now();
    boot(&image, &programs, &files, &options.out, |machine| {
        machine.run(options.limit, tell)
    })?;
    Report::collect(
        scenario,
        &options.out,
        start.elapsed().as_secs_f64(),
        &image.packages,
    )
}

/// Boots the lab with a shell on this terminal; `/out` in it is `out` here.
///
/// # Errors
/// If the image cannot be built or booted.
pub fn shell(options: &Options, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let wanted = ["rether-lab", "rether-ap", "rether-sta", "rether-voip"];
    let built: Vec<_> = wanted
        .into_iter()
        .filter(|name| options.bin_dir.join(name).exists())
        .collect();
    let programs = overlay::programs(&options.bin_dir, &built)?;
    let image = Image::obtain(false, tell)?;
    clear(&options.out)?;
    boot(&image, &programs, &[], &options.out, |machine| {
        Machine {
            mode: "lab.mode=shell",
            ..machine
        }
        .interact()
    })
}

/// Empties the results folder, but only if it is one of ours.
fn clear(out: &Path) -> Result<(), Error> {
    if out.join("console.log").exists() {
        fs::remove_dir_all(out).at(out)?;
    }
    fs::create_dir_all(out).at(out)
}

fn boot(
    image: &Image,
    programs: &[PathBuf],
    files: &[(&str, Vec<u8>)],
    out: &Path,
    start: impl FnOnce(Machine<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let temporary = tempfile::tempdir().at(Path::new("/tmp"))?;
    let initramfs = temporary.path().join("initramfs");
    overlay::write(image, &overlay::Overlay { programs, files }, &initramfs)?;
    let out = out.canonicalize().at(out)?;
    start(Machine {
        kernel: &image.kernel,
        initramfs: &initramfs,
        out: &out,
        mode: "",
    })
}
