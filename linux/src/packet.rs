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

/// The IP packet `packet` with the checksum of its TCP or UDP made whole: the kernel leaves it to the
/// hardware and has put the sum of the pseudo header (RFC 768, RFC 9293) in its place. `None` if the
/// packet is another.
#[must_use]
pub fn summed(packet: &[u8]) -> Option<Vec<u8>> {
    let (start, protocol) = match packet.first()? >> 4 {
        4 => (usize::from(packet[0] & 15) * 4, *packet.get(9)?),
        6 => (40, *packet.get(6)?),
        _ => return None,
    };
    let (place, absent) = match i32::from(protocol) {
        libc::IPPROTO_TCP => (start + 16, 0),
        // 0 stands for no checksum there.
        libc::IPPROTO_UDP => (start + 6, u16::MAX),
        _ => return None,
    };
    let mut sum: u32 = 0;
    for pair in packet.get(start..)?.chunks(2) {
        let pair = [pair[0], pair.get(1).copied().unwrap_or_default()];
        sum += u32::from(u16::from_be_bytes(pair));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let checksum = match u16::try_from(sum).map_or(0, |sum| !sum) {
        0 => absent,
        checksum => checksum,
    };
    let mut whole = packet.to_vec();
    let field = whole.get_mut(place..place + 2)?;
    field.copy_from_slice(&checksum.to_be_bytes());
    Some(whole)
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

    /// The ones' complement sum of 16 bit words.
    fn sum(octets: &[u8]) -> u32 {
        let words = octets.chunks(2);
        let sum: u32 = words
            .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)))
            .sum();
        (sum & 0xffff) + (sum >> 16)
    }

    #[test]
    fn a_checksum_left_to_hardware_is_made_whole() {
        for (protocol, field, length) in [(17, 26, 41), (6, 36, 60)] {
            let mut packet = v4(length, [10, 0, 0, 2]);
            packet[9] = protocol;
            packet[12..16].copy_from_slice(&[10, 0, 0, 1]);
            packet.truncate(length.into());
            for (place, octet) in packet[20..].iter_mut().enumerate() {
                *octet = u8::try_from(place * 7 % 256).unwrap();
            }
            let mut pseudo = packet[12..20].to_vec();
            pseudo.extend([0, protocol, 0, length - 20]);
            let partial = u16::try_from(sum(&pseudo)).unwrap();
            packet[field..field + 2].copy_from_slice(&partial.to_be_bytes());
            let whole = summed(&packet).unwrap();
            // A receiver's sum over all of it, the checksum included, is all ones.
            pseudo.extend(&whole[20..]);
            assert_eq!(sum(&pseudo), 0xffff, "{protocol}");
            assert_eq!(whole[..field], packet[..field]);
            assert_eq!(whole[field + 2..], packet[field + 2..]);
        }
    }

    #[test]
    fn other_packets_have_no_checksum_to_be_made() {
        let mut icmp = v4(64, [10, 0, 0, 2]);
        icmp[9] = 1;
        assert_eq!(summed(&icmp), None);
        assert_eq!(summed(&[]), None);
        assert_eq!(summed(&[0x12; 40]), None);
        let mut short = v4(24, [10, 0, 0, 2]);
        short[9] = 17;
        for cut in 0..24 {
            assert_eq!(summed(&short[..cut]), None);
        }
    }
}
