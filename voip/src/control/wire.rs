//! Bytes to messages and back.

use super::{DecodeError, MAX_PIECE, Media, Message, Offer, Progress, Refusal, SessionId};
use crate::clock::ClockBasis;
use crate::profile::Profile;

const MAGIC: [u8; 4] = *b"RVoI";
/// Version of the control protocol.
pub(super) const VERSION: u8 = 1;
/// Magic, version, type and session id, bytes.
pub const HEADER_LEN: usize = 14;
/// The longest control datagram, bytes.
pub const MAX_LEN: usize = HEADER_LEN + 4 + MAX_PIECE;

impl Message {
    /// The datagram that carries this message for `session`.
    #[must_use]
    pub fn encode(&self, session: SessionId) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        out.extend(MAGIC);
        out.extend([VERSION, self.code()]);
        out.extend(session.0.to_be_bytes());
        match self {
            Self::Hello { cookie, offer } => {
                out.extend(cookie.to_be_bytes());
                out.push(offer.profile.code());
                out.extend(offer.duration_ms.to_be_bytes());
                out.extend(offer.late_ms.to_be_bytes());
                put_media(&mut out, offer.media);
            }
            Self::Challenge { cookie } => out.extend(cookie.to_be_bytes()),
            Self::Accept { boot_id, media } => {
                out.extend(boot_id);
                put_media(&mut out, *media);
            }
            Self::Refuse(Refusal::Busy) => out.push(0),
            Self::Refuse(Refusal::TooLong) => out.push(1),
            Self::Ping { t1 } => out.extend(t1.to_be_bytes()),
            Self::Pong {
                t1,
                t2,
                t3,
                progress,
            } => {
                out.extend([t1, t2, t3].into_iter().flat_map(|t| t.to_be_bytes()));
                out.extend(progress.received.to_be_bytes());
                out.extend(progress.sent_at_least.to_be_bytes());
                out.extend(progress.late.to_be_bytes());
                out.extend(progress.delay_p99_us.to_be_bytes());
                out.extend(progress.longest_gap_us.to_be_bytes());
                out.extend(progress.mos_centi.to_be_bytes());
            }
            Self::Start {
                basis,
                offset_ns,
                phase_ns,
            } => {
                out.push(match basis {
                    ClockBasis::Shared => 0,
                    ClockBasis::Estimated => 1,
                });
                out.extend(offset_ns.to_be_bytes());
                out.extend(phase_ns.to_be_bytes());
            }
            Self::Bye { sent } => out.extend(sent.to_be_bytes()),
            Self::Fetch { piece } => out.extend(piece.to_be_bytes()),
            Self::Report {
                piece,
                pieces,
                body,
            } => {
                out.extend(piece.to_be_bytes());
                out.extend(pieces.to_be_bytes());
                out.extend(body);
            }
            Self::Started | Self::Done => {}
        }
        out
    }

    /// Reads a datagram.
    ///
    /// # Errors
    /// When it is not one of ours, whole and with meaning; see [`DecodeError`].
    pub fn decode(datagram: &[u8]) -> Result<(SessionId, Self), DecodeError> {
        let mut reader = Reader {
            bytes: datagram,
            at: 0,
        };
        if reader.take::<4>()? != MAGIC {
            return Err(DecodeError::Magic);
        }
        let version = reader.u8()?;
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let code = reader.u8()?;
        let session = SessionId(reader.u64()?);
        let message = match code {
            1 => Self::Hello {
                cookie: reader.u64()?,
                offer: reader.offer()?,
            },
            2 => Self::Challenge {
                cookie: reader.u64()?,
            },
            3 => Self::Accept {
                boot_id: reader.take()?,
                media: reader.media()?,
            },
            4 => Self::Refuse(match reader.u8()? {
                0 => Refusal::Busy,
                1 => Refusal::TooLong,
                _ => return Err(DecodeError::Value(HEADER_LEN)),
            }),
            5 => Self::Ping { t1: reader.u64()? },
            6 => Self::Pong {
                t1: reader.u64()?,
                t2: reader.u64()?,
                t3: reader.u64()?,
                progress: reader.progress()?,
            },
            7 => Self::Start {
                basis: match reader.u8()? {
                    0 => ClockBasis::Shared,
                    1 => ClockBasis::Estimated,
                    _ => return Err(DecodeError::Value(HEADER_LEN)),
                },
                offset_ns: i64::from_be_bytes(reader.take()?),
                phase_ns: reader.u32()?,
            },
            8 => Self::Started,
            9 => Self::Bye {
                sent: reader.u32()?,
            },
            10 => Self::Fetch {
                piece: reader.u16()?,
            },
            11 => {
                let (piece, pieces) = (reader.u16()?, reader.u16()?);
                if piece >= pieces {
                    return Err(DecodeError::Value(HEADER_LEN));
                }
                Self::Report {
                    piece,
                    pieces,
                    body: reader.rest(MAX_PIECE)?,
                }
            }
            12 => Self::Done,
            _ => return Err(DecodeError::Value(5)),
        };
        reader.end()?;
        Ok((session, message))
    }

    const fn code(&self) -> u8 {
        match self {
            Self::Hello { .. } => 1,
            Self::Challenge { .. } => 2,
            Self::Accept { .. } => 3,
            Self::Refuse(_) => 4,
            Self::Ping { .. } => 5,
            Self::Pong { .. } => 6,
            Self::Start { .. } => 7,
            Self::Started => 8,
            Self::Bye { .. } => 9,
            Self::Fetch { .. } => 10,
            Self::Report { .. } => 11,
            Self::Done => 12,
        }
    }
}

fn put_media(out: &mut Vec<u8>, media: Media) {
    out.extend(media.port.to_be_bytes());
    out.extend(media.ssrc.to_be_bytes());
    out.extend(media.first_sequence.to_be_bytes());
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (field, rest) = self
            .bytes
            .split_first_chunk::<N>()
            .ok_or(DecodeError::Truncated(self.at))?;
        self.bytes = rest;
        self.at += N;
        Ok(*field)
    }

    fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.take()?))
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.take()?))
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.take()?))
    }

    fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(self.take()?))
    }

    fn media(&mut self) -> Result<Media, DecodeError> {
        Ok(Media {
            port: self.u16()?,
            ssrc: self.u32()?,
            first_sequence: self.u16()?,
        })
    }

    fn offer(&mut self) -> Result<Offer, DecodeError> {
        let at = self.at;
        let profile = Profile::from_code(self.u8()?).ok_or(DecodeError::Value(at))?;
        Ok(Offer {
            profile,
            duration_ms: self.u32()?,
            late_ms: self.u32()?,
            media: self.media()?,
        })
    }

    fn progress(&mut self) -> Result<Progress, DecodeError> {
        Ok(Progress {
            received: self.u32()?,
            sent_at_least: self.u32()?,
            late: self.u32()?,
            delay_p99_us: i32::from_be_bytes(self.take()?),
            longest_gap_us: self.u32()?,
            mos_centi: self.u16()?,
        })
    }

    fn rest(&mut self, most: usize) -> Result<Vec<u8>, DecodeError> {
        if self.bytes.len() > most {
            return Err(DecodeError::Trailing(self.at + most));
        }
        let rest = std::mem::take(&mut self.bytes);
        self.at += rest.len();
        Ok(rest.to_vec())
    }

    const fn end(&self) -> Result<(), DecodeError> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing(self.at))
        }
    }
}
