//! What people read.

use super::*;

#[test]
fn a_line_for_every_message() {
    let lines = [
        "HELLO epoch 01020304 mode token cycle 151653132 of 84.281s policy 219025168",
        "REGISTER instance 01020304 epoch 05060708 strategies 0x01 name \"px1\"",
        "REGISTER_ACK instance 01020304 full session 05060708 phy DsssShort+wmm policy 151653132 \
         cycle 20.000ms silent 255 turn Burst strategies 0x05",
        "POLICY version 1 part 2 of 2, rules \"voice\"",
        "RESERVE open rule 258 udp 10.0.0.2:4660 > 192.168.1.9:22136 both 50595078 bit/s in 1800 \
         octets within 151.653s",
        "RESERVE close explicit tcp 2001:db8::1:1 > 2001:db8::2:65535 up 4294967295 bit/s in \
         65535 octets within 4294.967s",
        "RESERVED rule 0 udp 10.0.0.2:4660 > 192.168.1.9:22136 up 16909060 bit/s, largest \
         4294967294 bit/s: granted",
        "RESERVED rule 65534 udp 10.0.0.2:4660 > 192.168.1.9:22136 down 16909060 bit/s, largest \
         4294967294 bit/s: refused because the delay bound is below the shortest cycle",
        "TOKEN 16909060 cycle 84281096 rt 151.653s nrt 219.025s valid 286.397s rate 54 Mb/s",
        "TOKEN 4294967295 probe cycle 4294967295 rt 4294.967s nrt 4294.967s valid 4294.967s rate \
         6553.5 Mb/s",
        "RETURN 287454020 refused sent rt 56814 in 1432.778s nrt 65281 in 2578.103s waited 286.397s to \
         219.025s queued rt \
         258/50595078B nrt 1800/151653132B rate unknown",
        "REQUEST queued rt 258/50595078B nrt 1800/151653132B rate 5.5 Mb/s",
        "SCHEDULE 1 cycle 2 02:00:00:00:01:01@167.772s rt 167.772s nrt 167.772s \
         02:00:00:00:01:02@184.549s rt 184.549s nrt 184.549s",
        "DATA 2 packets of 3B token 16909060 cycle 84281096 rt 151.653s nrt 219.025s valid \
         286.397s rate 54 Mb/s",
        "LEAVE prepare 258 for 02:00:00:00:01:0a",
        "GO leave 258: ready",
        "GO prepare 258: partly ready, largest 90000 bit/s, \"full\"",
        "SEEN 2 packets from 02:00:00:00:01:0a",
        "BYE leaving",
    ];
    let printed: Vec<_> = golden::all()
        .into_iter()
        .map(|(_, message)| std::format!("{message}"))
        .collect();
    for line in lines {
        assert!(
            printed.iter().any(|p| p == line),
            "{line}\nis none of {printed:#?}"
        );
    }
}

#[test]
fn a_name_cannot_move_the_cursor() {
    let name = AgentName::try_from("\u{1b}[2J\n").unwrap();
    let register = Register {
        instance: 1,
        epoch: 2,
        strategies: 0,
        name,
        handshake: Handshake::NONE,
    };
    let line = std::format!("{}", Message::Register(register));
    assert!(line.ends_with("name \"\\u{1b}[2J\\n\""), "{line}");
}

#[test]
fn whole_and_broken_frames_explained() {
    let whole = frame(9, &hex("0001 00000040 0000 00000000 0037"));
    let mut broken = frame(
        7,
        &hex("0000002a 07 00000001 00000000 00000000 00000000 0000"),
    );
    let mut version = whole.clone();
    version[0] = 9;
    let line = |octets: &[u8]| std::format!("{}", explain(octets));
    assert_eq!(
        line(&whole),
        "session 0a0b0c0d seq 16909060 REQUEST queued rt 1/64B nrt 0/0B rate 5.5 Mb/s"
    );
    assert_eq!(
        line(&broken),
        "session 0a0b0c0d seq 16909060 broken: TOKEN, octet 24: probe is 7, which has no meaning; \
         43 octets, from 20: 00 00 00 2a>07 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
    );
    broken.truncate(22);
    assert_eq!(
        line(&broken),
        "session 0a0b0c0d seq 16909060 broken: TOKEN, octet 20: body needs 23 octets, 2 are left; \
         22 octets, from 20:>00 00"
    );
    assert_eq!(
        line(&version[..6]),
        "broken: frame, octet 0: protocol version 9, this is version 1; \
         6 octets, from 0:>09 09 00 0e 0a 0b"
    );
    assert_eq!(
        line(&[]),
        "broken: frame, octet 0: version needs 1 octets, 0 are left; 0 octets, from 0:"
    );
}

#[test]
fn a_long_broken_frame_is_not_shown_whole() {
    let octets = frame(14, &[0xff; 1_000]);
    let line = std::format!("{}", explain(&octets));
    assert!(line.ends_with(" ff ff ..."), "{line}");
    assert_eq!(line.matches("ff").count(), 64);
}
