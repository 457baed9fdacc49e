//! Questions to a running `rether-ap`, and orders: both ends of the control socket.

use std::fmt::Write as _;
use std::path::Path;

use rether_daemon::control::Asked;
use rether_daemon::driver::Orders;
use rether_daemon::table::{bit_rate, or_dash, share};
use rether_daemon::{cli, exit};
use rether_linux::gate::NfqGate;
use rether_proto::airtime::Rate;
use rether_proto::coordinator::what_if::{Account, Answer, Ask, Question};
use rether_proto::coordinator::{Coordinator, CoordinatorCommand};
use rether_proto::flow::FlowKey;
use rether_proto::ledger::plan::Change;
use rether_proto::ledger::{FlowId, LinkRates};
use rether_proto::mac::MacAddr;
use rether_proto::policy::{Direction, Promise, Rank};
use rether_proto::time::Duration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::handoff::{self, Window};
use crate::run;

/// One line of JSON to the control socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Would this be granted; or grant it.
    Admit {
        /// Address or agent's name.
        station: String,
        /// The flow as the station sends it.
        key: FlowKey,
        direction: Direction,
        promise: Promise,
        rank: Rank,
        /// In nanoseconds.
        idle: Duration,
        /// Change nothing.
        what_if: bool,
    },
    /// End a reservation.
    Release { station: String, key: FlowKey },
    /// Whose promises would change if the station had these rates, in 100 kb/s.
    Rate {
        station: String,
        up: Rate,
        down: Rate,
    },
}

impl Request {
    fn station(&self) -> &str {
        match self {
            Self::Admit { station, .. }
            | Self::Release { station, .. }
            | Self::Rate { station, .. } => station,
        }
    }

    const fn changes(&self) -> bool {
        matches!(
            self,
            Self::Admit { what_if: false, .. } | Self::Release { .. }
        )
    }
}

/// The question for the roam ledger.
fn handoffs() -> Value {
    json!({ "ask": "handoffs" })
}

/// `rether-ap handoffs`: asks the daemon behind `socket` for its roam ledger, and shows it.
///
/// # Errors
/// None or several run here, or it does not answer.
pub(crate) fn show_handoffs(socket: Option<&Path>, as_json: bool) -> anyhow::Result<u8> {
    let state = cli::ask(socket, run::SUFFIX, &handoffs())?;
    if as_json {
        cli::print(&format!("{state}\n"))?;
    } else {
        cli::print(&handoff::human(&state)?)?;
    }
    Ok(exit::OK)
}

/// The daemon's answer; the state is answered elsewhere.
pub(crate) async fn answer(
    orders: Orders<Coordinator, NfqGate>,
    question: Value,
    may_change: bool,
) -> Option<Value> {
    Some(match decide(&orders, question, may_change).await {
        Ok(answer) => answer,
        Err(error) => json!({ "error": format!("{error:#}") }),
    })
}

async fn decide(
    orders: &Orders<Coordinator, NfqGate>,
    question: Value,
    may_change: bool,
) -> anyhow::Result<Value> {
    let request: Request = serde_json::from_value(question)?;
    anyhow::ensure!(
        may_change || !request.changes(),
        "only root and the user that rether-ap runs as may change promises"
    );
    let station = resolve(orders, request.station()).await?;
    let (ask, what_if) = match request {
        Request::Rate { up, down, .. } => {
            let rates = LinkRates { up, down };
            let question = Question::Rate { station, rates };
            let answer = orders
                .inspect(move |view| view.machine.what_if(&question))
                .await?;
            return Ok(json!({ "station": station, "answer": answer }));
        }
        Request::Release { key, .. } => {
            let id = FlowId::of(station, Direction::Up, key);
            let known = orders
                .inspect(move |view| view.machine.is_promised(&id))
                .await?;
            anyhow::ensure!(known, "{key} of {station} has no reservation");
            orders.command(CoordinatorCommand::Release(id));
            return Ok(json!({ "station": station, "released": key }));
        }
        Request::Admit {
            key,
            direction,
            promise,
            rank,
            idle,
            what_if,
            ..
        } => {
            let ask = Ask {
                station,
                key,
                direction,
                promise,
                rank,
                idle,
            };
            (ask, what_if)
        }
    };
    let question = Question::Admit(ask);
    let answer = orders
        .inspect(move |view| view.machine.what_if(&question))
        .await?;
    let mut reserved = false;
    if !what_if && answer.refusal.is_none() {
        orders.command(CoordinatorCommand::Reserve(ask));
        let id = FlowId::of(station, Direction::Up, ask.key);
        // Inspections come after the commands before them.
        reserved = orders
            .inspect(move |view| view.machine.is_promised(&id))
            .await?;
    }
    Ok(json!({ "station": station, "answer": answer, "reserved": reserved }))
}

/// A station by its address or by its agent's name.
async fn resolve(orders: &Orders<Coordinator, NfqGate>, name: &str) -> anyhow::Result<MacAddr> {
    let stations = orders
        .inspect(|view| view.machine.status().stations)
        .await?;
    let wanted = name.parse::<MacAddr>().ok();
    let mut found = stations.iter().filter(|station| {
        wanted.map_or_else(
            || station.agent.as_deref() == Some(name),
            |address| station.address == address,
        )
    });
    match (found.next(), found.next()) {
        (Some(station), None) => Ok(station.address),
        (Some(_), Some(_)) => anyhow::bail!("several stations are called {name:?}: use an address"),
        (None, _) => {
            anyhow::bail!("no station {name:?} is in the cell; `rether-ap status` lists them")
        }
    }
}

/// What the command line prints.
#[derive(Deserialize)]
struct Said {
    station: MacAddr,
    answer: Answer,
    #[serde(default)]
    reserved: bool,
}

/// Asks, and shows the answer; the exit code says whether a promise was granted.
pub(crate) fn ask(control: Option<&Path>, request: &Request, json: bool) -> anyhow::Result<u8> {
    let answer = cli::ask(control, run::SUFFIX, &serde_json::to_value(request)?)?;
    if json {
        cli::print(&format!("{answer}\n"))?;
    }
    if let Request::Release { station, key } = request {
        if !json {
            cli::print(&format!("released {key} of {station}\n"))?;
        }
        return Ok(rether_daemon::exit::OK);
    }
    let said = Said::deserialize(&answer)?;
    if !json {
        cli::print(&human(request, &said))?;
    }
    let refused = said.answer.refusal.is_some();
    Ok(if refused {
        rether_daemon::exit::FAILED
    } else {
        rether_daemon::exit::OK
    })
}

fn human(request: &Request, said: &Said) -> String {
    let Said {
        station,
        answer,
        reserved,
    } = said;
    let mut text = match (request, answer.refusal) {
        (Request::Rate { .. }, _) => String::new(),
        (_, Some(refusal)) => format!("refused: {}\n", refusal.reason),
        (_, None) if *reserved => format!("granted to {station}\n"),
        (_, None) => format!("would be granted to {station}\n"),
    };
    if !matches!(request, Request::Rate { .. }) {
        let largest = bit_rate(answer.largest.into());
        let _ = writeln!(text, "the largest rate that fits: {largest}");
    }
    let _ = writeln!(text, "now   {}", account(&answer.before));
    let _ = writeln!(text, "then  {}", account(&answer.after));
    if answer.changes.is_empty() {
        text.push_str("nobody else is affected\n");
    }
    for changed in &answer.changes {
        let rule = or_dash(changed.rule.as_ref());
        let (key, station) = (changed.key, changed.station);
        let before = bit_rate(changed.rate.into());
        let what = match changed.change {
            Change::Shrink(rate) => format!("reduced from {before} to {}", bit_rate(rate.into())),
            Change::Withdraw => format!("withdrawn ({before})"),
            Change::Restore(rate) => format!("restored to {}", bit_rate(rate.into())),
        };
        let _ = writeln!(text, "{what}: {key} of {station}, rule {rule}");
    }
    text
}

/// The ledger in one line.
pub(crate) fn account(account: &Account) -> String {
    let Account {
        cycle,
        booked,
        capacity,
        unregistered,
        calls_left,
    } = account;
    format!(
        "promised {booked} of {capacity} in each cycle of {cycle} ({}), stations without an agent \
         use {}.{} %, room for {calls_left} more calls",
        share(*booked, *capacity),
        unregistered / 10,
        unregistered % 10,
    )
}

/// `rate=6`, in Mb/s, or with a unit.
///
/// # Errors
/// It is something else.
pub(crate) fn setting(text: &str) -> Result<Rate, String> {
    let wrong = || format!("{text:?} is not known; write a PHY rate in Mb/s, such as rate=6");
    let rate = text.strip_prefix("rate=").ok_or_else(wrong)?;
    let with_unit = if rate.ends_with(|c: char| c.is_ascii_digit()) {
        format!("{rate}Mbit")
    } else {
        rate.to_owned()
    };
    cli::value::<rether_daemon::config::PhyRate>(&with_unit).map(|rate| rate.0)
}

/// The control socket's answers: the state, or what was asked.
pub(crate) async fn serve(
    orders: Orders<Coordinator, NfqGate>,
    about: std::sync::Arc<rether_daemon::about::About>,
    window: Window,
    asked: Asked,
) -> Option<Value> {
    match asked.question {
        Some(question) if question == handoffs() => Some(window.state().await),
        None => crate::status::state(orders, about).await,
        Some(question) => answer(orders, question, asked.may_change).await,
    }
}

#[cfg(test)]
mod tests;
