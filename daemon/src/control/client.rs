//! The client's side: blocking, for command lines.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{MAX_SIZE, PATIENCE, SCHEMA_VERSION};

/// The state cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// Nobody serves there.
    #[error("no daemon answers at {}: {source}; is it running? `--control` names another socket", path.display())]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What came is not the JSON of this version.
    #[error("{} speaks another version: {reason}; use the `status` of the same release", path.display())]
    Foreign {
        /// The socket.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Asks the daemon behind `path` for its state. Blocks for at most some seconds.
///
/// # Errors
/// Nobody serves there, or something else does.
pub fn observe(path: &Path) -> Result<Value, ObserveError> {
    converse(path, None)
}

/// Asks the daemon behind `path` a question. Blocks for at most some seconds. An answer with an
/// `error` means that the question was not understood, or is not allowed.
///
/// # Errors
/// Nobody serves there, or something else does.
pub fn ask(path: &Path, question: &Value) -> Result<Value, ObserveError> {
    converse(path, Some(question))
}

fn converse(path: &Path, question: Option<&Value>) -> Result<Value, ObserveError> {
    let unreachable = |source| ObserveError::Unreachable {
        path: path.to_owned(),
        source,
    };
    let foreign = |reason| ObserveError::Foreign {
        path: path.to_owned(),
        reason,
    };
    let mut client = UnixStream::connect(path).map_err(unreachable)?;
    client
        .set_read_timeout(Some(PATIENCE * 3))
        .map_err(unreachable)?;
    if let Some(question) = question {
        client
            .write_all(format!("{question}\n").as_bytes())
            .map_err(unreachable)?;
    }
    // Nothing more is asked.
    client.shutdown(Shutdown::Write).map_err(unreachable)?;
    let mut text = Vec::new();
    client
        .take(MAX_SIZE as u64)
        .read_to_end(&mut text)
        .map_err(unreachable)?;
    let state: Value = serde_json::from_slice(&text).map_err(|e| foreign(e.to_string()))?;
    match state.get("schema_version").and_then(Value::as_u64) {
        Some(version) if version == u64::from(SCHEMA_VERSION) => Ok(state),
        version => Err(foreign(format!(
            "version {version:?}, not {SCHEMA_VERSION}"
        ))),
    }
}
