//! What is refused, where, and in which words.

use super::*;
use crate::id::PenId;

#[test]
fn errors_say_message_place_and_kind() {
    let numbers = |count: usize| "00000001".repeat(count);
    let address = "02 000003e8 04 0a000001".repeat(9);
    for (bytes, text) in [
        (
            hex(""),
            "frame, octet 0: version needs 1 octets, 0 are left",
        ),
        (
            hex("02"),
            "frame, octet 0: protocol version 2, this is version 1",
        ),
        (hex("01 00"), "frame, octet 1: message type 0 is unknown"),
        (hex("01 0f"), "frame, octet 1: message type 15 is unknown"),
        (
            octets(1, ""),
            "HELLO, octet 24: BSSID needs 6 octets, 0 are left",
        ),
        (
            octets(3, "04b1"),
            "PUSH, octet 24: length of context is 1201, which has no meaning",
        ),
        (
            octets(3, "0001"),
            "PUSH, octet 26: context needs 1 octets, 0 are left",
        ),
        (
            octets(3, "0003 010100"),
            "PUSH, octet 28: container length needs 2 octets, 1 are left",
        ),
        (
            octets(3, "0004 01010001 01"),
            "PUSH, octet 30: container needs 1 octets, 0 are left",
        ),
        (
            octets(3, "0005 01010001 02"),
            "PUSH, octet 30: agent is 2, which has no meaning",
        ),
        (
            octets(3, &std::format!("005e 0401005a {address}")),
            "PUSH, octet 30: addresses of a family is 9, which has no meaning",
        ),
        (
            octets(
                3,
                &std::format!("0059 05010055 {}", "04 e0000001".repeat(17)),
            ),
            "PUSH, octet 110: groups is 17, which has no meaning",
        ),
        (
            octets(3, "0005 05010001 05"),
            "PUSH, octet 30: address family is 5, which has no meaning",
        ),
        (
            octets(3, "0005 04010001 03"),
            "PUSH, octet 30: way of learning is 3, which has no meaning",
        ),
        (
            octets(4, "00 09"),
            "PUSH_ACK, octet 25: number of rates is 9, which has no meaning",
        ),
        (
            octets(6, "00 00 79"),
            "READY, octet 26: length of reason is 121, which has no meaning",
        ),
        (
            octets(6, "00 00 02 c328"),
            "READY, octet 27: reason is not UTF-8",
        ),
        (
            octets(7, "00000001 00000002 020000000001 0800 0901"),
            "DATA, octet 40: length of payload is 2305, which has no meaning",
        ),
        (
            octets(8, "02"),
            "ARRIVED, octet 24: pen known is 2, which has no meaning",
        ),
        (
            octets(8, "00 01 0201"),
            "ARRIVED, octet 26: digests is 513, which has no meaning",
        ),
        (
            octets(8, "00 01 0002 00000001"),
            "ARRIVED, octet 28: digests needs 8 octets, 4 are left",
        ),
        (
            octets(9, "03"),
            "ARRIVED_ACK, octet 24: outcome is 3, which has no meaning",
        ),
        (
            octets(11, &std::format!("00000001 0101 {}", numbers(257))),
            "FLUSHED_ACK, octet 28: missing packets is 257, which has no meaning",
        ),
    ] {
        let error = Message::decode(NOW, &bytes).expect_err(text);
        assert_eq!(std::format!("{error}"), text);
    }
}

#[test]
fn the_longest_lists_are_taken() {
    for body in [
        Body::Arrived(Arrived {
            pen: None,
            seen: Some(std::vec![9; Arrived::MAX_SEEN]),
        }),
        Body::FlushedAck(FlushedAck {
            pen: PenId(1),
            missing: std::vec![9; FlushedAck::MAX_MISSING],
        }),
        Body::Ready(Admission {
            kept: 0,
            largest: std::vec![9; Context::MAX_PROMISES],
            reason: "x".repeat(Admission::MAX_REASON),
        }),
        Body::Data(Data {
            pen: PenId(1),
            sequence: 0,
            source: MacAddr::default(),
            ether_type: 0,
            payload: std::vec![9; Data::MAX_PAYLOAD],
        }),
    ] {
        let message = message(body);
        assert_eq!(Message::decode(NOW, &encode(&message)), Ok(message));
    }
}

#[test]
fn values_that_a_receiver_would_refuse_are_not_sent() {
    let refused = |body| message(body).encode(NOW, &mut [0; 4_000]).unwrap_err();
    let unfit = |field| EncodeError::Unfit { field };
    let arrived = Body::Arrived(Arrived {
        pen: None,
        seen: Some(std::vec![9; Arrived::MAX_SEEN + 1]),
    });
    assert_eq!(refused(arrived), unfit("digests"));
    let flushed = Body::FlushedAck(FlushedAck {
        pen: PenId(1),
        missing: std::vec![9; FlushedAck::MAX_MISSING + 1],
    });
    assert_eq!(refused(flushed), unfit("missing packets"));
    let rates = Admission {
        largest: std::vec![9; Context::MAX_PROMISES + 1],
        ..Admission::default()
    };
    assert_eq!(refused(Body::Ready(rates)), unfit("number of rates"));
    let reason = Admission {
        reason: "x".repeat(Admission::MAX_REASON + 1),
        ..Admission::default()
    };
    assert_eq!(refused(Body::PushAck(reason)), unfit("reason"));
    let data = Body::Data(Data {
        pen: PenId(1),
        sequence: 0,
        source: MacAddr::default(),
        ether_type: 0,
        payload: std::vec![9; Data::MAX_PAYLOAD + 1],
    });
    assert_eq!(refused(data), unfit("payload"));
}

#[test]
fn a_buffer_that_is_too_small_is_an_error() {
    for (octets, message) in golden::all() {
        let mut buf = [0xa5; MAX_MESSAGE];
        for len in 0..octets.len() {
            let error = message.encode(NOW, &mut buf[..len]).unwrap_err();
            assert!(matches!(error, EncodeError::BufferTooSmall { room, .. } if room == len));
        }
        let exact = message.encode(NOW, &mut buf[..octets.len()]);
        assert_eq!(exact, Ok(octets.len()));
    }
}
