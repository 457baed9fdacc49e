//! Netlink messages for the token thread, written and read in place.
//!
//! neli serves nl80211; here it would cost half again as much per gated packet, because it
//! allocates per attribute. The format is that of netlink(7): a 16-octet header, a family header,
//! attributes aligned to 4 octets, all in host byte order but for what the family says.

pub(crate) mod socket;

/// Length of `nlmsghdr`.
const HEADER: usize = 16;

/// Appends messages to a buffer.
pub(crate) struct Message<'a> {
    buffer: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Message<'a> {
    /// Begins a message of `kind` behind what is in `buffer`; `family` is its family header.
    pub(crate) fn begin(
        buffer: &'a mut Vec<u8>,
        kind: u16,
        flags: u16,
        sequence: u32,
        family: &[u8],
    ) -> Self {
        let start = buffer.len();
        buffer.extend_from_slice(&[0; 4]);
        buffer.extend_from_slice(&kind.to_ne_bytes());
        buffer.extend_from_slice(&flags.to_ne_bytes());
        buffer.extend_from_slice(&sequence.to_ne_bytes());
        buffer.extend_from_slice(&[0; 4]);
        buffer.extend_from_slice(family);
        let mut message = Self { buffer, start };
        message.close();
        message
    }

    /// Appends an attribute.
    pub(crate) fn attribute(mut self, kind: u16, payload: &[u8]) -> Self {
        let length = u16::try_from(payload.len() + 4).unwrap_or(u16::MAX);
        self.buffer.extend_from_slice(&length.to_ne_bytes());
        self.buffer.extend_from_slice(&kind.to_ne_bytes());
        self.buffer.extend_from_slice(payload);
        self.close();
        self
    }

    /// Pads to 4 octets and writes the length so far.
    fn close(&mut self) {
        let end = self.buffer.len().next_multiple_of(4);
        self.buffer.resize(end, 0);
        let length = u32::try_from(end - self.start).unwrap_or(u32::MAX);
        self.buffer[self.start..self.start + 4].copy_from_slice(&length.to_ne_bytes());
    }
}

/// An attribute, padded: what others are nested in.
pub(crate) fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).unwrap_or(u16::MAX);
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend_from_slice(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A message that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Received<'a> {
    pub(crate) kind: u16,
    pub(crate) sequence: u32,
    /// What is behind the header, family header first.
    pub(crate) body: &'a [u8],
}

impl Received<'_> {
    /// The error number of an error message; 0 is an acknowledgement.
    pub(crate) fn error(&self) -> Option<i32> {
        if i32::from(self.kind) != libc::NLMSG_ERROR {
            return None;
        }
        let code = self.body.get(..4).and_then(|bytes| bytes.try_into().ok());
        Some(code.map_or(libc::EBADMSG, |bytes| {
            i32::from_ne_bytes(bytes).saturating_neg()
        }))
    }
}

/// The messages of a datagram. Ends at the first one that does not fit.
pub(crate) fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Received<'_>> {
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?);
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length >= HEADER)?;
        let message = bytes.get(..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some(Received {
            kind: u16::from_ne_bytes(message[4..6].try_into().ok()?),
            sequence: u32::from_ne_bytes(message[8..12].try_into().ok()?),
            body: &message[HEADER..],
        })
    })
}

/// The messages in `bytes` in pieces of whole messages, of at most `size` octets where a message
/// is not longer than that.
pub(crate) fn pieces(mut bytes: &[u8], size: usize) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let mut end = 0;
        for message in messages(bytes) {
            let length = (HEADER + message.body.len()).next_multiple_of(4);
            if end > 0 && end + length > size {
                break;
            }
            end += length;
        }
        let (piece, rest) = bytes.split_at_checked(end).filter(|_| end > 0)?;
        bytes = rest;
        Some(piece)
    })
}

/// The attributes in `bytes`, as (type without flags, payload). Ends at the first one that does
/// not fit.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?);
        let payload = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        // The two highest bits are flags (NLA_F_NESTED, NLA_F_NET_BYTEORDER).
        Some((kind & 0x3fff, payload))
    })
}

#[cfg(test)]
mod tests;
