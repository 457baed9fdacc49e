//! Rows about the README's two commands: run as a newcomer would, in a fresh clone.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::{Context, Seen};

/// Clones the committed state and runs `script` there with empty caches; it must exit 0 within
/// `limit` of wall time.
fn in_fresh_clone(context: &Context, script: &str, limit: Duration) -> Result<Seen> {
    let place = tempfile::tempdir()?;
    let clone = place.path().join("rether");
    let cloned = Command::new("git")
        .args(["clone", "--quiet"])
        .args([&context.root, &clone])
        .status()?;
    ensure!(cloned.success(), "git clone failed");
    std::fs::create_dir_all(&context.out)?;
    let log = context
        .out
        .join(format!("{}.log", script.replace('/', "-")));
    let start = Instant::now();
    let status = fresh(&clone, script, place.path(), &log)?;
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    let passed = status && start.elapsed() <= limit;
    let text = format!(
        "{} after {minutes:.1} min of wall time; log: {}",
        if status { "exit 0" } else { "failed" },
        log.display()
    );
    Ok(Seen { text, passed })
}

/// Runs `script` with a home and caches of its own. The toolchain stays, as the README says.
fn fresh(clone: &Path, script: &str, home: &Path, log: &Path) -> Result<bool> {
    let file = File::create(log).with_context(|| log.display().to_string())?;
    let toolchain = std::env::var_os("HOME").context("HOME is not set")?;
    let rustup = Path::new(&toolchain).join(".rustup");
    let status = Command::new(clone.join(script))
        .current_dir(clone)
        .env("CARGO_HOME", home.join("cargo"))
        .env(
            "RUSTUP_HOME",
            std::env::var_os("RUSTUP_HOME").unwrap_or_else(|| rustup.into()),
        )
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env_remove("CARGO_TARGET_DIR")
        .stdin(std::process::Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()?;
    Ok(status.success())
}

pub(super) fn main_job(context: &Context) -> Result<Seen> {
    in_fresh_clone(context, "scripts/demo", Duration::from_secs(600))
}

pub(super) fn test_suite(context: &Context) -> Result<Seen> {
    in_fresh_clone(context, "scripts/test", Duration::from_secs(1_500))
}
