use serde_json::json;

use super::*;

#[tokio::test]
async fn what_is_served_is_observed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/wlan0.ap.sock");
    let socket = ControlSocket::bind(&path, false).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        ControlSocket::bind(&path, false).unwrap_err().kind(),
        ErrorKind::AddrInUse
    );

    let state = |_| async { Some(json!({ "schema_version": SCHEMA_VERSION, "x": 7 })) };
    let client = path.clone();
    let asking = tokio::task::spawn_blocking(move || observe(&client));
    let seen = tokio::select! {
        seen = asking => seen.unwrap().unwrap(),
        () = socket.serve(state) => panic!("it serves forever"),
    };
    assert_eq!(seen["x"], 7);
    drop(socket);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_dead_daemons_socket_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wlan0.sta.sock");
    // Closes without removing its file, as a killed process does.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let error = observe(&path).unwrap_err();
    assert!(error.to_string().contains("is it running?"), "{error}");
    let _socket = ControlSocket::bind(&path, true).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
}

#[tokio::test]
async fn another_version_and_too_much_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wlan0.ap.sock");
    let socket = ControlSocket::bind(&path, false).unwrap();
    for (size, expected) in [(1, "version Some(99)"), (MAX_SIZE, "too large")] {
        let state = move |_| async move {
            Some(json!({ "schema_version": 99, "filler": "x".repeat(size) }))
        };
        let client = path.clone();
        let asking = tokio::task::spawn_blocking(move || observe(&client));
        let seen = tokio::select! {
            seen = asking => seen.unwrap(),
            () = socket.serve(state) => panic!("it serves forever"),
        };
        let text = seen.map_or_else(|error| error.to_string(), |state| state.to_string());
        assert!(text.contains(expected), "{text}");
    }
}

/// A question is answered, one that is broken is explained, and a silent client gets the state.
#[tokio::test]
async fn questions_are_answered() {
    use std::io::{Read, Write};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wlan0.ap.sock");
    let socket = ControlSocket::bind(&path, false).unwrap();
    let answer = |asked: Asked| async move {
        // This test is the daemon's user.
        assert!(asked.may_change);
        Some(json!({ "question": asked.question }))
    };
    let client = path.clone();
    let asking = tokio::task::spawn_blocking(move || {
        let answered = ask(&client, &json!({ "ask": 7 })).unwrap();
        assert_eq!(answered["question"]["ask"], 7);
        assert!(observe(&client).unwrap()["question"].is_null());
        let raw = |text: &str| {
            let mut stream = ClientStream::connect(&client).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        assert!(raw("{\n").contains("not one line of JSON"));
        assert!(raw(&format!("{}\n", "x".repeat(60 << 10))).contains("not one line of JSON"));
        // It neither asks nor hangs up, as monitoring of an earlier release did.
        assert!(raw("").contains("\"question\":null"));
    });
    tokio::select! {
        asked = asking => asked.unwrap(),
        () = socket.serve(answer) => panic!("it serves forever"),
    };
}
