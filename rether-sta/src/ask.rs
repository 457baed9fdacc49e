//! What programs of this station ask for: both ends of the control socket.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rether_daemon::about::About;
use rether_daemon::control::Asked;
use rether_daemon::driver::Orders;
use rether_daemon::table::bit_rate;
use rether_daemon::{cli, exit};
use rether_linux::gate::NfqGate;
use rether_proto::agent::{Agent, AgentCommand, Wish};
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::policy::{Match, PolicyTable, PortRange, Prefix, Promise, Rank, Rule};
use rether_proto::wire::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::handoff::Desk;
use crate::{run, status};

/// Changes of promises that the state shows.
const KEPT: usize = 32;
/// How long the coordinator may take to answer.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How often the daemon looks whether it did.
const LOOK: Duration = Duration::from_millis(20);

/// One line of JSON to the control socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Ask for a promise.
    Reserve { wish: Wish },
    /// Give it up.
    Release { key: FlowKey },
    /// Move to another access point.
    Handoff { to: MacAddr },
    /// Show the last handoffs.
    Handoffs,
}

/// What became of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// The flow, as this station sends it.
    pub(crate) key: FlowKey,
    pub(crate) outcome: Outcome,
    /// What is promised now, in bit/s.
    pub(crate) rate: u32,
    /// What would fit, in bit/s.
    pub(crate) largest: u32,
}

/// The latest changes; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<Mutex<VecDeque<(Instant, Change)>>>);

impl Told {
    pub(crate) fn note(&self, change: Change) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((Instant::now(), change));
    }

    /// What became of a flow since then.
    fn since(&self, at: Instant, key: &FlowKey) -> Option<Change> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest = kept.iter().rev().take_while(|(when, _)| *when >= at);
        latest
            .find(|(_, change)| change.key == *key)
            .map(|(_, change)| *change)
    }

    /// For the state, the latest last.
    pub(crate) fn json(&self) -> Value {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let each = kept.iter().map(|(when, change)| {
            json!({
                "ago_s": when.elapsed().as_secs(),
                "flow": change.key,
                "outcome": change.outcome,
                "words": change.outcome.to_string(),
                "rate": change.rate,
                "largest": change.largest,
            })
        });
        each.collect()
    }
}

/// What questions are answered from; clones are the same.
#[derive(Clone)]
pub(crate) struct Counter {
    pub(crate) orders: Orders<Agent, NfqGate>,
    pub(crate) about: Arc<About>,
    pub(crate) told: Told,
    pub(crate) desk: Desk,
}

/// The control socket's answers: the state, or what was asked.
pub(crate) async fn serve(counter: Counter, asked: Asked) -> Option<Value> {
    let Some(question) = asked.question else {
        return status::state(counter.orders, counter.about, &counter.told).await;
    };
    Some(match decide(&counter, question, asked.may_change).await {
        Ok(answer) => answer,
        Err(error) => json!({ "error": format!("{error:#}") }),
    })
}

async fn decide(counter: &Counter, question: Value, may_change: bool) -> anyhow::Result<Value> {
    let request: Request = serde_json::from_value(question)?;
    anyhow::ensure!(
        may_change || request == Request::Handoffs,
        "only root and the user that rether-sta runs as may ask for promises and handoffs"
    );
    let (key, command) = match request {
        Request::Handoffs => return Ok(counter.desk.history()),
        Request::Handoff { to } => return counter.desk.order(to).await,
        Request::Reserve { wish } => (wish.key, AgentCommand::Reserve(wish)),
        Request::Release { key } => (key, AgentCommand::Release(key)),
    };
    let orders = &counter.orders;
    let status = orders.inspect(|view| view.machine.status()).await?;
    anyhow::ensure!(
        status.registered,
        "there is no coordinator to ask: the access point runs no rether-ap, or is out of reach"
    );
    let start = Instant::now();
    orders.command(command);
    while start.elapsed() < PATIENCE {
        if let Some(change) = counter.told.since(start, &key) {
            return Ok(json!({ "change": change }));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(json!({ "change": null }))
}

/// Asks, and shows what the coordinator decided; the exit code says whether it agreed.
pub(crate) fn ask(control: Option<&Path>, request: &Request, as_json: bool) -> anyhow::Result<u8> {
    let answer = cli::ask(control, run::SUFFIX, &serde_json::to_value(request)?)?;
    if as_json {
        cli::print(&format!("{answer}\n"))?;
    }
    let change: Option<Change> = serde_json::from_value(answer["change"].clone())?;
    let (text, code) = human(change);
    if !as_json {
        cli::print(&text)?;
    }
    Ok(code)
}

fn human(change: Option<Change>) -> (String, u8) {
    let Some(Change {
        key,
        outcome,
        rate,
        largest,
    }) = change
    else {
        let text = "no answer yet: it was not reserved, or will be asked for again\n";
        return (text.into(), exit::FAILED);
    };
    let (rate, largest) = (bit_rate(rate.into()), bit_rate(largest.into()));
    match outcome {
        Outcome::Granted | Outcome::Degraded(_) => {
            (format!("{key}: {outcome}, {rate}\n"), exit::OK)
        }
        Outcome::Released => (format!("{key}: {outcome}\n"), exit::OK),
        Outcome::Refused(_) | Outcome::Withdrawn(_) => {
            let text = format!("{key}: {outcome}; the largest rate that fits: {largest}\n");
            (text, exit::FAILED)
        }
    }
}

/// This machine's address on the way to another.
///
/// # Errors
/// There is no way.
pub(crate) fn own_address(remote: IpAddr) -> anyhow::Result<IpAddr> {
    let any: SocketAddr = if remote.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    // Connecting a UDP socket sends nothing: it only looks for the route.
    let socket = UdpSocket::bind(any)?;
    socket
        .connect((remote, 9))
        .with_context(|| format!("there is no route to {remote}"))?;
    Ok(socket.local_addr()?.ip())
}

/// The table with a rule for each flow that programs want, for what the gate watches.
pub(crate) fn with_wishes(table: &PolicyTable, wishes: &[FlowKey]) -> PolicyTable {
    let port = |port: u16| PortRange::new(port, port).ok().filter(|_| port != 0);
    let whole = |addr: IpAddr| Prefix {
        addr,
        bits: if addr.is_ipv4() { 32 } else { 128 },
    };
    let rule = |key: &FlowKey| Rule {
        name: String::new(),
        matches: Match {
            protocol: Some(key.protocol),
            station_ip: Some(whole(key.src)),
            remote_ip: Some(whole(key.dst)),
            station_port: port(key.src_port),
            remote_port: port(key.dst_port),
            ..Match::default()
        },
        promise: Promise {
            rate: 0,
            packet: 0,
            delay: rether_proto::time::Duration::ZERO,
        },
        remark: None,
        rank: Rank::default(),
        idle: rether_proto::time::Duration::ZERO,
    };
    let mut table = table.clone();
    table.rules.extend(wishes.iter().map(rule));
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use rether_daemon::matches::watched;
    use rether_proto::policy::Direction;
    use rether_proto::wire::RefusalReason;

    fn key(src_port: u16) -> FlowKey {
        FlowKey {
            src: [10, 0, 0, 2].into(),
            dst: [10, 0, 0, 5].into(),
            protocol: 17,
            src_port,
            dst_port: 5_004,
            dscp: 0,
        }
    }

    fn change(outcome: Outcome) -> Change {
        Change {
            key: key(7),
            outcome,
            rate: 100_000,
            largest: 64_000,
        }
    }

    #[test]
    fn what_programs_want_is_watched() {
        let table = with_wishes(&PolicyTable::default(), &[key(0), key(7)]);
        let seen = watched(&table, Direction::Up, None);
        assert_eq!(seen.len(), 2);
        assert_eq!(
            (seen[0].src_ports.clone(), seen[0].dst_ports.clone()),
            (None, Some(5_004..=5_004))
        );
        assert_eq!(seen[1].src_ports, Some(7..=7));
        assert_eq!(seen[0].dst.unwrap().length, 32);
    }

    #[test]
    fn answers_say_the_outcome_and_the_largest_rate() {
        let (text, code) = human(Some(change(Outcome::Granted)));
        assert!(text.ends_with(": granted, 100.0 kbit/s\n"), "{text}");
        assert_eq!(code, exit::OK);
        let (text, code) = human(Some(change(Outcome::Refused(RefusalReason::Airtime))));
        assert!(text.contains("refused because the airtime left"), "{text}");
        assert!(
            text.contains("the largest rate that fits: 64.0 kbit/s"),
            "{text}"
        );
        assert_eq!(code, exit::FAILED);
        assert_eq!(human(None).1, exit::FAILED);
    }

    #[test]
    fn the_latest_change_of_a_flow_is_found_and_old_ones_go() {
        let told = Told::default();
        let start = Instant::now();
        assert_eq!(told.since(start, &key(7)), None);
        for _ in 0..KEPT {
            told.note(change(Outcome::Granted));
        }
        told.note(change(Outcome::Released));
        assert_eq!(told.since(start, &key(7)), Some(change(Outcome::Released)));
        assert_eq!(told.since(start, &key(8)), None);
        assert_eq!(told.since(Instant::now() + LOOK, &key(7)), None);
        let shown = told.json();
        assert_eq!(shown.as_array().unwrap().len(), KEPT);
        assert_eq!(shown[KEPT - 1]["words"], "released");
    }

    #[test]
    fn requests_survive_the_socket() {
        let wish = Wish {
            key: key(0),
            direction: Direction::Both,
            promise: Promise {
                rate: 100_000,
                packet: 200,
                delay: rether_proto::time::Duration::from_millis(20),
            },
            span: None,
        };
        let to = MacAddr([2, 0, 0, 0, 1, 0]);
        for request in [
            Request::Reserve { wish },
            Request::Release { key: key(0) },
            Request::Handoff { to },
            Request::Handoffs,
        ] {
            let line = serde_json::to_string(&request).unwrap();
            assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), request);
        }
    }
}
