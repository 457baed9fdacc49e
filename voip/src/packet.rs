//! The voice packets: RTP (RFC 3550) with a small header of ours at the start of
//! the payload.
//!
//! ```text
//!  0               4                               12                       20
//!  +---------------+-------------------------------+------------------------+----
//!  | tag           | sequence number, 64 bits      | sent at, ns            | 0x55
//!  +---------------+-------------------------------+------------------------+----
//! ```
//!
//! All big-endian. `tag` is the low half of the session id; `sent at` is the
//! sender's monotonic clock. Twenty bytes are what a G.729 packet of 20 ms holds,
//! so the header fits every profile; what is left is filled with 0x55.
//! The RTP sequence number is the low 16 bits of ours plus the stream's random
//! start (RFC 3550 section 5.1), and a packet in which the two disagree is bad.

use rtp_types::{RtpPacket, RtpPacketBuilder, RtpParseError, RtpWriteError};
use thiserror::Error;

use crate::profile::Profile;

/// Length of our header inside the RTP payload, bytes.
pub const HEADER_LEN: usize = 20;

/// The largest packet of any profile with its RTP header, bytes.
pub const MAX_PACKET_LEN: usize = 12 + 240;

const FILLER: [u8; MAX_PACKET_LEN] = [0x55; MAX_PACKET_LEN];

/// What stays the same in every packet of one direction of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamId {
    /// Codec, packet time and size.
    pub profile: Profile,
    /// RTP synchronisation source.
    pub ssrc: u32,
    /// RTP sequence number of the first packet.
    pub first_sequence: u16,
    /// Low half of the session id.
    pub tag: u32,
}

/// What the receiver learns from one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// Position in the stream, from 0.
    pub sequence: u64,
    /// The sender's monotonic clock when it sent, nanoseconds.
    pub sent_ns: u64,
}

/// Why a datagram on the RTP port is not a packet of the stream.
#[derive(Debug, Error)]
pub enum PacketError {
    /// Not RTP at all.
    #[error("not RTP: {0}")]
    Rtp(#[from] RtpParseError),
    /// RTP of some other stream.
    #[error("RTP of another stream")]
    Foreign,
    /// The payload is not as long as the profile says.
    #[error("payload of {0} bytes, not as the profile has it")]
    Length(usize),
    /// The RTP sequence number contradicts the one in the payload.
    #[error("sequence numbers disagree")]
    Sequence,
}

impl StreamId {
    /// Writes packet number `sequence`, sent at `sent_ns` on the sender's clock,
    /// into `buffer` and returns its length in bytes.
    ///
    /// # Errors
    /// When `buffer` is shorter than the packet; [`MAX_PACKET_LEN`] always suffices.
    pub fn emit(&self, voice: Voice, buffer: &mut [u8]) -> Result<usize, RtpWriteError> {
        let mut header = [0; HEADER_LEN];
        header[..4].copy_from_slice(&self.tag.to_be_bytes());
        header[4..12].copy_from_slice(&voice.sequence.to_be_bytes());
        header[12..].copy_from_slice(&voice.sent_ns.to_be_bytes());
        let step = u64::from(self.profile.timestamp_step());
        RtpPacketBuilder::<&[u8], &[u8]>::new()
            .payload_type(self.profile.payload_type())
            .marker_bit(voice.sequence == 0)
            .sequence_number(self.rtp_sequence(voice.sequence))
            .timestamp(voice.sequence.wrapping_mul(step) as u32)
            .ssrc(self.ssrc)
            .payload(&header[..])
            .payload(&FILLER[..self.profile.payload_len() - HEADER_LEN])
            .write_into(buffer)
    }

    /// Reads a datagram that ought to belong to this stream.
    ///
    /// # Errors
    /// When it does not; see [`PacketError`].
    pub fn parse(&self, datagram: &[u8]) -> Result<Voice, PacketError> {
        let rtp = RtpPacket::parse(datagram)?;
        if rtp.ssrc() != self.ssrc || rtp.payload_type() != self.profile.payload_type() {
            return Err(PacketError::Foreign);
        }
        let payload = rtp.payload();
        if payload.len() != self.profile.payload_len() {
            return Err(PacketError::Length(payload.len()));
        }
        let Some(header) = payload.first_chunk::<HEADER_LEN>() else {
            return Err(PacketError::Length(payload.len()));
        };
        let [t0, t1, t2, t3, rest @ ..] = *header;
        let [q0, q1, q2, q3, q4, q5, q6, q7, sent @ ..] = rest;
        if u32::from_be_bytes([t0, t1, t2, t3]) != self.tag {
            return Err(PacketError::Foreign);
        }
        let sequence = u64::from_be_bytes([q0, q1, q2, q3, q4, q5, q6, q7]);
        if self.rtp_sequence(sequence) != rtp.sequence_number() {
            return Err(PacketError::Sequence);
        }
        Ok(Voice {
            sequence,
            sent_ns: u64::from_be_bytes(sent),
        })
    }

    const fn rtp_sequence(&self, sequence: u64) -> u16 {
        self.first_sequence.wrapping_add(sequence as u16)
    }
}

/// The SSRC of a datagram, if it is RTP: what a reflector tells its calls apart by.
#[must_use]
pub fn peek_ssrc(datagram: &[u8]) -> Option<u32> {
    RtpPacket::parse(datagram).ok().map(|rtp| rtp.ssrc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stream(profile: Profile) -> StreamId {
        StreamId {
            profile,
            ssrc: 0xdead_beef,
            first_sequence: 0xfffe,
            tag: 0x0102_0304,
        }
    }

    #[test]
    fn packets_are_as_long_as_the_codec_makes_them_and_come_back() {
        for profile in Profile::ALL {
            let mut buffer = [0xa5; MAX_PACKET_LEN];
            let voice = Voice {
                sequence: 70_000,
                sent_ns: u64::MAX - 1,
            };
            let len = stream(profile).emit(voice, &mut buffer).unwrap();
            assert_eq!(len, 12 + profile.payload_len());
            assert_eq!(stream(profile).parse(&buffer[..len]).unwrap(), voice);
            for short in 0..len {
                assert!(
                    stream(profile).parse(&buffer[..short]).is_err(),
                    "{short} bytes"
                );
            }
        }
    }

    #[test]
    fn the_rtp_sequence_number_wraps_and_ours_does_not() {
        let mut buffer = [0; MAX_PACKET_LEN];
        let mut seen = Vec::new();
        for sequence in 0..4 {
            let voice = Voice {
                sequence,
                sent_ns: 0,
            };
            let len = stream(Profile::G729).emit(voice, &mut buffer).unwrap();
            let rtp = RtpPacket::parse(&buffer[..len]).unwrap();
            seen.push((rtp.sequence_number(), rtp.timestamp(), rtp.marker_bit()));
            assert_eq!(
                stream(Profile::G729)
                    .parse(&buffer[..len])
                    .unwrap()
                    .sequence,
                sequence
            );
        }
        assert_eq!(
            seen,
            [
                (0xfffe, 0, true),
                (0xffff, 160, false),
                (0, 320, false),
                (1, 480, false)
            ]
        );
    }

    #[test]
    fn strangers_are_told_apart() {
        let mut buffer = [0; MAX_PACKET_LEN];
        let voice = Voice {
            sequence: 5,
            sent_ns: 9,
        };
        let len = stream(Profile::G711).emit(voice, &mut buffer).unwrap();
        let other = |change: fn(&mut StreamId)| {
            let mut id = stream(Profile::G711);
            change(&mut id);
            id.parse(&buffer[..len]).unwrap_err()
        };
        assert!(matches!(other(|id| id.ssrc = 1), PacketError::Foreign));
        assert!(matches!(other(|id| id.tag = 1), PacketError::Foreign));
        assert!(matches!(
            other(|id| id.profile = Profile::G729),
            PacketError::Foreign
        ));
        assert!(matches!(
            other(|id| id.profile = Profile::G711Ms10),
            PacketError::Length(160)
        ));
        assert!(matches!(
            other(|id| id.first_sequence = 0),
            PacketError::Sequence
        ));
    }

    proptest! {
        #[test]
        fn no_datagram_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = stream(Profile::G711).parse(&bytes);
            let _ = peek_ssrc(&bytes);
        }

        #[test]
        fn no_mutation_panics(at in 0usize..172, value: u8, len in 0usize..=172) {
            let mut buffer = [0; MAX_PACKET_LEN];
            stream(Profile::G711).emit(Voice { sequence: 1, sent_ns: 2 }, &mut buffer).unwrap();
            buffer[at] = value;
            let _ = stream(Profile::G711).parse(&buffer[..len]);
        }
    }
}
