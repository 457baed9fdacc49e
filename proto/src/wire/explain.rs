//! Frames in words, whole or broken.

use core::fmt;

use super::reader::Reader;
use super::{DecodeError, HEADER_LEN, Header, Message};

/// How many octets of a broken frame are shown.
const SHOWN: usize = 64;

/// One line for people about any frame: the bytes behind the Ethernet header.
///
/// A frame that does not decode is shown as far as it can be read: the header, the error, and the
/// octets with a mark in front of the one that the error names.
#[must_use]
pub fn explain(bytes: &[u8]) -> impl fmt::Display + '_ {
    Explain(bytes)
}

struct Explain<'a>(&'a [u8]);

impl fmt::Display for Explain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Message::decode(self.0) {
            Ok((header, message)) => write!(f, "{header} {message}"),
            Err(error) => {
                if let Ok((header, _, _)) = Header::read(&mut Reader::new(self.0)) {
                    write!(f, "{header} ")?;
                }
                write!(f, "broken: {error}; ")?;
                octets(self.0, error, f)
            }
        }
    }
}

fn octets(frame: &[u8], error: DecodeError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let at = usize::from(error.at);
    // An error in the body needs the body; the header was shown in words.
    let start = if at < HEADER_LEN {
        0
    } else {
        HEADER_LEN.min(frame.len())
    };
    write!(f, "{} octets, from {start}:", frame.len())?;
    for (place, octet) in frame.iter().enumerate().skip(start).take(SHOWN) {
        let mark = if place == at { '>' } else { ' ' };
        write!(f, "{mark}{octet:02x}")?;
    }
    if frame.len() - start > SHOWN {
        f.write_str(" ...")?;
    }
    Ok(())
}
