//! Every message, octet by octet, both ways.

use std::string::String;

use super::*;
use crate::id::PenId;

/// The containers of [`full_context`], with their length in front.
const CONTEXT: &str = "0091
    01 01 0001 01
    02 01 0024 04 11 2e 1234 5678 0a000002 c0a80109 02 00015f90 00c8 00004e20 07 01 00009c40 00007530
    03 01 0018 0a000002 0a000001 0a000003 0a000004 ffff0000 0036ee80
    04 01 002a
       00 01020304 04 0a000002
       01 000003e8 04 0a090002
       02 000003e8 06 fe800000000000000000000000000001
    05 01 0016 04 e0000101 06 ff050000000000000000000000000002";

pub(super) fn all() -> Vec<(Vec<u8>, Message)> {
    let hello = Hello {
        bssid: MacAddr([2, 0, 0, 0, 0, 1]),
        frequency: 2_412,
        free: 1_000,
        stations: 0x0102,
        life: 0xdead_beef,
    };
    let admission = Admission {
        kept: 0b101,
        largest: std::vec![1, 0xffff_fffe],
        reason: "voll".into(),
    };
    let with_context = |head: &str| std::format!("{head} {CONTEXT}");
    let samples = [
        (
            1,
            "020000000001 096c 03e8 0102 deadbeef".into(),
            Body::Hello(hello),
        ),
        (
            2,
            "020000000001 096c 03e8 0102 deadbeef".into(),
            Body::HelloAck(hello),
        ),
        (3, with_context(""), Body::Push(full_context())),
        (3, "0000".into(), Body::Push(Context::default())),
        (
            4,
            "05 02 00000001 fffffffe 04 766f6c6c".into(),
            Body::PushAck(admission.clone()),
        ),
        (
            5,
            with_context("21222324") + "00",
            Body::Prepare(Prepare {
                pen: PenId(0x2122_2324),
                context: full_context(),
                own_accord: false,
            }),
        ),
        (
            5,
            "21222324 0000 01".into(),
            Body::Prepare(Prepare {
                pen: PenId(0x2122_2324),
                context: Context::default(),
                own_accord: true,
            }),
        ),
        (
            6,
            "05 02 00000001 fffffffe 04 766f6c6c".into(),
            Body::Ready(admission),
        ),
        (6, "00 00 00".into(), Body::Ready(Admission::default())),
        (
            7,
            "21222324 00000005 020000000009 0800 0003 aabbcc".into(),
            Body::Data(Data {
                pen: PenId(0x2122_2324),
                sequence: 5,
                source: MacAddr([2, 0, 0, 0, 0, 9]),
                ether_type: 0x0800,
                payload: hex("aabbcc"),
            }),
        ),
        (
            8,
            "01 21222324 01 0002 00000001 ffffffff".into(),
            Body::Arrived(Arrived {
                pen: Some(PenId(0x2122_2324)),
                seen: Some(std::vec![1, u32::MAX]),
            }),
        ),
        (
            8,
            "00 00".into(),
            Body::Arrived(Arrived {
                pen: None,
                seen: None,
            }),
        ),
        (
            9,
            with_context("00 21222324 01"),
            Body::ArrivedAck(ArrivedAck {
                outcome: Claim::Flushing(PenId(0x2122_2324)),
                context: Some(full_context()),
            }),
        ),
        (
            9,
            "01 00".into(),
            Body::ArrivedAck(ArrivedAck {
                outcome: Claim::Unknown,
                context: None,
            }),
        ),
        (
            9,
            "02 fffefdfcfbfaf9f8 00".into(),
            Body::ArrivedAck(ArrivedAck {
                outcome: Claim::Outdated(Epoch(0xfffe_fdfc_fbfa_f9f8)),
                context: None,
            }),
        ),
        (
            10,
            "21222324 00000001 00000002 00000003 00000004 00000005 0000c350".into(),
            Body::Flushed(Flushed {
                pen: PenId(0x2122_2324),
                next: 1,
                held: 2,
                expired: 3,
                dropped: 4,
                known: 5,
                oldest: Duration::from_millis(50),
            }),
        ),
        (
            11,
            "21222324 0002 00000007 80000000".into(),
            Body::FlushedAck(FlushedAck {
                pen: PenId(0x2122_2324),
                missing: std::vec![7, 0x8000_0000],
            }),
        ),
        (12, String::new(), Body::Cancel),
        (13, String::new(), Body::CancelAck),
        (14, String::new(), Body::Gone),
    ];
    let samples = samples.into_iter();
    samples
        .map(|(kind, text, body)| (octets(kind, &text), message(body)))
        .collect()
}

#[test]
fn messages_are_written_octet_by_octet() {
    for (octets, message) in all() {
        assert_eq!(encode(&message), octets, "{message:?}");
    }
}

#[test]
fn messages_are_read_octet_by_octet() {
    for (octets, message) in all() {
        assert_eq!(Message::decode(NOW, &octets), Ok(message));
    }
}

#[test]
fn every_kind_has_a_sample() {
    for kind in Kind::ALL {
        assert!(all().iter().any(|(_, m)| m.body.kind() == *kind), "{kind}");
    }
}

#[test]
fn answers_and_requests_belong_together() {
    let answers: Vec<_> = Kind::ALL.iter().filter_map(|kind| kind.answer()).collect();
    for kind in Kind::ALL {
        assert_eq!(kind.is_answer(), answers.contains(kind), "{kind}");
    }
}
