//! Pieces that both command lines need.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::config::{self, Raw};

use crate::{control, exit};

/// Writes a command's answer to standard output. A reader that has hung up (`| head`) is fine.
///
/// # Errors
/// The output cannot be written.
pub fn print(text: &str) -> std::io::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Reads an option's value as the configuration file would have it; for clap.
///
/// # Errors
/// What is wrong with it, and what to write.
pub fn value<T: config::Value>(text: &str) -> Result<T, String> {
    T::read(Raw::Text(text)).map_err(|wrong| format!("{}; {}", wrong.problem, wrong.remedy))
}

/// Asks the daemon behind `socket`, or else the only daemon whose socket ends in `suffix`.
///
/// # Errors
/// None or several run here, or it does not answer, or refuses.
pub fn ask(socket: Option<&Path>, suffix: &str, question: &Value) -> anyhow::Result<Value> {
    let mut found = match socket {
        Some(socket) => vec![socket.to_owned()],
        None => control::running(suffix),
    };
    let socket = match found.len() {
        0 => {
            anyhow::bail!("no daemon is running here; start one with `run`, or name its --control")
        }
        1 => found.remove(0),
        _ => anyhow::bail!("several daemons run here: name the --control of one of them"),
    };
    let answer = control::ask(&socket, question)?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => anyhow::bail!("{error}"),
        None => Ok(answer),
    }
}

/// `status`: asks the daemon behind `socket`, or else every daemon whose socket ends in `suffix`,
/// and shows each as `human` does, or as JSON lines.
///
/// # Errors
/// One of them does not answer, or none is there.
pub fn status(
    socket: Option<&Path>,
    suffix: &str,
    json: bool,
    human: impl Fn(&Value) -> anyhow::Result<String>,
) -> anyhow::Result<u8> {
    status_part(socket, suffix, json, Value::clone, human)
}

/// As [`status`], of which JSON shows only `part`.
///
/// # Errors
/// As [`status`].
pub fn status_part(
    socket: Option<&Path>,
    suffix: &str,
    json: bool,
    part: impl Fn(&Value) -> Value,
    human: impl Fn(&Value) -> anyhow::Result<String>,
) -> anyhow::Result<u8> {
    let sockets: Vec<PathBuf> = match socket {
        Some(socket) => vec![socket.to_owned()],
        None => control::running(suffix),
    };
    if sockets.is_empty() {
        anyhow::bail!("no daemon is running here; start one with `run`, or name its --control");
    }
    let mut failed = None;
    for socket in sockets {
        let state = match control::observe(&socket) {
            Ok(state) => state,
            // A daemon that was killed leaves its socket; the others are shown all the same.
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        if json {
            print(&format!("{}\n", part(&state)))?;
        } else {
            print(&human(&state).context("the daemon answered something unexpected")?)?;
        }
    }
    failed.map_or(Ok(exit::OK), |error| Err(error.into()))
}
