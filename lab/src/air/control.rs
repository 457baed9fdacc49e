//! What the scenario's runner tells the medium: a datagram socket of the guest, a word or two a
//! datagram, an answer to each.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The arm's clock starts.
    Start,
    /// What has happened since? The answer is JSON.
    Summary,
    /// The radio of a node is cut off without a word.
    Vanish(String),
}

impl Request {
    fn text(&self) -> String {
        match self {
            Self::Start => "start".to_owned(),
            Self::Summary => "summary".to_owned(),
            Self::Vanish(node) => format!("vanish {node}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            None if text == "start" => Some(Self::Start),
            None if text == "summary" => Some(Self::Summary),
            Some(("vanish", node)) => Some(Self::Vanish(node.to_owned())),
            _ => None,
        }
    }
}

/// Longest datagram either way.
const LONGEST: usize = 64 << 10;
/// Virtual time the medium may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The medium's end.
#[derive(Debug)]
pub(super) struct Server {
    socket: UnixDatagram,
}

impl Server {
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::bind(path)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket })
    }

    /// Answers one request, if there is one.
    pub(super) fn serve(&self, answer: impl FnOnce(Request) -> String) -> io::Result<()> {
        let mut buffer = [0; 256];
        let (length, from) = match self.socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let text = std::str::from_utf8(buffer.get(..length).unwrap_or_default());
        let text = match text.ok().and_then(Request::parse) {
            Some(request) => answer(request),
            None => "not understood".to_owned(),
        };
        // Who asked may have given up; that is his own affair.
        if let Some(path) = from.as_pathname() {
            let _ = self.socket.send_to(text.as_bytes(), path);
        }
        Ok(())
    }
}

impl AsFd for Server {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Asks the medium that listens at `path`; returns its answer.
///
/// # Errors
/// If it does not answer within five seconds.
pub fn ask(path: &Path, request: &Request) -> io::Result<String> {
    let own = path.with_extension("client");
    match std::fs::remove_file(&own) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixDatagram::bind(&own)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send_to(request.text().as_bytes(), path)?;
    let mut buffer = vec![0; LONGEST];
    let length = socket.recv(&mut buffer)?;
    buffer.truncate(length);
    String::from_utf8(buffer).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rether_linux::poll;
    use std::thread;

    #[test]
    fn requests_survive_the_way() {
        for request in [
            Request::Start,
            Request::Summary,
            Request::Vanish("a-1".to_owned()),
        ] {
            assert_eq!(Request::parse(&request.text()), Some(request));
        }
        for bad in ["", "stop", "start now", "vanish"] {
            assert_eq!(Request::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_question_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("air");
        let server = Server::bind(&path).unwrap();
        let asking = thread::spawn(move || ask(&path, &Request::Vanish("a".to_owned())).unwrap());
        poll::wait([server.as_fd()]).unwrap();
        server.serve(|request| format!("{request:?}")).unwrap();
        assert_eq!(asking.join().unwrap(), "Vanish(\"a\")");
        server.serve(|_| panic!("nothing was asked")).unwrap();
    }
}
