//! Which packets may travel inside frames of the protocol.

/// The IP packet in `bytes`, which begin with it, without padding behind it. `None` if it is not
/// all there, or not for one host: what is for several is sent to them by the link layer.
#[must_use]
pub fn whole(bytes: &[u8]) -> Option<&[u8]> {
    const MULTICAST_V6: u8 = 0xff;
    match bytes.first()? >> 4 {
        4 => {
            let header = bytes.first_chunk::<20>()?;
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let least = usize::from(header[0] & 15) * 4;
            // 0 is nobody, 224 and above are groups and everybody (RFC 6890, RFC 1112).
            let is_one = (1..224).contains(&header[16]);
            let sound = least >= header.len() && length >= least && is_one;
            sound.then(|| bytes.get(..length))?
        }
        6 => {
            let header = bytes.first_chunk::<40>()?;
            let payload = usize::from(u16::from_be_bytes([header[4], header[5]]));
            // No payload stands for a jumbogram, too (RFC 2675).
            let sound = header[24] != MULTICAST_V6 && payload > 0;
            sound.then(|| bytes.get(..header.len() + payload))?
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(length: u8, to: [u8; 4]) -> Vec<u8> {
        let mut packet = vec![0; 64];
        packet[0] = 0x45;
        packet[3] = length;
        packet[16..20].copy_from_slice(&to);
        packet
    }

    fn v6(payload: u8, first: u8) -> Vec<u8> {
        let mut packet = vec![0; 64];
        packet[0] = 0x60;
        packet[5] = payload;
        packet[24] = first;
        packet
    }

    #[test]
    fn padding_goes_and_what_is_cut_off_does_not_count() {
        let packet = v4(28, [10, 0, 0, 2]);
        assert_eq!(whole(&packet), Some(&packet[..28]));
        assert_eq!(whole(&packet[..28]), Some(&packet[..28]));
        assert_eq!(whole(&packet[..27]), None);
        assert_eq!(whole(&v4(65, [10, 0, 0, 2])), None);
        let packet = v6(8, 0xfd);
        assert_eq!(whole(&packet), Some(&packet[..48]));
        assert_eq!(whole(&packet[..47]), None);
        assert_eq!(whole(&v6(25, 0xfd)), None);
    }

    #[test]
    fn what_is_for_several_or_makes_no_sense_is_no_packet() {
        for to in [[224, 0, 0, 1], [239, 1, 2, 3], [255; 4], [0; 4]] {
            assert_eq!(whole(&v4(28, to)), None, "{to:?}");
        }
        assert_eq!(whole(&v6(8, 0xff)), None);
        assert_eq!(whole(&v6(0, 0xfd)), None);
        // Shorter than its own header, by its length and by the header's.
        assert_eq!(whole(&v4(19, [10, 0, 0, 2])), None);
        let mut odd = v4(28, [10, 0, 0, 2]);
        odd[0] = 0x44;
        assert_eq!(whole(&odd), None);
        odd[0] = 0x55;
        assert_eq!(whole(&odd), None);
        assert_eq!(whole(&[]), None);
        for cut in 0..20 {
            assert_eq!(whole(&v4(20, [10, 0, 0, 2])[..cut]), None);
        }
    }
}
