//! What a refused kernel call means and what to do about it.

use std::io;

/// The kernel refused something; the text says what was tried, why it failed and what to do.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {source}{}", remedy(source))]
pub struct OsError {
    /// What was being done, as in "cannot ...".
    pub doing: &'static str,
    /// The kernel's answer.
    #[source]
    pub source: io::Error,
}

impl OsError {
    /// An error while `doing` something (a verb phrase that follows "cannot").
    pub(crate) fn new(doing: &'static str, source: impl Into<io::Error>) -> Self {
        Self {
            doing,
            source: source.into(),
        }
    }

    /// True when the interface is down or gone: wait for it to come back instead of giving up.
    #[must_use]
    pub fn is_link_down(&self) -> bool {
        matches!(
            self.source.raw_os_error(),
            Some(libc::ENETDOWN | libc::ENODEV | libc::ENXIO | libc::ENETUNREACH)
        )
    }

    /// True when buffers are full: try again when what is in them has left.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(
            self.source.raw_os_error(),
            Some(libc::EAGAIN | libc::ENOBUFS)
        )
    }

    /// True when rights are missing: root or a capability.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self.source.raw_os_error(), Some(libc::EPERM | libc::EACCES))
    }
}

/// Turns the result of a call into one that says what was being done.
pub(crate) trait Doing<T> {
    /// Names what was being done, as in "cannot ...".
    fn doing(self, doing: &'static str) -> Result<T, OsError>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, doing: &'static str) -> Result<T, OsError> {
        self.map_err(|source| OsError::new(doing, source))
    }
}

fn remedy(source: &io::Error) -> &'static str {
    match source.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            "; run as root, or grant CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_NICE"
        }
        Some(libc::ENODEV | libc::ENXIO) => "; check the interface name with `ip link`",
        Some(libc::ENETDOWN) => "; bring the interface up with `ip link set dev NAME up`",
        Some(libc::EBUSY) => "; another process uses it: stop the other daemon first",
        Some(libc::EPROTONOSUPPORT | libc::EAFNOSUPPORT | libc::EOPNOTSUPP) => {
            "; this kernel or driver lacks the feature: load its module, or use a newer one"
        }
        Some(libc::EMFILE | libc::ENFILE) => "; raise the limit on open files",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_what_to_do() {
        let error = OsError::new("open the queue", io::Error::from_raw_os_error(libc::EPERM));
        let text = error.to_string();
        assert!(text.starts_with("cannot open the queue: "), "{text}");
        assert!(text.contains("CAP_NET_ADMIN"), "{text}");
        assert!(error.is_denied() && !error.is_link_down());
        let gone = OsError::new("send", io::Error::from_raw_os_error(libc::ENETDOWN));
        assert!(gone.is_link_down() && !gone.is_full());
        let full = OsError::new("send", io::Error::from_raw_os_error(libc::ENOBUFS));
        assert!(full.is_full() && !full.is_denied());
    }
}
