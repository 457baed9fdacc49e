//! Token frames over a cable.

use std::os::fd::AsFd;

use rether_linux::poll;
use rether_linux::token_socket::{ETHER_TYPE, TokenSocket};
use rether_proto::mac::MacAddr;
use rether_proto::machine::{Transmit, TxHandle};

use crate::setup::{Cable, run};

#[test]
#[ignore = "needs root: run in the lab VM or under `unshare -n`"]
fn frames_come_and_a_link_that_goes_down_is_an_event() {
    let cable = Cable::lay("tok0", "tok1", 51);
    let mut near = TokenSocket::open(&cable.near, ETHER_TYPE).unwrap();
    let mut far = TokenSocket::open(&cable.far, ETHER_TYPE).unwrap();
    let transmit = Transmit {
        to: MacAddr::BROADCAST,
        len: 5,
        tid: 6,
        handle: Some(TxHandle(1)),
    };
    near.send(&transmit, b"hello").unwrap();
    poll::wait([far.as_fd()]).unwrap();
    let received = far.receive().unwrap().unwrap();
    assert_eq!(
        (received.from, received.to),
        (cable.near.mac, MacAddr::BROADCAST)
    );
    assert_eq!(received.bytes, b"hello");
    assert_eq!(far.receive().unwrap(), None);
    // A cable reports no status.
    assert_eq!(near.status().unwrap(), None);

    run("ip link set tok0 down");
    assert!(near.send(&transmit, b"lost").unwrap_err().is_link_down());
    let ready = poll::wait([near.as_fd()]).unwrap()[0];
    assert!(ready.error);
    assert_eq!(near.status().unwrap(), None);
    assert!(near.receive().unwrap_err().is_link_down());
    assert_eq!(near.receive().unwrap(), None);
    run("ip link set tok0 up");
    near.send(&transmit, b"again").unwrap();
    far.send(
        &Transmit {
            to: cable.near.mac,
            ..transmit
        },
        b"back",
    )
    .unwrap();
    assert_eq!(near.receive().unwrap().unwrap().bytes, b"back");

    let long = vec![0; 4000];
    assert!(near.send(&transmit, &long).is_err());
    drop(cable);
    assert!(near.send(&transmit, b"gone").unwrap_err().is_link_down());
}
