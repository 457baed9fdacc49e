//! What will work on this machine and what will not, and why; for a `doctor` command.

use rether_proto::mac::MacAddr;
use rustix::thread::{CapabilitySet, capabilities};

use crate::error::OsError;
use crate::gate::{Hop, NfqGate, QueueOptions};
use crate::inject::Injector;
use crate::link::{InterfaceName, Link};
use crate::nl80211::{Interface, InterfaceKind, Nl80211};
use crate::rules::{self, Placement};
use crate::token_socket::{ETHER_TYPE, TokenSocket};

/// A queue that nobody is likely to use.
const SPARE_QUEUE: u16 = 65_535;

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked, in a few words.
    pub what: &'static str,
    /// Whether Rether needs it or does better with it.
    pub need: Need,
    /// What was found, or why not and what to do.
    pub result: Result<String, String>,
}

/// How much depends on a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing works without it.
    Must,
    /// It works less well without it.
    Should,
}

/// Checks everything that can be checked without changing anything that lasts. Needs a tokio
/// runtime. With an interface, checks that too.
pub async fn all(interface: Option<&InterfaceName>) -> Vec<Finding> {
    let mut findings = machine();
    let nl80211 = Nl80211::connect().await;
    let family = nl80211
        .as_ref()
        .map(|_| "present".to_owned())
        .map_err(ToString::to_string);
    findings.push(must("nl80211", family));
    if let (Some(name), Ok(nl80211)) = (interface, nl80211) {
        findings.extend(wireless(&nl80211, name).await);
    }
    findings
}

/// What does not depend on an interface or on nl80211.
fn machine() -> Vec<Finding> {
    let queue_rule = |placement| {
        let outcome = rules::try_queue_rule(placement);
        outcome
            .map(|()| "accepted".to_owned())
            .map_err(|error| error.to_string())
    };
    vec![
        must(
            "network administration",
            capability(CapabilitySet::NET_ADMIN, "CAP_NET_ADMIN"),
        ),
        must(
            "raw frames",
            capability(CapabilitySet::NET_RAW, "CAP_NET_RAW"),
        ),
        should(
            "real-time scheduling",
            capability(CapabilitySet::SYS_NICE, "CAP_SYS_NICE"),
        ),
        should(
            "locked memory",
            capability(CapabilitySet::IPC_LOCK, "CAP_IPC_LOCK"),
        ),
        must(
            "nft",
            rules::nft_version().map_err(|error| error.to_string()),
        ),
        must("queue rules (inet)", queue_rule(Placement::Station)),
        should("queue rules (bridge)", queue_rule(Placement::BridgedAp)),
        must("packet queue", queue()),
        should("packets in frames", way_in()),
    ]
}

async fn wireless(nl80211: &Nl80211, name: &InterfaceName) -> Vec<Finding> {
    let link = Link::read(name).map_err(|error| error.to_string());
    let interfaces = nl80211
        .interfaces()
        .await
        .map_err(|error| error.to_string());
    let found = interfaces.and_then(|all| {
        all.into_iter()
            .find(|one| one.name == name.as_str())
            .ok_or_else(|| {
                format!("{name} is not a wireless interface; choose one that `iw dev` shows")
            })
    });
    let mut findings = vec![
        must(
            "interface",
            link.as_ref().map(describe_link).map_err(Clone::clone),
        ),
        must(
            "wireless interface",
            found.as_ref().map(describe).map_err(Clone::clone),
        ),
    ];
    if let Ok(link) = link {
        let socket = TokenSocket::open(&link, ETHER_TYPE);
        let outcome = socket
            .map(|_| "opened".to_owned())
            .map_err(|error| error.to_string());
        findings.push(must("token socket", outcome));
    }
    if let Ok(interface) = found {
        findings.extend(radio(nl80211, interface.wiphy).await);
    }
    findings
}

async fn radio(nl80211: &Nl80211, wiphy: u32) -> [Finding; 2] {
    let radio = nl80211
        .radio(wiphy)
        .await
        .map_err(|error| error.to_string());
    let status = radio.clone().and_then(|radio| {
        let told = radio
            .transmit_status
            .then(|| "reported by the driver".to_owned());
        told.ok_or_else(|| {
            "not reported: lost tokens are noticed by their deadline only".to_owned()
        })
    });
    let queues = radio.and_then(|radio| {
        let told = radio
            .txq_quantum
            .map(|octets| format!("quantum {octets} octets"));
        told.ok_or_else(|| {
            "the driver has queues of its own: a RETURN may overtake its burst".to_owned()
        })
    });
    [
        should("transmit status", status),
        should("mac80211 queues", queues),
    ]
}

fn capability(wanted: CapabilitySet, name: &str) -> Result<String, String> {
    let sets = capabilities(None).map_err(|error| error.to_string())?;
    if sets.effective.contains(wanted) {
        return Ok(name.to_owned());
    }
    Err(format!(
        "{name} is missing; run as root, or give the service this capability"
    ))
}

fn queue() -> Result<String, String> {
    let options = QueueOptions::new(Hop::Station(MacAddr::BROADCAST));
    let mut gate = NfqGate::open().map_err(|error| error.to_string())?;
    gate.bind(SPARE_QUEUE, options)
        .map_err(|error| error.to_string())?;
    gate.unbind(SPARE_QUEUE)
        .map_err(|error| error.to_string())?;
    Ok("usable".to_owned())
}

/// On the loopback interface, where nothing comes of it.
fn way_in() -> Result<String, String> {
    let way_in = || -> Result<(), OsError> {
        let link = Link::read(&InterfaceName::loopback())?;
        Injector::open(&link, None).map(drop)
    };
    way_in()
        .map(|()| "can be taken in".to_owned())
        .map_err(|error| format!("every packet needs a frame of its own: {error}"))
}

fn describe_link(link: &Link) -> String {
    let state = if link.up { "up" } else { "down" };
    let port = if link.bridge.is_some() {
        ", bridge port"
    } else {
        ""
    };
    format!("{} {}, {state}{port}", link.name, link.mac)
}

fn describe(interface: &Interface) -> String {
    let kind = match interface.kind {
        InterfaceKind::Station => "station",
        InterfaceKind::Ap => "access point",
        InterfaceKind::Other(_) => "neither station nor access point",
    };
    let on = interface
        .frequency
        .map(|mhz| format!(", {mhz} MHz"))
        .unwrap_or_default();
    format!("{kind}, radio {}{on}", interface.wiphy)
}

const fn must(what: &'static str, result: Result<String, String>) -> Finding {
    Finding {
        what,
        need: Need::Must,
        result,
    }
}

const fn should(what: &'static str, result: Result<String, String>) -> Finding {
    Finding {
        what,
        need: Need::Should,
        result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_failure_says_why() {
        let findings = all(Some(&"no-such-link".parse().unwrap())).await;
        assert!(findings.len() >= 9);
        for finding in findings {
            if let Err(why) = finding.result {
                assert!(why.len() > 10, "{}: {why}", finding.what);
            }
        }
    }
}
