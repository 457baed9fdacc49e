use std::os::unix::net::UnixDatagram;
use std::thread;

use super::*;

/// A daemon that answers each command by the table, and ends with it.
fn daemon(path: &Path, answers: &'static [(&'static str, &'static [&'static str])]) {
    let socket = UnixDatagram::bind(path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        for (command, replies) in answers {
            let (length, from) = socket.recv_from(&mut buffer).unwrap();
            assert_eq!(std::str::from_utf8(&buffer[..length]).unwrap(), *command);
            for reply in *replies {
                socket
                    .send_to(reply.as_bytes(), from.as_pathname().unwrap())
                    .unwrap();
            }
        }
    });
}

const PING: (&str, &[&str]) = ("PING", &["PONG\n"]);

#[tokio::test]
async fn commands_and_their_replies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wlan0");
    daemon(
        &path,
        &[
            PING,
            ("STATUS", &["state=ENABLED\nfreq=5180\n"]),
            ("SET a 1", &["OK\n"]),
            ("UPDATE_BEACON", &["<3>CTRL-EVENT-SCAN-RESULTS ", "OK\n"]),
            ("SET b 2", &["FAIL\n"]),
            ("UPDATE", &["UNKNOWN COMMAND\n"]),
            ("SET c 3", &["odd\n"]),
        ],
    );
    let mut control = Control::connect(&path).await.unwrap();
    assert_eq!(
        control.fields("STATUS").await.unwrap().get("freq"),
        Some("5180")
    );
    control.order("SET a 1").await.unwrap();
    control.order("UPDATE_BEACON").await.unwrap();
    for command in ["SET b 2", "UPDATE", "SET c 3"] {
        let error = control.order(command).await.unwrap_err();
        assert!(matches!(error, ControlError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(command), "{error}");
    }
    let own = control.socket.own.clone();
    assert!(own.exists());
    drop(control);
    assert!(!own.exists());
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_is_not_taken_for_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wlan0");
    let daemon = tokio::net::UnixDatagram::bind(&path).unwrap();
    let serve = async {
        let mut buffer = [0; 64];
        let mut peers = Vec::new();
        for reply in ["PONG", "", "second"] {
            let (_, from) = daemon.recv_from(&mut buffer).await.unwrap();
            peers.push(from.as_pathname().unwrap().to_owned());
            if !reply.is_empty() {
                daemon
                    .send_to(reply.as_bytes(), &peers[peers.len() - 1])
                    .await
                    .unwrap();
            }
        }
        peers
    };
    let ask = async {
        let mut control = Control::connect(&path).await.unwrap();
        let error = control.request("first").await.unwrap_err();
        assert!(matches!(error, ControlError::Silent { .. }), "{error}");
        assert_eq!(control.request("second").await.unwrap(), "second");
    };
    let (peers, ()) = tokio::join!(serve, ask);
    assert_eq!(peers[0], peers[1]);
    assert_ne!(peers[1], peers[2]);
}

#[tokio::test]
async fn events_after_attach() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wlan0");
    let events: &[&str] = &[
        "OK\n",
        "<3>AP-STA-CONNECTED 02:00:00:00:01:00\n",
        "noise",
        "<4>BYE",
    ];
    daemon(&path, Box::leak(Box::new([PING, ("ATTACH", events)])));
    let mut stream = ControlEvents::attach(&path).await.unwrap();
    assert_eq!(stream.next().await.unwrap().detail, "02:00:00:00:01:00");
    assert_eq!(stream.next().await.unwrap().name, "BYE");
}

#[tokio::test]
async fn nobody_there() {
    let folder = tempfile::tempdir().unwrap();
    let error = Control::connect(&folder.path().join("wlan0"))
        .await
        .unwrap_err();
    let text = error.to_string();
    let remedy = format!("ctrl_interface={}", folder.path().display());
    assert!(text.contains(&remedy), "{text}");
}
