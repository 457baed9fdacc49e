//! The observe socket: whoever connects gets the daemon's state as JSON.
//!
//! The daemon only ever writes to it and reads nothing, so it cannot be talked into anything.
//! The file's mode is the only permission: 0600, or 0660 for the group that runs monitoring.

use std::future::Future;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as ClientStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// Version of the JSON that is written; grows when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;
/// The largest state that is written or read, in octets.
pub const MAX_SIZE: usize = 4 << 20;
/// Clients served at a time.
const MAX_CLIENTS: usize = 8;
/// How long a client may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Where the sockets are unless the command line says otherwise.
pub const FOLDER: &str = "/run/rether";

/// The default path for `interface` and a daemon's suffix, such as `/run/rether/wlan0.ap.sock`.
#[must_use]
pub fn default_path(interface: &str, suffix: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{interface}.{suffix}.sock"))
}

/// All sockets in the default folder whose names end in `suffix`.
#[must_use]
pub fn running(suffix: &str) -> Vec<PathBuf> {
    let ending = format!(".{suffix}.sock");
    let is_ours = |path: &PathBuf| path.to_string_lossy().ends_with(&ending);
    let entries = std::fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries.map(|entry| entry.path()).filter(is_ours).collect();
    found.sort();
    found
}

/// A socket to write to. Its file goes when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Makes the socket, and its folder if need be. What a killed predecessor left is replaced.
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// Another daemon serves it ([`ErrorKind::AddrInUse`]), or the folder cannot be written.
    pub fn bind(path: &Path, group: bool) -> std::io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        if path.exists() {
            if ClientStream::connect(path).is_ok() {
                let remedy = "another daemon serves it: stop that one first";
                return Err(std::io::Error::new(ErrorKind::AddrInUse, remedy));
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        let mode = if group { 0o660 } else { 0o600 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        Ok(Self {
            listener,
            path: path.to_owned(),
        })
    }

    /// Serves the state that `state` gives, forever. Cancel it to stop.
    pub async fn serve<F>(&self, state: impl Fn() -> F)
    where
        F: Future<Output = Option<Value>> + Send + 'static,
    {
        let permits = Arc::new(Semaphore::new(MAX_CLIENTS));
        loop {
            // Those above the limit wait in the kernel's queue; it is never closed.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok((client, _)) => {
                    let answer = answer(client, state());
                    tokio::spawn(async move {
                        if tokio::time::timeout(PATIENCE, answer).await.is_err() {
                            tracing::debug!("a client of the observe socket was too slow");
                        }
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!("the observe socket takes nobody: {error}");
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        }
    }
}

async fn answer(mut client: UnixStream, state: impl Future<Output = Option<Value>>) {
    let Some(state) = state.await else { return };
    let mut text = state.to_string();
    if text.len() >= MAX_SIZE {
        text = serde_json::json!({
            "schema_version": SCHEMA_VERSION,
            "error": "the state is too large to show",
        })
        .to_string();
    }
    text.push('\n');
    // A client that hangs up early did not want it.
    let _ = client.write_all(text.as_bytes()).await;
    let _ = client.shutdown().await;
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

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
    let unreachable = |source| ObserveError::Unreachable {
        path: path.to_owned(),
        source,
    };
    let foreign = |reason| ObserveError::Foreign {
        path: path.to_owned(),
        reason,
    };
    let client = ClientStream::connect(path).map_err(unreachable)?;
    client
        .set_read_timeout(Some(PATIENCE * 2))
        .map_err(unreachable)?;
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

#[cfg(test)]
mod tests;
