use proptest::prelude::*;

use super::*;

const SESSION: SessionId = SessionId(0x0102_0304_0506_0708);

fn media() -> Media {
    Media {
        port: 5004,
        ssrc: 0xa0b0_c0d0,
        first_sequence: 0xfff0,
    }
}

fn hello(cookie: u64) -> Message {
    let offer = Offer {
        profile: Profile::G729,
        duration_ms: 30_000,
        late_ms: 150,
        media: media(),
    };
    Message::Hello { cookie, offer }
}

fn every_message() -> Vec<Message> {
    let progress = Progress {
        received: 1,
        sent_at_least: 2,
        late: 3,
        delay_p99_us: -4,
        longest_gap_us: 5,
        mos_centi: 438,
    };
    vec![
        hello(u64::MAX),
        Message::Challenge { cookie: 7 },
        Message::Accept {
            boot_id: [9; 16],
            media: media(),
        },
        Message::Refuse(Refusal::Busy),
        Message::Refuse(Refusal::TooLong),
        Message::Ping { t1: 1 },
        Message::Pong {
            t1: 1,
            t2: u64::MAX,
            t3: 3,
            progress,
        },
        Message::Start {
            basis: ClockBasis::Shared,
            offset_ns: 0,
            phase_ns: 1,
        },
        Message::Start {
            basis: ClockBasis::Estimated,
            offset_ns: i64::MIN,
            phase_ns: u32::MAX,
        },
        Message::Started,
        Message::Bye { sent: 1_500 },
        Message::Fetch { piece: 3 },
        Message::Report {
            piece: 1,
            pieces: 2,
            body: vec![b'x'; MAX_PIECE],
        },
        Message::Done,
    ]
}

#[test]
fn every_message_comes_back_and_no_shorter_or_longer_one_does() {
    for message in every_message() {
        let mut bytes = message.encode(SESSION);
        assert!(bytes.len() <= MAX_LEN);
        assert_eq!(Message::decode(&bytes), Ok((SESSION, message.clone())));
        let fixed = if matches!(message, Message::Report { .. }) {
            18
        } else {
            bytes.len()
        };
        for short in 0..fixed {
            let error = Message::decode(&bytes[..short]).unwrap_err();
            assert!(
                matches!(error, DecodeError::Truncated(at) if at <= short),
                "{message:?}"
            );
        }
        let end = bytes.len();
        bytes.push(0);
        assert_eq!(
            Message::decode(&bytes),
            Err(DecodeError::Trailing(end)),
            "{message:?}"
        );
    }
}

#[test]
fn a_hello_byte_by_byte() {
    let golden = [
        b"RVoI".as_slice(),
        &[1, 1, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0, 0, 0, 0, 0, 0, 0, 7],
        &[3, 0, 0, 0x75, 0x30, 0, 0, 0, 150],
        &[0x13, 0x8c, 0xa0, 0xb0, 0xc0, 0xd0, 0xff, 0xf0],
    ]
    .concat();
    assert_eq!(hello(7).encode(SESSION), golden);
    assert_eq!(Message::decode(&golden), Ok((SESSION, hello(7))));
}

#[test]
fn what_comes_before_the_cookie_is_no_longer_than_the_hello() {
    let asked = hello(0).encode(SESSION).len();
    assert!(Message::Challenge { cookie: 1 }.encode(SESSION).len() <= asked);
}

#[test]
fn values_without_meaning_are_named() {
    let spoilt = |message: &Message, at: usize, value: u8| {
        let mut bytes = message.encode(SESSION);
        bytes[at] = value;
        Message::decode(&bytes).unwrap_err()
    };
    assert_eq!(spoilt(&hello(0), 0, b'X'), DecodeError::Magic);
    assert_eq!(spoilt(&hello(0), 4, 2), DecodeError::Version(2));
    assert_eq!(spoilt(&hello(0), 5, 13), DecodeError::Value(5));
    assert_eq!(spoilt(&hello(0), 22, 10), DecodeError::Value(22));
    assert_eq!(
        spoilt(&Message::Refuse(Refusal::Busy), 14, 2),
        DecodeError::Value(14)
    );
    let start = Message::Start {
        basis: ClockBasis::Shared,
        offset_ns: 0,
        phase_ns: 0,
    };
    assert_eq!(spoilt(&start, 14, 2), DecodeError::Value(14));
    let report = Message::Report {
        piece: 0,
        pieces: 1,
        body: Vec::new(),
    };
    assert_eq!(spoilt(&report, 15, 1), DecodeError::Value(14));
}

proptest! {
    #[test]
    fn what_decodes_encodes_to_the_same_bytes(tail in proptest::collection::vec(any::<u8>(), 0..90), code in 0u8..14) {
        let bytes = [b"RVoI".as_slice(), &[1, code], &tail].concat();
        if let Ok((session, message)) = Message::decode(&bytes) {
            prop_assert_eq!(message.encode(session), bytes);
        }
    }

    #[test]
    fn no_datagram_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = Message::decode(&bytes);
    }
}
