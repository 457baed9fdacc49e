//! The part of the lab that runs inside the machine: it reads the scenario, runs every arm, and
//! leaves results and logs in `/out`.

mod air;
mod arm;
mod calls;
mod counters;
mod daemon;
mod event;
mod iperf;
mod link;
mod network;
mod ping;
mod plan;
mod probe;
mod process;
mod roam;
mod site;
mod traffic;

pub(crate) use air::run as run_air;

use anyhow::{Context as _, Result};
use rether_lab::{SCENARIO_IN_GUEST, TOLD, scenario::Scenario};
use std::{fs, path::Path};

/// Results and logs while the scenario runs: in memory, since the share with the host takes host
/// time that virtual time does not know of.
const WORK: &str = "/tmp/lab";
const OUT: &str = "/out";

/// A line of progress for the host, with the virtual time since power-on in front.
fn tell(text: &str) {
    let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = uptime.split_whitespace().next().unwrap_or("?");
    println!("{TOLD}virtual {seconds:>7} s: {text}");
}

/// Runs the scenario that the host has put into the machine.
pub(crate) fn run() -> Result<()> {
    let text = fs::read(SCENARIO_IN_GUEST).context(SCENARIO_IN_GUEST)?;
    let scenario: Scenario = serde_json::from_slice(&text).context(SCENARIO_IN_GUEST)?;
    process::run(None, "mount -t debugfs debugfs /sys/kernel/debug")?;
    tell("booted");
    for arm in &scenario.arm {
        let work = Path::new(WORK).join(&arm.name);
        let logs = work.join("logs");
        fs::create_dir_all(&logs)?;
        let result = arm::run_arm(&scenario, arm, &logs);
        if let Ok(result) = &result {
            fs::write(work.join("result.json"), serde_json::to_vec_pretty(result)?)?;
        }
        // Logs are wanted most when something went wrong.
        process::run(None, &format!("cp -r {} {OUT}", work.display()))?;
        result.with_context(|| format!("arm {}", arm.name))?;
    }
    Ok(())
}
