//! Messages that are cut off, extended or damaged.

use super::*;

/// What holds for any octets: no panic, and a message that decodes survives another round trip
/// with the same meaning.
pub(super) fn check(octets: &[u8]) {
    let Ok(message) = Message::decode(NOW, octets) else {
        return;
    };
    // What has lapsed when it comes, and an order of addresses that this end does not send, do not
    // come a second time; whatever is sent then, comes.
    let again = Message::decode(NOW, &encode(&message)).unwrap();
    assert_eq!(Message::decode(NOW, &encode(&again)), Ok(again.clone()));
    assert_eq!(again.body.kind(), message.body.kind());
    assert_eq!(
        (again.station, again.from, again.epoch, again.id),
        (message.station, message.from, message.epoch, message.id)
    );
}

#[test]
fn a_message_cut_anywhere_is_an_error() {
    for (octets, message) in golden::all() {
        for len in 0..octets.len() {
            let error = Message::decode(NOW, &octets[..len]).unwrap_err();
            let DecodeErrorKind::Truncated { have, .. } = error.kind else {
                panic!("{message:?} {len}: {error}");
            };
            // It says where: what is left there is what there is.
            assert_eq!(usize::from(error.at) + usize::from(have), len, "{error}");
        }
    }
}

#[test]
fn what_comes_behind_the_known_fields_is_skipped() {
    for (octets, message) in golden::all() {
        for tail in ["00", "ffffffff", "0102030405060708090a0b"] {
            let mut longer = octets.clone();
            longer.extend(hex(tail));
            assert_eq!(Message::decode(NOW, &longer), Ok(message.clone()));
        }
    }
}

#[test]
fn flags_are_not_looked_at() {
    for (mut octets, message) in golden::all() {
        octets[2..4].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(Message::decode(NOW, &octets), Ok(message));
    }
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

/// Flips a bit and ends the message anywhere, so that damaged lengths meet every end.
#[test]
fn damaged_messages_cut_anywhere_are_survived() {
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
