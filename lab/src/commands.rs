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

/// Where a node's daemon finds its configuration, if it has one.
#[must_use]
pub fn config_path(role: Role, node: &str) -> Option<String> {
    match role {
        Role::Coordinator => Some(format!("/etc/rether/{node}/ap.toml")),
        Role::Agent => None,
    }
}

/// The control socket of a node's daemon.
#[must_use]
pub fn control_path(node: &str) -> String {
    format!("/run/rether/{node}.sock")
}

fn line(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Runs the daemon of `node` on its `wlan0`.
#[must_use]
pub fn daemon(role: Role, node: &str) -> Vec<String> {
    let control = control_path(node);
    let mut words = line(&[
        role.program(),
        "run",
        "--interface",
        "wlan0",
        "--control",
        &control,
    ]);
    if let Some(config) = config_path(role, node) {
        words.extend(line(&["--config", &config]));
    }
    words
}

/// Asks the daemon of `node` for its status, as JSON on standard output.
#[must_use]
pub fn status(role: Role, node: &str) -> Vec<String> {
    line(&[
        role.program(),
        "status",
        "--json",
        "--control",
        &control_path(node),
    ])
}

/// Answers calls at UDP `port`, until it is stopped.
#[must_use]
pub fn answer(port: u16) -> Vec<String> {
    line(&["rether-voip", "answer", "--port", &port.to_string()])
}

/// Calls `host` at UDP `port` for `seconds`; the report is JSON on standard output.
#[must_use]
pub fn call(host: &str, port: u16, codec: Option<&str>, seconds: f64) -> Vec<String> {
    let duration = format!("{seconds}s");
    let mut words = line(&[
        "rether-voip",
        "call",
        host,
        "--port",
        &port.to_string(),
        "--duration",
        &duration,
        "--json",
    ]);
    if let Some(codec) = codec {
        words.extend(line(&["--codec", codec]));
    }
    words
}
