//! A datagram socket to a daemon, with a file of its own that the daemon answers to.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::UnixDatagram;

/// Longest message of hostapd and `wpa_supplicant`.
const ROOM: usize = 8192;

/// Makes the file names of this process' sockets differ.
static NEXT: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
pub(super) struct ControlSocket {
    socket: UnixDatagram,
    pub(super) own: PathBuf,
}

impl ControlSocket {
    /// Connects to the daemon's socket at `path`. Must run within tokio.
    pub(super) fn connect(path: &Path) -> io::Result<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rether-control-{}-{number}", std::process::id());
        let own = std::env::temp_dir().join(name);
        // A file of this name is what a killed process of the same number left behind.
        match std::fs::remove_file(&own) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // From here on the file is removed when `this` is dropped.
        let this = Self {
            socket: UnixDatagram::bind(&own)?,
            own,
        };
        this.socket.connect(path)?;
        Ok(this)
    }

    pub(super) async fn send(&self, message: &str) -> io::Result<()> {
        self.socket.send(message.as_bytes()).await.map(drop)
    }

    /// The next message, without its final newline. Cancel safe.
    pub(super) async fn receive(&self) -> io::Result<String> {
        // Not cleared: whoever waits for other things, too, begins anew at each of them.
        let mut buffer = Vec::with_capacity(ROOM);
        self.socket.recv_buf(&mut buffer).await?;
        // SSIDs come escaped, so that anything else is a damaged message.
        Ok(String::from_utf8_lossy(&buffer)
            .trim_end_matches('\n')
            .to_owned())
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // It may have gone with a cleared temporary directory.
        let _ = std::fs::remove_file(&self.own);
    }
}
