use super::*;
use rether_proto::ledger::Refusal;
use rether_proto::wire::RefusalReason;

const MS: Duration = Duration::from_millis(1);

fn some_account(booked_ms: u64) -> Account {
    Account {
        cycle: MS * 20,
        booked: MS * booked_ms,
        capacity: MS * 18,
        unregistered: 35,
        calls_left: 7,
    }
}

fn admit(what_if: bool) -> Request {
    Request::Admit {
        station: "phone".into(),
        key: FlowKey::UNKNOWN,
        direction: Direction::Up,
        promise: Promise {
            rate: 500_000,
            packet: 1_200,
            delay: MS * 50,
        },
        rank: Rank::default(),
        idle: Duration::from_secs(30),
        what_if,
    }
}

fn said(answer: Answer) -> Said {
    Said {
        station: MacAddr([2, 0, 0, 0, 0, 1]),
        answer,
        reserved: false,
    }
}

fn granted() -> Answer {
    Answer {
        refusal: None,
        largest: 2_000_000,
        before: some_account(4),
        after: some_account(9),
        changes: Vec::new(),
    }
}

#[test]
fn requests_survive_the_socket_and_know_what_they_change() {
    for (request, changes) in [
        (admit(true), false),
        (admit(false), true),
        (
            Request::Release {
                station: "x".into(),
                key: FlowKey::UNKNOWN,
            },
            true,
        ),
        (
            Request::Rate {
                station: "x".into(),
                up: Rate(60),
                down: Rate(60),
            },
            false,
        ),
    ] {
        assert_eq!(request.changes(), changes, "{request:?}");
        let line = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), request);
    }
    let wrong = serde_json::from_str::<Request>(r#"{"ask":"admitt"}"#).unwrap_err();
    assert!(wrong.to_string().contains("expected one of"), "{wrong}");
}

#[test]
fn answers_read_like_sentences() {
    let text = human(&admit(true), &said(granted()));
    assert!(
        text.contains("would be granted to 02:00:00:00:00:01"),
        "{text}"
    );
    assert!(
        text.contains("the largest rate that fits: 2.0 Mbit/s"),
        "{text}"
    );
    assert!(
        text.contains("promised 9.000ms of 18.000ms in each cycle of 20.000ms (50.0 %)"),
        "{text}"
    );
    assert!(text.contains("use 3.5 %, room for 7 more calls"), "{text}");
    assert!(text.contains("nobody else is affected"), "{text}");

    let refused = Answer {
        refusal: Some(Refusal {
            reason: RefusalReason::UnregisteredLoad,
            largest: 64_000,
        }),
        largest: 64_000,
        ..granted()
    };
    let text = human(&admit(false), &said(refused));
    assert!(
        text.contains("refused: stations without an agent"),
        "{text}"
    );
    assert!(text.contains("fits: 64.0 kbit/s"), "{text}");
}

#[test]
fn victims_are_named() {
    let changed = |change| rether_proto::coordinator::what_if::Changed {
        station: MacAddr([2, 0, 0, 0, 0, 2]),
        key: FlowKey::UNKNOWN,
        rule: Some("bulk".into()),
        rate: 4_000_000,
        change,
    };
    let answer = Answer {
        changes: vec![
            changed(Change::Shrink(1_000_000)),
            changed(Change::Withdraw),
        ],
        ..granted()
    };
    let request = Request::Rate {
        station: "phone".into(),
        up: Rate(60),
        down: Rate(60),
    };
    let text = human(&request, &said(answer));
    assert!(
        text.contains("reduced from 4.0 Mbit/s to 1.0 Mbit/s: "),
        "{text}"
    );
    assert!(text.contains("withdrawn (4.0 Mbit/s): "), "{text}");
    assert!(text.contains("of 02:00:00:00:00:02, rule bulk"), "{text}");
    assert!(!text.contains("largest"), "{text}");
}

#[test]
fn settings_are_phy_rates() {
    assert_eq!(setting("rate=6"), Ok(Rate(60)));
    assert_eq!(setting("rate=5.5"), Ok(Rate(55)));
    assert_eq!(setting("rate=54Mbit"), Ok(Rate(540)));
    assert!(setting("rate=7").unwrap_err().contains("5.5Mbit"));
    assert!(setting("load=7").unwrap_err().contains("rate=6"));
}
