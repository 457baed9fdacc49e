//! The control sockets of hostapd and `wpa_supplicant`, which speak one protocol: a datagram with
//! a command, a datagram with the reply.

mod reply;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use reply::{Event, Fields};

/// How long a reply may take.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// The daemon cannot be reached or refused.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such socket, or nobody answers on it.
    #[error(
        "cannot reach {}: {source}; is the daemon running, with ctrl_interface={} in its configuration?",
        path.display(),
        path.parent().unwrap_or(path).display()
    )]
    Unreachable {
        /// The socket's path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No reply within [`TIMEOUT`].
    #[error("no reply from {} to {command}; restart the daemon if this repeats", path.display())]
    Silent {
        /// The socket's path.
        path: PathBuf,
        /// The command.
        command: String,
    },
    /// The daemon answered something else than expected.
    #[error("{} refused {command}: {reply}; check its version and configuration", path.display())]
    Refused {
        /// The socket's path.
        path: PathBuf,
        /// The command.
        command: String,
        /// The reply.
        reply: String,
    },
}

/// A connection for commands. Its own socket file goes when it is dropped.
#[derive(Debug)]
pub struct Control {}

impl Control {
    /// Connects to the daemon's socket, such as `/run/hostapd/wlan0`, and pings it.
    ///
    /// # Errors
    /// Nobody answers there.
    pub async fn connect(path: &Path) -> Result<Self, ControlError> {
        let _ = path;
        unimplemented!()
    }

    /// Sends `command` and returns the reply without its final newline.
    ///
    /// # Errors
    /// The daemon has gone, is silent, or answered `FAIL` or `UNKNOWN COMMAND`.
    pub async fn request(&mut self, command: &str) -> Result<String, ControlError> {
        let _ = command;
        unimplemented!()
    }

    /// Sends `command`, whose reply must be `OK`.
    ///
    /// # Errors
    /// As for [`Control::request`], and for any other reply.
    pub async fn order(&mut self, command: &str) -> Result<(), ControlError> {
        let _ = command;
        unimplemented!()
    }

    /// Sends `command`, whose reply is lines of `key=value`: `STATUS`, `SIGNAL_POLL`, `STA`.
    ///
    /// # Errors
    /// As for [`Control::request`].
    pub async fn fields(&mut self, command: &str) -> Result<Fields, ControlError> {
        let _ = command;
        unimplemented!()
    }
}

/// A connection for events.
#[derive(Debug)]
pub struct ControlEvents {}

impl ControlEvents {
    /// Connects to the daemon's socket and asks for its events (`ATTACH`).
    ///
    /// # Errors
    /// Nobody answers there.
    pub async fn attach(path: &Path) -> Result<Self, ControlError> {
        let _ = path;
        unimplemented!()
    }

    /// The next event. Cancel safe.
    ///
    /// # Errors
    /// The daemon has gone: attach anew when it is back. A daemon that was killed says nothing;
    /// it shows by [`Control::request`].
    pub async fn next(&mut self) -> Result<Event, ControlError> {
        unimplemented!()
    }
}
