//! The command lines of our own programs in the guest, all in one place.

/// What a node's daemon is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `rether-ap`.
    Coordinator,
    /// `rether-sta`.
    Agent,
}

impl Role {
    /// The program's name.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Coordinator => "rether-ap",
            Self::Agent => "rether-sta",
        }
    }
}

impl Role {
    /// The name of its configuration below `/etc/rether`.
    #[must_use]
    pub const fn config(self) -> &'static str {
        match self {
            Self::Coordinator => "ap.toml",
            Self::Agent => "sta.toml",
        }
    }
}

fn line(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Runs a daemon as its unit file does. Every node has an `/etc/rether` and a `/run` of its own, so
/// that nothing needs to be said about them. With a `recording`, every input and output goes there.
#[must_use]
pub fn daemon(role: Role, recording: Option<&str>) -> Vec<String> {
    let mut words = line(&[role.program(), "run", "--interface", "wlan0"]);
    if let Some(file) = recording {
        words.extend(line(&["--record", file]));
    }
    words
}

/// Asks the node's daemon for its status, as JSON on standard output.
#[must_use]
pub fn status(role: Role) -> Vec<String> {
    line(&[role.program(), "status", "--json"])
}

/// Asks the node's daemon for its ledger of handoffs, as JSON on standard output.
#[must_use]
pub fn handoffs(role: Role) -> Vec<String> {
    match role {
        Role::Coordinator => line(&[role.program(), "handoffs", "--json"]),
        Role::Agent => line(&[role.program(), "handoff", "history", "--json"]),
    }
}

/// Asks the node's agent to take the station over to the access point whose address is `bssid`.
#[must_use]
pub fn roam(bssid: &str) -> Vec<String> {
    line(&[Role::Agent.program(), "handoff", "to", bssid])
}

/// Lets an end that hears nothing any more go on all the same.
const PATIENT: [&str; 2] = ["--dead-after", "1h"];

/// What `rether-voip` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// A call.
    Call,
    /// A call whose report has the delay of each packet.
    TracedCall,
    /// A probe, whose ends go on when they hear nothing.
    Probe,
}

impl Test {
    fn words(self) -> Vec<String> {
        match self {
            Self::Call => Vec::new(),
            Self::TracedCall => line(&["--packets"]),
            Self::Probe => line(&PATIENT),
        }
    }
}

/// Answers calls at UDP `port` and the one above it, until it is stopped; each is
/// a line of JSON on standard output.
#[must_use]
pub fn answer(port: u16, dscp: Option<u8>, test: Test) -> Vec<String> {
    let port = port.to_string();
    let mut words = line(&[
        "rether-voip",
        "answer",
        "--quiet",
        "--json",
        "--port",
        &port,
    ]);
    words.extend(test.words());
    mark(&mut words, dscp);
    words
}

/// Marks what a program sends.
fn mark(words: &mut Vec<String>, dscp: Option<u8>) {
    if let Some(dscp) = dscp {
        words.extend(line(&["--dscp", &dscp.to_string()]));
    }
}

/// Calls `host` at UDP `port` for `millis` ms; the report is JSON on standard output. It listens
/// at the same port, so that a policy can name both ends of the call.
#[must_use]
pub fn call(
    host: &str,
    port: u16,
    profile: Option<&str>,
    dscp: Option<u8>,
    millis: u128,
    test: Test,
) -> Vec<String> {
    let (port, duration) = (port.to_string(), format!("{millis}ms"));
    let mut words = line(&[
        "rether-voip",
        "call",
        host,
        "--quiet",
        "--json",
        "--port",
        &port,
        "--duration",
        &duration,
    ]);
    if let Some(profile) = profile {
        words.extend(line(&["--profile", profile]));
    }
    words.extend(test.words());
    mark(&mut words, dscp);
    words
}
