//! Frames that are cut off, padded, extended or damaged.

use super::*;

/// What holds for any octets: no panic, not in the printer either, and a frame that decodes
/// survives another round trip with the same meaning.
pub(super) fn check(octets: &[u8]) {
    std::hint::black_box(std::format!("{}", explain(octets)));
    if let Ok((header, message)) = Message::decode(octets) {
        let again = encode(&header, &message);
        assert_eq!(
            Message::decode(&again),
            Ok((header, message)),
            "{octets:02x?}"
        );
    }
}

#[test]
fn a_frame_cut_anywhere_is_an_error() {
    for (octets, message) in golden::all() {
        for len in 0..octets.len() {
            let error = Message::decode(&octets[..len]).unwrap_err();
            let kind = error.kind;
            assert!(
                matches!(kind, DecodeErrorKind::Truncated { .. }),
                "{message} {len}: {error}"
            );
            check(&octets[..len]);
        }
    }
}

/// The length field tells of the cut, as in a frame that was sent too short.
#[test]
fn a_short_body_is_an_error_unless_it_ends_where_a_tlv_starts() {
    for (octets, message) in golden::all() {
        let tlvs_from = match &message {
            Message::Register(_) => HEADER_LEN + 9,
            Message::Policy(_) => HEADER_LEN + 6,
            Message::Go(_) => HEADER_LEN + 8,
            _ => octets.len(),
        };
        let mut ends = std::vec![];
        let mut at = tlvs_from;
        while at < octets.len() {
            ends.push(at);
            at += 2 + usize::from(octets[at + 1]);
        }
        for len in HEADER_LEN..octets.len() {
            let mut cut = octets[..len].to_vec();
            fix_length(&mut cut);
            assert_eq!(
                Message::decode(&cut).is_ok(),
                ends.contains(&len),
                "{message} {len}"
            );
            check(&cut);
        }
    }
}

#[test]
fn padding_is_ignored() {
    for (octets, message) in golden::all() {
        for padding in [[0; 46], [0xff; 46]] {
            let mut padded = octets.clone();
            padded.extend(padding);
            assert_eq!(Message::decode(&padded), Ok((HEADER, message.clone())));
        }
    }
}

#[test]
fn unknown_tlvs_are_skipped() {
    for (octets, message) in golden::all() {
        for tlv in ["c8 00", "c8 03 aabbcc", "c8 01 01 c9 00"] {
            let mut longer = octets.clone();
            longer.extend(hex(tlv));
            fix_length(&mut longer);
            assert_eq!(
                Message::decode(&longer),
                Ok((HEADER, message.clone())),
                "{tlv}"
            );
        }
    }
}

#[test]
fn unknown_tlvs_in_a_rule_are_skipped() {
    let octets = frame(
        4,
        &hex("00000001 00 01
              01 1b 02 00000001 0002 00000003 00000004 c8 03 aabbcc 03 01 06 c9 00 00 00"),
    );
    let (_, message) = Message::decode(&octets).unwrap();
    let Message::Policy(policy) = message else {
        panic!("{message}");
    };
    let matches = Match {
        protocol: Some(6),
        ..Match::default()
    };
    assert_eq!(policy.rules[0].matches, matches);
}

#[test]
fn a_cut_tlv_at_the_end_is_an_error() {
    for (octets, message) in golden::all() {
        for (tlv, field, behind, have) in [
            ("c8", "TLV length", 1, 0),
            ("c8 02 aa", "TLV", 2, 1),
            ("c8 ff", "TLV", 2, 0),
        ] {
            let mut longer = octets.clone();
            longer.extend(hex(tlv));
            fix_length(&mut longer);
            let error = Message::decode(&longer).unwrap_err();
            assert_eq!(error.message, Some(message.message_type()));
            assert_eq!(usize::from(error.at), octets.len() + behind);
            let DecodeErrorKind::Truncated {
                field: f, have: h, ..
            } = error.kind
            else {
                panic!("{error}");
            };
            assert_eq!((f, h), (field, have));
        }
    }
}

#[test]
fn the_last_of_two_names_counts() {
    let octets = frame(2, &hex("00000001 00000002 01 01 01 61 01 02 6262"));
    let (_, message) = Message::decode(&octets).unwrap();
    let Message::Register(register) = message else {
        panic!("{message}");
    };
    assert_eq!(register.name.as_str(), "bb");
}

#[test]
fn any_value_of_any_octet_is_survived() {
    for (mut octets, _) in golden::all() {
        for at in 0..octets.len() {
            let whole = octets[at];
            for value in 0..=u8::MAX {
                octets[at] = value;
                check(&octets);
            }
            octets[at] = whole;
        }
    }
}

/// Flips a bit and ends the frame anywhere, so that damaged lengths meet every end.
#[test]
fn damaged_frames_cut_anywhere_are_survived() {
    for (mut octets, _) in golden::all() {
        for bit in 0..octets.len() * 8 {
            octets[bit / 8] ^= 1 << (bit % 8);
            for len in (bit / 8 + 1)..octets.len() {
                check(&octets[..len]);
            }
            octets[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
