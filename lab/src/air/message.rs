//! The messages of the generic netlink family `MAC80211_HWSIM` (`mac80211_hwsim.h` of the kernel).
//!
//! A radio's frame comes as `FRAME` with the transmitter; `FRAME` with a receiver gives one to a
//! radio; `TX_INFO_FRAME` tells a radio what became of a frame, named by its cookie. Radios are
//! named by the second of their two addresses, 42:00:00:00:nn:00.

use std::io::Cursor;
use std::sync::Arc;

use neli::attr::Attribute;
use neli::consts::genl::{Cmd, CtrlAttr, CtrlCmd, NlAttrType};
use neli::consts::nl::{NlmF, Nlmsg};
use neli::genl::{
    AttrTypeBuilder, GenlAttrHandle, Genlmsghdr, GenlmsghdrBuilder, Nlattr, NlattrBuilder,
    NoUserHeader,
};
use neli::nl::{NlPayload, NlmsghdrBuilder};
use neli::types::{Buffer, GenlBuffer};
use neli::{FromBytes, FromBytesWithInput, Size, ToBytes, neli_enum};
use rether_proto::mac::MacAddr;

use super::rates::TxRate;

/// Name of the family.
pub const FAMILY: &str = "MAC80211_HWSIM";
/// `nlctrl`, the family that knows the others.
const CONTROLLER: u16 = 0x10;
/// Length of `nlmsghdr`.
const HEADER: usize = 16;

/// `HWSIM_TX_CTL_NO_ACK`: nobody acknowledges this frame.
pub const NO_ACK: u32 = 1 << 1;
/// `HWSIM_TX_STAT_ACK`: it was acknowledged.
pub const ACKED: u32 = 1 << 2;

#[neli_enum(serialized_type = "u8")]
enum Command {
    Register = 1,
    Frame = 2,
    TxInfoFrame = 3,
    AddMacAddr = 7,
    DelMacAddr = 8,
}
impl Cmd for Command {}

#[neli_enum(serialized_type = "u16")]
enum Attr {
    AddrReceiver = 1,
    AddrTransmitter = 2,
    Frame = 3,
    Flags = 4,
    RxRate = 5,
    Signal = 6,
    TxInfo = 7,
    Cookie = 8,
    Freq = 19,
}
impl NlAttrType for Attr {}

type Message = Genlmsghdr<Command, Attr>;

/// A message could not be written; it is this program's fault.
#[derive(Debug, thiserror::Error)]
#[error("cannot write a netlink message: {0}")]
pub struct EncodeError(String);

fn fault(error: impl std::fmt::Display) -> EncodeError {
    EncodeError(error.to_string())
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
            let word = |at: usize| datagram.get(at..at + 4)?.try_into().ok();
            let length = usize::try_from(u32::from_ne_bytes(word(0)?)).ok()?;
            let sequence = u32::from_ne_bytes(word(8)?);
            let kind = u16::from_ne_bytes(datagram.get(4..6)?.try_into().ok()?);
            let body = datagram.get(HEADER..length)?;
            datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or(&[]);
            let message = match kind {
                kind if kind == u16::from(Nlmsg::Error) => answer(sequence, body),
                CONTROLLER => family_number(body),
                kind if Some(kind) == family => of_hwsim(body),
                _ => None,
            };
            if message.is_some() {
                return message;
            }
        }
    })
}

fn answer(sequence: u32, body: &[u8]) -> Option<FromKernel> {
    let code = i32::from_ne_bytes(body.get(..4)?.try_into().ok()?);
    Some(FromKernel::Answer {
        sequence,
        error: code.saturating_neg(),
    })
}

fn family_number(body: &[u8]) -> Option<FromKernel> {
    let message: Genlmsghdr<CtrlCmd, CtrlAttr> = decode(body)?;
    let attrs = message.attrs().get_attr_handle();
    number(&attrs, CtrlAttr::FamilyId).map(FromKernel::Family)
}

fn of_hwsim(body: &[u8]) -> Option<FromKernel> {
    let message: Message = decode(body)?;
    let attrs = message.attrs().get_attr_handle();
    let added = match message.cmd() {
        Command::Frame => return tx_frame(&attrs).map(FromKernel::Frame),
        Command::AddMacAddr => true,
        Command::DelMacAddr => false,
        _ => return None,
    };
    Some(FromKernel::Address {
        radio: mac(&attrs, Attr::AddrTransmitter)?,
        address: mac(&attrs, Attr::AddrReceiver)?,
        added,
    })
}

fn tx_frame(attrs: &GenlAttrHandle<'_, Attr>) -> Option<TxFrame> {
    let mut rates = [TxRate::NONE; 4];
    let info = octets(attrs, Attr::TxInfo)?;
    for (rate, pair) in rates.iter_mut().zip(info.chunks_exact(2)) {
        if let [index, count] = pair {
            *rate = TxRate {
                index: index.cast_signed(),
                count: *count,
            };
        }
    }
    Some(TxFrame {
        transmitter: mac(attrs, Attr::AddrTransmitter)?,
        data: octets(attrs, Attr::Frame)?.into(),
        flags: number(attrs, Attr::Flags)?,
        rates,
        cookie: number(attrs, Attr::Cookie)?,
        frequency_mhz: u16::try_from(number::<_, u32>(attrs, Attr::Freq)?).ok()?,
    })
}

fn decode<C: Cmd, A: NlAttrType>(body: &[u8]) -> Option<Genlmsghdr<C, A>> {
    Genlmsghdr::from_bytes_with_input(&mut Cursor::new(body), body.len()).ok()
}

fn number<T: NlAttrType, N: FromBytes>(attrs: &GenlAttrHandle<'_, T>, kind: T) -> Option<N> {
    attrs.get_attr_payload_as(kind).ok()
}

fn octets<'a>(attrs: &'a GenlAttrHandle<'_, Attr>, kind: Attr) -> Option<&'a [u8]> {
    attrs
        .get_attribute(kind)
        .map(|attr| attr.payload().as_ref())
}

fn mac(attrs: &GenlAttrHandle<'_, Attr>, kind: Attr) -> Option<MacAddr> {
    octets(attrs, kind)?.try_into().ok().map(MacAddr)
}

/// Asks for the number of the family; the answer is [`FromKernel::Family`].
///
/// # Errors
/// See [`EncodeError`].
pub fn find_family(sequence: u32) -> Result<Vec<u8>, EncodeError> {
    let name = attribute(CtrlAttr::FamilyName, FAMILY)?;
    encode(
        CONTROLLER,
        sequence,
        NlmF::ACK,
        CtrlCmd::Getfamily,
        vec![name],
    )
}

/// Makes the sender the medium of all radios; it is answered.
///
/// # Errors
/// See [`EncodeError`].
pub fn register(family: u16, sequence: u32) -> Result<Vec<u8>, EncodeError> {
    encode::<_, Attr>(family, sequence, NlmF::ACK, Command::Register, Vec::new())
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

/// Gives a frame to a radio; only a refusal is answered.
///
/// # Errors
/// See [`EncodeError`].
pub fn deliver(family: u16, sequence: u32, frame: &Delivery) -> Result<Vec<u8>, EncodeError> {
    let attributes = vec![
        attribute(Attr::AddrReceiver, Buffer::from(&frame.receiver.0[..]))?,
        attribute(Attr::Frame, Buffer::from(&frame.data[..]))?,
        attribute(Attr::RxRate, frame.rate_index)?,
        attribute(Attr::Signal, frame.signal_dbm)?,
        attribute(Attr::Freq, u32::from(frame.frequency_mhz))?,
    ];
    encode(family, sequence, NlmF::empty(), Command::Frame, attributes)
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

/// Tells a radio what became of a frame; only a refusal is answered.
///
/// # Errors
/// See [`EncodeError`].
pub fn report(family: u16, sequence: u32, status: &TxStatus) -> Result<Vec<u8>, EncodeError> {
    let pairs = status
        .rates
        .map(|rate| [rate.index.cast_unsigned(), rate.count]);
    let attributes = vec![
        attribute(
            Attr::AddrTransmitter,
            Buffer::from(&status.transmitter.0[..]),
        )?,
        attribute(Attr::Flags, status.flags)?,
        attribute(Attr::Signal, status.signal_dbm)?,
        attribute(Attr::TxInfo, Buffer::from(pairs.as_flattened()))?,
        attribute(Attr::Cookie, status.cookie)?,
    ];
    encode(
        family,
        sequence,
        NlmF::empty(),
        Command::TxInfoFrame,
        attributes,
    )
}

fn attribute<T: NlAttrType>(
    kind: T,
    payload: impl Size + ToBytes,
) -> Result<Nlattr<T, Buffer>, EncodeError> {
    let kind = AttrTypeBuilder::default()
        .nla_type(kind)
        .build()
        .map_err(fault)?;
    NlattrBuilder::default()
        .nla_type(kind)
        .nla_payload(payload)
        .build()
        .map_err(fault)
}

fn encode<C: Cmd, A: NlAttrType>(
    kind: u16,
    sequence: u32,
    flags: NlmF,
    command: C,
    attributes: Vec<Nlattr<A, Buffer>>,
) -> Result<Vec<u8>, EncodeError> {
    let body = GenlmsghdrBuilder::<C, A, NoUserHeader>::default()
        .cmd(command)
        .version(1)
        .attrs(attributes.into_iter().collect::<GenlBuffer<_, _>>())
        .build()
        .map_err(fault)?;
    let message = NlmsghdrBuilder::default()
        .nl_type(kind)
        .nl_flags(NlmF::REQUEST | flags)
        .nl_seq(sequence)
        .nl_payload(NlPayload::Payload(body))
        .build()
        .map_err(fault)?;
    let mut cursor = Cursor::new(vec![0; message.padded_size()]);
    message.to_bytes(&mut cursor).map_err(fault)?;
    Ok(cursor.into_inner())
}

#[cfg(test)]
mod tests;
