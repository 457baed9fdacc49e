//! The two requests that make a process the medium, by neli.

use std::io::Cursor;

use neli::consts::genl::{Cmd, CtrlAttr, CtrlCmd, NlAttrType};
use neli::consts::nl::NlmF;
use neli::genl::{
    AttrTypeBuilder, Genlmsghdr, GenlmsghdrBuilder, Nlattr, NlattrBuilder, NoUserHeader,
};
use neli::nl::{NlPayload, NlmsghdrBuilder};
use neli::types::{Buffer, GenlBuffer};
use neli::{FromBytesWithInput, Size, ToBytes, neli_enum};

/// Name of the family.
const FAMILY: &str = "MAC80211_HWSIM";
/// `nlctrl`, the family that knows the others.
pub(super) const CONTROLLER: u16 = 0x10;

#[neli_enum(serialized_type = "u8")]
enum Command {
    Register = 1,
}
impl Cmd for Command {}

/// A message could not be written; it is this program's fault.
#[derive(Debug, thiserror::Error)]
#[error("cannot write a netlink message: {0}")]
pub struct EncodeError(String);

fn fault(error: impl std::fmt::Display) -> EncodeError {
    EncodeError(error.to_string())
}

/// Asks for the number of the family; the answer is one for [`family_number`].
///
/// # Errors
/// See [`EncodeError`].
pub(super) fn find_family(sequence: u32) -> Result<Vec<u8>, EncodeError> {
    let kind = AttrTypeBuilder::default()
        .nla_type(CtrlAttr::FamilyName)
        .build()
        .map_err(fault)?;
    let name = NlattrBuilder::default()
        .nla_type(kind)
        .nla_payload(FAMILY)
        .build()
        .map_err(fault)?;
    encode(CONTROLLER, sequence, CtrlCmd::Getfamily, vec![name])
}

/// Makes the sender the medium of all radios; it is answered.
///
/// # Errors
/// See [`EncodeError`].
pub(super) fn register(family: u16, sequence: u32) -> Result<Vec<u8>, EncodeError> {
    encode::<_, CtrlAttr>(family, sequence, Command::Register, Vec::new())
}

fn encode<C: Cmd, A: NlAttrType>(
    kind: u16,
    sequence: u32,
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
        .nl_flags(NlmF::REQUEST | NlmF::ACK)
        .nl_seq(sequence)
        .nl_payload(NlPayload::Payload(body))
        .build()
        .map_err(fault)?;
    let mut cursor = Cursor::new(vec![0; message.padded_size()]);
    message.to_bytes(&mut cursor).map_err(fault)?;
    Ok(cursor.into_inner())
}

/// The number of the family in the controller's answer, behind its `nlmsghdr`.
pub(super) fn family_number(body: &[u8]) -> Option<u16> {
    let message: Genlmsghdr<CtrlCmd, CtrlAttr> =
        Genlmsghdr::from_bytes_with_input(&mut Cursor::new(body), body.len()).ok()?;
    let attrs = message.attrs().get_attr_handle();
    attrs.get_attr_payload_as(CtrlAttr::FamilyId).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Family header, then the attributes of name and number.
    const ANSWER: [u8; 32] = [
        1, 2, 0, 0, //
        19, 0, 2, 0, b'M', b'A', b'C', b'8', b'0', b'2', b'1', b'1', b'_', b'H', b'W', b'S', b'I',
        b'M', 0, 0, //
        6, 0, 1, 0, 0x1d, 0, 0, 0,
    ];

    #[test]
    fn the_controller_gives_the_family() {
        assert_eq!(family_number(&ANSWER), Some(0x1d));
        for length in 0..30 {
            assert_eq!(family_number(&ANSWER[..length]), None, "{length}");
        }
        for at in 0..ANSWER.len() {
            for octet in [0, 1, 3, 0x7f, 0xff] {
                let mut changed = ANSWER;
                changed[at] = octet;
                let _ = family_number(&changed);
            }
        }
    }

    #[test]
    fn requests_are_what_the_kernel_reads() {
        let question = find_family(7).unwrap();
        assert_eq!(question[..4], 40_u32.to_ne_bytes());
        assert_eq!(question[4..6], CONTROLLER.to_ne_bytes());
        // REQUEST and ACK, the number, no port.
        assert_eq!(question[6..16], [5, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(question[16..20], [3, 1, 0, 0]);
        assert_eq!(question[20..24], [19, 0, 2, 0]);
        assert_eq!(question[24..40], *b"MAC80211_HWSIM\0\0");
        let order = register(0x1d, 8).unwrap();
        assert_eq!(order.len(), 20);
        assert_eq!(order[4..8], [0x1d, 0, 5, 0]);
        assert_eq!(order[16..20], [1, 1, 0, 0]);
    }
}
