//! The control socket: whoever connects gets the daemon's state as JSON, or sends one question as a
//! line of JSON and gets the answer as another.
//!
//! The file's mode says who may connect: 0600, or 0660 for the group that runs monitoring. Changes
//! are taken only from root and from the user that the daemon runs as, whatever the mode says.

mod client;

use std::future::Future;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as ClientStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use client::{ObserveError, ask, observe};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Version of the JSON that is written; grows when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;
/// The largest state that is written or read, in octets.
pub const MAX_SIZE: usize = 4 << 20;
/// Clients served at a time.
const MAX_CLIENTS: usize = 8;
/// The longest question, in octets.
const MAX_QUESTION: u64 = 64 << 10;
/// A client that says nothing for so long wants the state. Ours says so by closing its half; on a busy
/// machine it may take a while to say anything.
const SILENCE: Duration = Duration::from_secs(1);
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

    /// Serves what `answer` gives, forever. Cancel it to stop.
    pub async fn serve<F>(&self, answer: impl Fn(Asked) -> F)
    where
        F: Future<Output = Option<Value>> + Send + 'static,
    {
        let permits = Arc::new(Semaphore::new(MAX_CLIENTS));
        // Questions are read in tasks of their own, and answered here, one after the other.
        let (questions, mut asked) = tokio::sync::mpsc::channel(MAX_CLIENTS);
        loop {
            tokio::select! {
                // Those above the limit wait in the kernel's queue; it is never closed.
                client = self.next_client(&permits) => {
                    let questions = questions.clone();
                    tokio::spawn(async move {
                        let (mut client, permit) = client;
                        let question = read_question(&mut client).await;
                        // The daemon is stopping when nobody takes it.
                        let _ = questions.send((client, permit, question)).await;
                    });
                }
                Some((client, permit, question)) = asked.recv() => {
                    let refusal = question.as_ref().err().map(|problem| json!({ "error": problem }));
                    let answer = question.ok().map(&answer);
                    tokio::spawn(async move {
                        let answer = async {
                            let answer = match answer {
                                Some(answer) => answer.await,
                                None => refusal,
                            };
                            write_answer(client, answer).await;
                        };
                        if tokio::time::timeout(PATIENCE, answer).await.is_err() {
                            tracing::debug!("a client of the control socket was too slow");
                        }
                        drop(permit);
                    });
                }
            }
        }
    }

    async fn next_client(&self, permits: &Arc<Semaphore>) -> (UnixStream, OwnedSemaphorePermit) {
        loop {
            // It is never closed; were it, nobody would be served.
            let Ok(permit) = Arc::clone(permits).acquire_owned().await else {
                std::future::pending::<()>().await;
                continue;
            };
            match self.listener.accept().await {
                Ok((client, _)) => return (client, permit),
                Err(error) => {
                    tracing::warn!("the control socket takes nobody: {error}");
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        }
    }
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its question; `None`: the state.
    pub question: Option<Value>,
    /// It runs as root, or as the user that this daemon runs as.
    pub may_change: bool,
}

async fn read_question(client: &mut UnixStream) -> Result<Asked, String> {
    let own = rustix::process::geteuid().as_raw();
    let peer = client.peer_cred().map(|peer| peer.uid());
    let may_change = peer.is_ok_and(|uid| uid == 0 || uid == own);
    let mut line = String::new();
    let mut reader = BufReader::new(client).take(MAX_QUESTION);
    // The first octet comes at once, or never.
    let first = tokio::time::timeout(SILENCE, reader.fill_buf()).await;
    let is_silent = first.is_err() || first.is_ok_and(|octets| octets.is_ok_and(<[u8]>::is_empty));
    if is_silent {
        return Ok(Asked {
            question: None,
            may_change,
        });
    }
    match tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Err(format!("the question cannot be read: {error}")),
        Err(_) => return Err("the question is not complete: end it with a new line".into()),
    }
    let question = serde_json::from_str(&line)
        .map_err(|error| format!("the question is not one line of JSON: {error}"))?;
    Ok(Asked {
        question: Some(question),
        may_change,
    })
}

async fn write_answer(mut client: UnixStream, answer: Option<Value>) {
    let Some(mut answer) = answer else { return };
    if let Some(fields) = answer.as_object_mut() {
        fields
            .entry("schema_version")
            .or_insert_with(|| SCHEMA_VERSION.into());
    }
    let mut text = answer.to_string();
    if text.len() >= MAX_SIZE {
        text = json!({
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

#[cfg(test)]
mod tests;
