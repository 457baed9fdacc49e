//! The header that the kernel puts before a copied frame (`linux/virtio_net.h`, in host order), and
//! the Ethernet header behind it.

use rether_proto::mac::MacAddr;

use super::Copied;
use crate::segment::Offload;

/// Length of `virtio_net_hdr`.
const HEADER: usize = 10;
/// `VIRTIO_NET_HDR_F_NEEDS_CSUM`.
const UNSUMMED: u8 = 1;
/// `VIRTIO_NET_HDR_GSO_NONE`.
const ONE_PACKET: u8 = 0;

/// A frame with its header; `None` if it is too short for either.
pub(super) fn parse(bytes: &[u8]) -> Option<Copied<'_>> {
    let (header, frame) = bytes.split_first_chunk::<HEADER>()?;
    let (to, rest) = frame.split_first_chunk::<6>()?;
    let (from, rest) = rest.split_first_chunk::<6>()?;
    let (ether_type, payload) = rest.split_first_chunk::<2>()?;
    let size = u16::from_ne_bytes([header[4], header[5]]);
    Some(Copied {
        to: MacAddr(*to),
        from: MacAddr(*from),
        ether_type: u16::from_be_bytes(*ether_type),
        payload,
        offload: Offload {
            unsummed: header[0] & UNSUMMED != 0,
            size: (header[1] != ONE_PACKET && size > 0).then_some(size),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_with_and_without_offload() {
        let mut bytes = vec![0; HEADER];
        bytes.extend([2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 9, 0x86, 0xdd, 7, 8, 9]);
        let plain = Copied {
            to: MacAddr([2, 0, 0, 0, 1, 0]),
            from: MacAddr([2, 0, 0, 0, 0, 9]),
            ether_type: 0x86dd,
            payload: &[7, 8, 9],
            offload: Offload::default(),
        };
        assert_eq!(parse(&bytes), Some(plain));
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]).is_some(), cut >= 24, "{cut}");
        }
        let mut large = bytes.clone();
        large[0] = UNSUMMED;
        large[1] = 4;
        large[4..6].copy_from_slice(&1448_u16.to_ne_bytes());
        let offload = Offload {
            unsummed: true,
            size: Some(1448),
        };
        assert_eq!(parse(&large), Some(Copied { offload, ..plain }));
        // A size without a kind means nothing.
        large[1] = 0;
        assert_eq!(parse(&large).unwrap().offload.size, None);
    }
}
