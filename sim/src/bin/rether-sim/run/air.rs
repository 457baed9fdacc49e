//! `--pcap`: what is on the air into a file.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rether_sim::capture::PcapFile;
use rether_sim::scenario::{Arm, Scenario};
use rether_sim::world::{Options, Outcome, run_captured};

/// Runs the arms one after the other, each into a file of its own.
pub(super) fn capture(
    scenario: &Scenario,
    arms: &[&Arm],
    seed: u64,
    options: &Options,
    path: &Path,
) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for arm in arms {
        let path = if arms.len() == 1 {
            path.to_owned()
        } else {
            with_arm(path, &arm.name)
        };
        let name = || path.display().to_string();
        let file = File::create(&path).with_context(name)?;
        let mut file = PcapFile::new(BufWriter::new(file)).with_context(name)?;
        let mut written = Ok(());
        let outcome = run_captured(scenario, arm, seed, options, &mut |frame| {
            if written.is_ok() {
                written = file.write(&frame);
            }
        })?;
        written.with_context(name)?;
        file.finish().with_context(name)?;
        eprintln!("capture of arm {}: {}", arm.name, path.display());
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// `air.pcap` and `plain` make `air-plain.pcap`.
fn with_arm(path: &Path, arm: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push("-");
    name.push(arm);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arm_has_a_file_of_its_own() {
        let path = with_arm(Path::new("a/air.pcap"), "plain");
        assert_eq!(path, Path::new("a/air-plain.pcap"));
        assert_eq!(with_arm(Path::new("air"), "b"), Path::new("air-b"));
    }
}
