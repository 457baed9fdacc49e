use super::*;
use crate::gate::Hop;
use crate::netlink::messages;

/// A packet message as 6.12 sends it from the bridge family, put together by hand.
fn captured(capture_length: Option<u32>) -> Vec<u8> {
    let mut buffer = Vec::new();
    let mut message = Message::begin(&mut buffer, 0x300, 0, 0, &[7, 0, 0, 11])
        .attribute(1, &[0, 0, 0x12, 0x34, 0x08, 0x00, 4])
        .attribute(6, &[0, 0, 0, 3])
        .attribute(20, &[2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0x08, 0x00]);
    if let Some(length) = capture_length {
        message = message.attribute(13, &length.to_be_bytes());
    }
    message.attribute(10, &[0x45, 0xb8, 0, 20]);
    buffer
}

#[test]
fn reads_a_packet() {
    let bytes = captured(Some(1028));
    let message = messages(&bytes).next().unwrap();
    let expected = Queued {
        queue: 11,
        id: 0x1234,
        protocol: 0x0800,
        len: 1028,
        link_destination: Some(MacAddr([2, 0, 0, 0, 1, 0])),
        link_source: Some(MacAddr([2, 0, 0, 0, 0, 0])),
        payload: &[0x45, 0xb8, 0, 20],
        unsummed: false,
        tagged: false,
    };
    assert_eq!(read(&message), Some(expected));
    assert!(expected.is_ip());
    let short = captured(None);
    assert_eq!(read(&messages(&short).next().unwrap()).unwrap().len, 4);
}

#[test]
fn a_packet_is_given_out_with_its_checksum_and_without_its_tag_not_at_all() {
    let mut payload = [0; 29];
    payload[..20].copy_from_slice(&[
        0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ]);
    let queued = Queued {
        queue: 1,
        id: 1,
        protocol: 0x0800,
        len: 29,
        link_destination: None,
        link_source: None,
        payload: &payload,
        unsummed: false,
        tagged: false,
    };
    assert_eq!(queued.whole().as_deref(), Some(&payload[..]));
    let unsummed = Queued {
        unsummed: true,
        ..queued
    };
    let summed = packet::summed(&payload).unwrap();
    assert_ne!(summed, payload);
    assert_eq!(unsummed.whole().as_deref(), Some(&summed[..]));
    let tagged = Queued {
        tagged: true,
        ..queued
    };
    assert_eq!(tagged.whole(), None);
}

#[test]
fn mangled_packets_are_refused_or_read_but_never_panic() {
    let bytes = captured(Some(1028));
    for cut in 0..bytes.len() {
        assert!(messages(&bytes[..cut]).next().is_none());
        let mut shorter = bytes[..cut].to_vec();
        if cut >= 16 {
            shorter[..4].copy_from_slice(&u32::try_from(cut).unwrap().to_ne_bytes());
            let read = read(&messages(&shorter).next().unwrap());
            assert_eq!(read.is_some(), cut >= 31, "{cut}");
        }
    }
    for at in 16..bytes.len() {
        for value in [0, 1, 3, 4, 0x7f, 0xff] {
            let mut odd = bytes.clone();
            odd[at] = value;
            let _ = read(&messages(&odd).next().unwrap());
        }
    }
}

#[test]
fn other_messages_are_no_packets() {
    let mut bytes = captured(None);
    bytes[4] = 1;
    assert_eq!(read(&messages(&bytes).next().unwrap()), None);
}

#[test]
fn golden_requests() {
    let mut buffer = Vec::new();
    bind(&mut buffer, 0x0102, 5);
    #[rustfmt::skip]
    assert_eq!(buffer, [
        28, 0, 0, 0, 2, 3, 5, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2,
        8, 0, 1, 0, 1, 0, 0, 0,
    ]);
    buffer.clear();
    unbind(&mut buffer, 2, 6);
    assert_eq!(buffer[20..], [8, 0, 1, 0, 2, 0, 0, 0]);
    buffer.clear();
    set_up(
        &mut buffer,
        2,
        &QueueOptions::new(Hop::Neighbour),
        HEADERS,
        6,
    );
    #[rustfmt::skip]
    assert_eq!(buffer[20..], [
        9, 0, 2, 0, 0, 0, 0, 128, 2, 0, 0, 0,
        8, 0, 3, 0, 0, 0, 255, 255,
        8, 0, 5, 0, 0, 0, 0, 1,
        8, 0, 4, 0, 0, 0, 0, 5,
    ]);
    buffer.clear();
    verdict(&mut buffer, 11, Scope::UpTo(0x1234), Fate::Accept, 3);
    verdict(&mut buffer, 11, Scope::One(0x1236), Fate::Drop, 1);
    verdict(&mut buffer, 11, Scope::UpTo(0x1237), Fate::Grant, 1);
    #[rustfmt::skip]
    assert_eq!(buffer, [
        32, 0, 0, 0, 3, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11,
        12, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0x12, 0x34,
        32, 0, 0, 0, 1, 3, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11,
        12, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x36,
        40, 0, 0, 0, 3, 3, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11,
        12, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0x12, 0x37,
        8, 0, 21, 0, 0, 0, 1, 5,
    ]);
}
