//! The messages of the generic netlink family `MAC80211_HWSIM` (`mac80211_hwsim.h` of the kernel).
//!
//! A radio's frame comes as `FRAME` with the transmitter; `FRAME` with a receiver gives one to a
//! radio; `TX_INFO_FRAME` tells a radio what became of a frame, named by its cookie. Radios are
//! named by the second of their two addresses, 42:00:00:00:nn:00.
//!
//! Written and read in place: three of them for every frame in the air, and with neli, which
//! allocates for each attribute, they cost more than everything else that the medium does.

use std::sync::Arc;

use rether_proto::mac::MacAddr;

use super::rates::TxRate;
use super::request::{CONTROLLER, family_number};

/// Length of `nlmsghdr`.
const HEADER: usize = 16;
/// Length of `genlmsghdr`.
const FAMILY_HEADER: usize = 4;
/// `NLMSG_ERROR`.
const ERROR: u16 = 2;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;

/// `HWSIM_TX_CTL_NO_ACK`: nobody acknowledges this frame.
pub const NO_ACK: u32 = 1 << 1;
/// `HWSIM_TX_STAT_ACK`: it was acknowledged.
pub const ACKED: u32 = 1 << 2;

/// Commands (`HWSIM_CMD_...`).
mod command {
    pub(super) const FRAME: u8 = 2;
    pub(super) const TX_INFO_FRAME: u8 = 3;
    pub(super) const ADD_MAC_ADDR: u8 = 7;
    pub(super) const DEL_MAC_ADDR: u8 = 8;
}

/// Attributes (`HWSIM_ATTR_...`).
mod attr {
    pub(super) const ADDR_RECEIVER: u16 = 1;
    pub(super) const ADDR_TRANSMITTER: u16 = 2;
    pub(super) const FRAME: u16 = 3;
    pub(super) const FLAGS: u16 = 4;
    pub(super) const RX_RATE: u16 = 5;
    pub(super) const SIGNAL: u16 = 6;
    pub(super) const TX_INFO: u16 = 7;
    pub(super) const COOKIE: u16 = 8;
    pub(super) const FREQ: u16 = 19;
}

/// A frame that a radio sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxFrame {
    /// The radio, by its second address.
    pub transmitter: MacAddr,
    /// The frame, MAC header first, without FCS.
    pub data: Arc<[u8]>,
    /// Bits as [`NO_ACK`].
    pub flags: u32,
    /// Rates to try in turn.
    pub rates: [TxRate; 4],
    /// The radio's name for the frame.
    pub cookie: u64,
    /// Centre frequency in MHz.
    pub frequency_mhz: u16,
}

/// What the kernel says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromKernel {
    /// A radio sends a frame.
    Frame(TxFrame),
    /// A radio listens to another address from now on, or no longer.
    Address {
        /// The radio, by its second address.
        radio: MacAddr,
        /// The address.
        address: MacAddr,
        /// Whether it is there from now on.
        added: bool,
    },
    /// The answer to the message with that sequence number; error 0 is consent.
    Answer {
        /// Whose answer it is.
        sequence: u32,
        /// The error number, positive.
        error: i32,
    },
    /// The number of a family that was asked for.
    Family(u16),
}

/// The messages in `datagram` that mean something here. `family` is the family's number, once it
/// is known. Ends at the first message that does not fit.
pub fn parse(mut datagram: &[u8], family: Option<u16>) -> impl Iterator<Item = FromKernel> {
    std::iter::from_fn(move || {
        loop {
            let length = usize::try_from(u32::from_ne_bytes(array(datagram, 0)?)).ok()?;
            let kind = u16::from_ne_bytes(array(datagram, 4)?);
            let sequence = u32::from_ne_bytes(array(datagram, 8)?);
            let body = datagram.get(HEADER..length)?;
            datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or(&[]);
            let message = match kind {
                ERROR => array(body, 0).map(|code| FromKernel::Answer {
                    sequence,
                    error: i32::from_ne_bytes(code).saturating_neg(),
                }),
                CONTROLLER => family_number(body).map(FromKernel::Family),
                kind if Some(kind) == family => of_hwsim(body),
                _ => None,
            };
            if message.is_some() {
                return message;
            }
        }
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// The first attribute in `bytes`, as (type without flags, payload), and what is behind it.
fn first_attribute(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::from(u16::from_ne_bytes(array(bytes, 0)?));
    let kind = u16::from_ne_bytes(array(bytes, 2)?);
    let rest = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
    // The two highest bits are flags.
    Some((kind & 0x3fff, bytes.get(4..length)?, rest))
}

/// What may stand in a message that is of interest.
#[derive(Default)]
struct Fields<'a> {
    receiver: Option<MacAddr>,
    transmitter: Option<MacAddr>,
    frame: Option<&'a [u8]>,
    flags: Option<u32>,
    rates: Option<&'a [u8]>,
    cookie: Option<u64>,
    frequency: Option<u32>,
}

fn of_hwsim(body: &[u8]) -> Option<FromKernel> {
    let mut fields = Fields::default();
    let mut left = body.get(FAMILY_HEADER..)?;
    while !left.is_empty() {
        let (kind, payload, rest) = first_attribute(left)?;
        left = rest;
        match kind {
            attr::ADDR_RECEIVER => fields.receiver = Some(MacAddr(payload.try_into().ok()?)),
            attr::ADDR_TRANSMITTER => fields.transmitter = Some(MacAddr(payload.try_into().ok()?)),
            attr::FRAME => fields.frame = Some(payload),
            attr::FLAGS => fields.flags = Some(u32::from_ne_bytes(payload.try_into().ok()?)),
            attr::TX_INFO => fields.rates = Some(payload),
            attr::COOKIE => fields.cookie = Some(u64::from_ne_bytes(payload.try_into().ok()?)),
            attr::FREQ => fields.frequency = Some(u32::from_ne_bytes(payload.try_into().ok()?)),
            _ => {}
        }
    }
    let added = match *body.first()? {
        command::FRAME => return fields.tx_frame().map(FromKernel::Frame),
        command::ADD_MAC_ADDR => true,
        command::DEL_MAC_ADDR => false,
        _ => return None,
    };
    Some(FromKernel::Address {
        radio: fields.transmitter?,
        address: fields.receiver?,
        added,
    })
}

impl Fields<'_> {
    fn tx_frame(&self) -> Option<TxFrame> {
        let mut rates = [TxRate::NONE; 4];
        for (rate, pair) in rates.iter_mut().zip(self.rates?.chunks_exact(2)) {
            if let [index, count] = pair {
                *rate = TxRate {
                    index: index.cast_signed(),
                    count: *count,
                };
            }
        }
        Some(TxFrame {
            transmitter: self.transmitter?,
            data: self.frame?.into(),
            flags: self.flags?,
            rates,
            cookie: self.cookie?,
            frequency_mhz: u16::try_from(self.frequency?).ok()?,
        })
    }
}

/// A frame for one radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The radio, by its second address.
    pub receiver: MacAddr,
    /// The frame.
    pub data: Arc<[u8]>,
    /// Place of its rate in the list of the band.
    pub rate_index: u32,
    /// Its strength.
    pub signal_dbm: i32,
    /// Centre frequency in MHz; a radio on another one refuses it.
    pub frequency_mhz: u16,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxStatus {
    /// The radio that sent it, by its second address.
    pub transmitter: MacAddr,
    /// Its name for the frame.
    pub cookie: u64,
    /// The flags it came with, and [`ACKED`].
    pub flags: u32,
    /// The tries that took place.
    pub rates: [TxRate; 4],
    /// Strength of the Ack.
    pub signal_dbm: i32,
}

/// Writes into `buffer` the message that gives a frame to a radio; only a refusal is answered.
pub fn deliver(buffer: &mut Vec<u8>, family: u16, sequence: u32, frame: &Delivery) {
    begin(buffer, family, sequence, command::FRAME);
    attribute(buffer, attr::ADDR_RECEIVER, &frame.receiver.0);
    attribute(buffer, attr::FRAME, &frame.data);
    attribute(buffer, attr::RX_RATE, &frame.rate_index.to_ne_bytes());
    attribute(buffer, attr::SIGNAL, &frame.signal_dbm.to_ne_bytes());
    let frequency = u32::from(frame.frequency_mhz);
    attribute(buffer, attr::FREQ, &frequency.to_ne_bytes());
    close(buffer);
}

/// Writes into `buffer` the message that tells a radio what became of a frame; only a refusal is
/// answered.
pub fn report(buffer: &mut Vec<u8>, family: u16, sequence: u32, status: &TxStatus) {
    let rates = status
        .rates
        .map(|rate| [rate.index.cast_unsigned(), rate.count]);
    begin(buffer, family, sequence, command::TX_INFO_FRAME);
    attribute(buffer, attr::ADDR_TRANSMITTER, &status.transmitter.0);
    attribute(buffer, attr::FLAGS, &status.flags.to_ne_bytes());
    attribute(buffer, attr::SIGNAL, &status.signal_dbm.to_ne_bytes());
    attribute(buffer, attr::TX_INFO, rates.as_flattened());
    attribute(buffer, attr::COOKIE, &status.cookie.to_ne_bytes());
    close(buffer);
}

fn begin(buffer: &mut Vec<u8>, family: u16, sequence: u32, command: u8) {
    buffer.clear();
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&family.to_ne_bytes());
    buffer.extend_from_slice(&REQUEST.to_ne_bytes());
    buffer.extend_from_slice(&sequence.to_ne_bytes());
    buffer.extend_from_slice(&[0; 4]);
    // Command, version, two octets for later use.
    buffer.extend_from_slice(&[command, 1, 0, 0]);
}

fn attribute(buffer: &mut Vec<u8>, kind: u16, payload: &[u8]) {
    let length = u16::try_from(payload.len() + 4).unwrap_or(u16::MAX);
    buffer.extend_from_slice(&length.to_ne_bytes());
    buffer.extend_from_slice(&kind.to_ne_bytes());
    buffer.extend_from_slice(payload);
    buffer.resize(buffer.len().next_multiple_of(4), 0);
}

fn close(buffer: &mut [u8]) {
    let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    if let Some(field) = buffer.get_mut(..4) {
        field.copy_from_slice(&length.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests;
