use super::*;

fn two_messages() -> Vec<u8> {
    let mut buffer = Vec::new();
    Message::begin(&mut buffer, 0x301, 5, 7, &[1, 2, 3, 4])
        .attribute(9, b"abc")
        .attribute(8, &[]);
    Message::begin(&mut buffer, 2, 0, 8, &(-libc::ENOENT).to_ne_bytes());
    buffer
}

#[test]
fn golden_bytes() {
    #[rustfmt::skip]
    let expected = [
        32, 0, 0, 0, 0x01, 0x03, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4,
        7, 0, 9, 0, b'a', b'b', b'c', 0,
        4, 0, 8, 0,
        20, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff,
    ];
    assert_eq!(two_messages(), expected);
}

#[test]
fn reads_what_it_wrote() {
    let bytes = two_messages();
    let read: Vec<_> = messages(&bytes).collect();
    assert_eq!(read.len(), 2);
    assert_eq!(
        (read[0].kind, read[0].sequence, read[0].error()),
        (0x301, 7, None)
    );
    let found: Vec<_> = attributes(&read[0].body[4..]).collect();
    assert_eq!(found, [(9, &b"abc"[..]), (8, &[])]);
    assert_eq!((read[1].sequence, read[1].error()), (8, Some(libc::ENOENT)));
}

#[test]
fn truncation_at_every_length_only_shortens() {
    let bytes = two_messages();
    for cut in 0..bytes.len() {
        let count = messages(&bytes[..cut]).count();
        assert_eq!(count, usize::from(cut >= 32), "{cut}");
    }
    let first = messages(&bytes).next().unwrap();
    let found = |cut: usize| attributes(&first.body[4..4 + cut]).count();
    assert_eq!(
        (0..=12).map(found).collect::<Vec<_>>(),
        [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2]
    );
}

#[test]
fn hostile_lengths_end_the_walk() {
    for length in [0_u32, 1, 15, 0x7fff_ffff, u32::MAX] {
        let mut bytes = two_messages();
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        assert_eq!(messages(&bytes).count(), 0, "{length}");
    }
    for length in [0_u16, 3, 9, u16::MAX] {
        let mut bytes = vec![0, 0, 1, 0, 1, 2, 3, 4];
        bytes[..2].copy_from_slice(&length.to_ne_bytes());
        assert_eq!(attributes(&bytes).count(), 0, "{length}");
    }
    // An error message without its number is an error all the same.
    let mut short = Vec::new();
    Message::begin(&mut short, 2, 0, 0, &[]);
    assert_eq!(
        messages(&short).next().unwrap().error(),
        Some(libc::EBADMSG)
    );
    // The most negative number does not overflow.
    let mut odd = Vec::new();
    Message::begin(&mut odd, 2, 0, 0, &i32::MIN.to_ne_bytes());
    assert_eq!(messages(&odd).next().unwrap().error(), Some(i32::MAX));
}

#[test]
fn pieces_end_where_messages_do() {
    let mut buffer = Vec::new();
    for number in 0..10_u8 {
        let payload = vec![number; usize::from(number)];
        Message::begin(&mut buffer, 1, 0, 0, &[]).attribute(1, &payload);
    }
    for size in [0, 25, 60, 100, 1000] {
        let cut: Vec<_> = pieces(&buffer, size).collect();
        assert_eq!(cut.concat(), buffer, "{size}");
        let whole = cut.iter().all(|piece| {
            let count = messages(piece).count();
            let length: usize = messages(piece).map(|one| HEADER + one.body.len()).sum();
            length == piece.len() && (piece.len() <= size || count == 1)
        });
        assert!(whole, "{size}");
    }
    assert_eq!(pieces(&[], 10).count(), 0);
}
