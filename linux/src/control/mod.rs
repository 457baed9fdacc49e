//! The control sockets of hostapd and `wpa_supplicant`, which speak one protocol: a datagram with
//! a command, a datagram with the reply.

mod ap;
mod beacon_report;
mod neighbour_report;
mod reply;
mod socket;
mod supplicant;
mod text;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use socket::ControlSocket;

pub use ap::{ApEvent, Candidate, TransitionRequest};
pub use beacon_report::BeaconReport;
pub use neighbour_report::NeighbourReport;
pub use reply::{Event, Fields};
pub use supplicant::{KnownBss, ScanOrder, SupplicantEvent};

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
pub struct Control {
    socket: ControlSocket,
    path: PathBuf,
    /// A reply is still to come that nobody waits for.
    overdue: bool,
}

impl Control {
    /// Connects to the daemon's socket, such as `/run/hostapd/wlan0`, and pings it.
    ///
    /// # Errors
    /// Nobody answers there.
    pub async fn connect(path: &Path) -> Result<Self, ControlError> {
        let socket = ControlSocket::connect(path).map_err(unreachable_at(path))?;
        let mut this = Self {
            socket,
            path: path.to_owned(),
            overdue: false,
        };
        match this.request("PING").await?.as_str() {
            "PONG" => Ok(this),
            reply => Err(this.refused("PING", reply)),
        }
    }

    /// Sends `command` and returns the reply without its final newline.
    ///
    /// # Errors
    /// The daemon has gone, is silent, or answered `FAIL` or `UNKNOWN COMMAND`.
    pub async fn request(&mut self, command: &str) -> Result<String, ControlError> {
        if self.overdue {
            // The reply to a command that timed out would be taken for that to this one.
            self.socket = ControlSocket::connect(&self.path).map_err(unreachable_at(&self.path))?;
        }
        // Set here and not after a time-out, so that it holds for a dropped future too.
        self.overdue = true;
        let exchange = async {
            self.socket.send(command).await?;
            loop {
                let message = self.socket.receive().await?;
                // Some versions send events to everyone they know.
                if Event::parse(&message).is_none() {
                    return Ok(message);
                }
            }
        };
        let reply = match timeout(TIMEOUT, exchange).await {
            Ok(reply) => reply.map_err(unreachable_at(&self.path))?,
            Err(_) => {
                let (path, command) = (self.path.clone(), command.to_owned());
                return Err(ControlError::Silent { path, command });
            }
        };
        self.overdue = false;
        if reply.starts_with("FAIL") || reply == "UNKNOWN COMMAND" {
            return Err(self.refused(command, &reply));
        }
        Ok(reply)
    }

    /// Sends `command`, whose reply must be `OK`.
    ///
    /// # Errors
    /// As for [`Control::request`], and for any other reply.
    pub async fn order(&mut self, command: &str) -> Result<(), ControlError> {
        match self.request(command).await?.as_str() {
            "OK" => Ok(()),
            reply => Err(self.refused(command, reply)),
        }
    }

    /// Sends `command`, whose reply is lines of `key=value`: `STATUS`, `SIGNAL_POLL`, `STA`.
    ///
    /// # Errors
    /// As for [`Control::request`].
    pub async fn fields(&mut self, command: &str) -> Result<Fields, ControlError> {
        Ok(Fields::parse(&self.request(command).await?))
    }

    fn refused(&self, command: &str, reply: &str) -> ControlError {
        let (path, command, reply) = (self.path.clone(), command.to_owned(), reply.to_owned());
        ControlError::Refused {
            path,
            command,
            reply,
        }
    }
}

fn unreachable_at(path: &Path) -> impl FnOnce(std::io::Error) -> ControlError {
    move |source| ControlError::Unreachable {
        path: path.to_owned(),
        source,
    }
}

/// A connection for events.
#[derive(Debug)]
pub struct ControlEvents {
    /// After `ATTACH`, only its socket is used.
    control: Control,
}

impl ControlEvents {
    /// Connects to the daemon's socket and asks for its events (`ATTACH`).
    ///
    /// # Errors
    /// Nobody answers there.
    pub async fn attach(path: &Path) -> Result<Self, ControlError> {
        let mut control = Control::connect(path).await?;
        control.order("ATTACH").await?;
        Ok(Self { control })
    }

    /// The next event. Cancel safe.
    ///
    /// # Errors
    /// The daemon has gone: attach anew when it is back. A daemon that was killed says nothing;
    /// it shows by [`Control::request`].
    pub async fn next(&mut self) -> Result<Event, ControlError> {
        loop {
            let message = self.control.socket.receive().await;
            let message = message.map_err(unreachable_at(&self.control.path))?;
            if let Some(event) = Event::parse(&message) {
                return Ok(event);
            }
        }
    }
}

#[cfg(test)]
mod tests;
