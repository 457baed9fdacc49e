//! What the daemon does for handoffs: it carries events to the thread and its wishes to the
//! coordinator, the driver and hostapd.

use std::collections::BTreeMap;

use rether_daemon::driver::Orders;
use rether_daemon::host::QUEUES;
use rether_handoff::ap::ApInput;
use rether_handoff::message::Hello;
use rether_linux::clock;
use rether_linux::control::Control;
use rether_linux::gate::NfqGate;
use rether_linux::nl80211::{Nl80211, Station};
use rether_linux::rt::Precedence;
use rether_proto::coordinator::{Coordinator, CoordinatorCommand, CoordinatorEvent};
use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::LeaveStage;

use super::work::Events;
use super::{Ledger, Report, Site, Window, go, stage};
use crate::cell::Cell;
use crate::config::Config;

/// A station that is here has acknowledged a frame by then.
const PROBE: std::time::Duration = std::time::Duration::from_millis(20);
/// And was heard since then.
const HEARD: Duration = Duration::from_millis(50);
/// A station that leaves has gone by then.
const HASTE: Duration = Duration::from_millis(500);

type Tokens = Orders<Coordinator, NfqGate>;

/// The daemon's side; without `[handoff]` it says no to every station that asks.
pub(crate) struct Roaming {
    pub(crate) site: Option<Site>,
    ledger: Ledger,
    events: Events,
    tokens: Tokens,
    /// Where each station asked to go.
    asked: BTreeMap<MacAddr, MacAddr>,
    /// Those that did not answer when this daemon came, and when they were asked.
    silent: BTreeMap<MacAddr, Instant>,
    /// Until then at least this thread goes before ordinary ones: each word that a station waits for
    /// goes through it.
    haste: Option<(Precedence, Instant)>,
}

impl Roaming {
    /// Starts the thread if the configuration has a `[handoff]`. `base` is the number of the
    /// gate's first queue.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub(crate) fn start(
        config: &Config,
        cell: &Cell,
        base: u16,
        tokens: Tokens,
    ) -> anyhow::Result<Self> {
        let site = match &config.handoff {
            Some(handoff) => {
                // The last of the interface's queues; stations have those before it.
                let queue = base.saturating_add(QUEUES - 1);
                let hello = hello(cell, 0);
                let site = Site::start(
                    handoff,
                    &cell.link,
                    queue,
                    config.ether_type,
                    hello,
                    tokens.clone(),
                )?;
                tracing::info!(
                    "access point {} of its site, listening at {}, {} peers",
                    handoff.id.0,
                    handoff.listen,
                    handoff.peers.len()
                );
                Some(site)
            }
            None => None,
        };
        Ok(Self {
            site,
            ledger: Ledger::default(),
            events: Events::default(),
            tokens,
            asked: BTreeMap::new(),
            silent: BTreeMap::new(),
            haste: None,
        })
    }

    /// A station leaves.
    fn hasten(&mut self) {
        let until = clock::now() + HASTE;
        let begun = self.haste.take().map(|(precedence, _)| precedence);
        let precedence = begun.or_else(Precedence::begin);
        self.haste = precedence.map(|precedence| (precedence, until));
    }

    /// Once a second: stations have left.
    pub(crate) fn rest(&mut self) {
        let now = clock::now();
        self.haste.take_if(|(_, until)| *until <= now);
    }

    /// What questions are answered from.
    pub(crate) fn window(&self) -> Window {
        let sender = self.site.as_ref().map(|site| site.sender.clone());
        Window::new(self.ledger.clone(), sender)
    }

    /// Lets everything go.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        self.site.take().map_or(Ok(()), Site::stop)
    }

    /// A station has associated, or is authorised.
    pub(crate) fn came(&mut self, station: MacAddr, authorised: bool) {
        self.silent.remove(&station);
        if let Some(site) = &self.site {
            if authorised {
                site.sender.input(ApInput::Authorised(station));
                self.events.authorised(station);
            } else {
                let told = self.events.new_station(station);
                site.sender.new_station(station, told);
            }
        }
    }

    /// Those of `joined` that are here. A station that the table of `present` has had since before this
    /// daemon may have moved on without a word to the radio: then it must not be claimed until it is heard.
    pub(crate) async fn here(
        &mut self,
        mut joined: Vec<MacAddr>,
        present: &[Station],
        nl80211: &Nl80211,
        cell: &Cell,
        hostapd: &mut Option<Control>,
    ) -> Vec<MacAddr> {
        let (Some(_), Some(control)) = (&self.site, hostapd) else {
            return joined;
        };
        let silent = |station: &&Station| station.inactive >= HEARD;
        let silent = present.iter().filter(silent).map(|station| station.mac);
        let silent: Vec<_> = silent.filter(|mac| joined.contains(mac)).collect();
        let asked = clock::now();
        for station in &silent {
            let _ = control.order(&format!("POLL_STA {station}")).await;
        }
        if !silent.is_empty() {
            tokio::time::sleep(PROBE).await;
        }
        for station in silent {
            let found = nl80211.station(cell.interface.index, station).await;
            if !matches!(found, Ok(Some(found)) if found.inactive < HEARD) {
                tracing::info!("{station} does not answer, and is not claimed");
                joined.retain(|other| *other != station);
                self.silent.insert(station, asked);
            }
        }
        joined.extend(heard(&self.silent, present, clock::now()));
        joined
    }

    /// The driver or hostapd does not know it any more.
    pub(crate) fn left(&mut self, station: MacAddr) {
        self.asked.remove(&station);
        self.silent.remove(&station);
        self.events.forget(station);
        if let Some(site) = &self.site {
            site.sender.input(ApInput::Left(station));
            site.sender.forget(station);
        }
    }

    /// A station has agreed to move to `target` (802.11v), whoever asked for it.
    pub(crate) fn agreed(&self, station: MacAddr, target: Option<MacAddr>, cell: &Cell) {
        // Some agree and name the cell that they are in.
        if target == Some(cell.link.mac) {
            return;
        }
        if let Some(site) = &self.site {
            match target {
                Some(target) => tracing::info!("{station} agrees to move to {target}"),
                None => tracing::info!("{station} agrees to move"),
            }
            site.sender.agreed(station, target);
        }
    }

    /// What the coordinator tells.
    pub(crate) async fn coordinator_says(&mut self, event: &CoordinatorEvent) {
        match event {
            CoordinatorEvent::Leaving {
                station,
                candidate,
                stage: asked,
            } => self.leaving(*station, *candidate, *asked),
            CoordinatorEvent::Drained(station) => self.input(ApInput::Drained(*station)),
            CoordinatorEvent::Seen {
                station, digests, ..
            } => {
                let digests = digests.clone();
                let station = *station;
                self.input(ApInput::Seen { station, digests });
            }
            CoordinatorEvent::Granted(id)
            | CoordinatorEvent::Released(id, _)
            | CoordinatorEvent::Degraded { id, .. }
            | CoordinatorEvent::Restored { id, .. } => self.refresh(id.station).await,
            CoordinatorEvent::Registered { station, .. } => {
                if self.silent.contains_key(station) {
                    self.came(*station, true);
                }
                self.input(ApInput::Receives(*station));
                self.refresh(*station).await;
            }
            CoordinatorEvent::AgentLost(station) => self.refresh(*station).await,
            _ => {}
        }
    }

    fn input(&self, input: ApInput) {
        if let Some(site) = &self.site {
            site.sender.input(input);
        }
    }

    fn leaving(&mut self, station: MacAddr, candidate: MacAddr, asked: LeaveStage) {
        tracing::info!("{station} for {candidate}: {asked}");
        let Some(step) = stage(asked) else {
            self.asked.remove(&station);
            return self.input(ApInput::Stayed(station));
        };
        match &self.site {
            Some(site) => {
                self.asked.insert(station, candidate);
                site.sender.leaving(station, candidate, step);
                self.hasten();
            }
            // No other access point is known here.
            None => {
                let answer = go(step, candidate, &rether_handoff::ap::Answer::Unavailable);
                self.tokens
                    .command(CoordinatorCommand::Go { station, answer });
            }
        }
    }

    /// Tells the thread what is promised to a station.
    async fn refresh(&self, station: MacAddr) {
        let Some(site) = &self.site else { return };
        let known = self.tokens.inspect(move |view| {
            let promises = view.machine.promises_of(station).collect();
            (promises, view.machine.has_agent(station))
        });
        if let Ok((promises, agent)) = known.await {
            site.sender.facts(station, promises, agent);
        }
    }

    /// What peers are told of this cell.
    pub(crate) fn tell(&self, cell: &Cell, stations: usize) {
        if let Some(site) = &self.site {
            site.sender.hello(hello(cell, stations));
        }
    }

    /// Carries out what the thread wants. True if a station was taken out of the cell.
    pub(crate) async fn carry_out(
        &mut self,
        report: Report,
        nl80211: &Nl80211,
        cell: &Cell,
        hostapd: &mut Option<Control>,
    ) {
        match report {
            Report::Answer {
                station,
                stage,
                answer,
            } => {
                let Some(&candidate) = self.asked.get(&station) else {
                    return;
                };
                let answer = go(stage, candidate, &answer);
                tracing::debug!("{station} for {candidate}: {}", answer.outcome);
                self.tokens
                    .command(CoordinatorCommand::Go { station, answer });
            }
            Report::AskIdle(station) => {
                let found = nl80211.station(cell.interface.index, station).await;
                let span = match found {
                    Ok(Some(found)) => found.inactive,
                    // It has gone, or nobody knows.
                    Ok(None) | Err(_) => Duration::ZERO,
                };
                self.input(ApInput::Idle { station, span });
            }
            Report::Probe(station) => {
                if let Some(control) = hostapd {
                    // hostapd asks it with an empty frame, which its radio acknowledges.
                    let _ = control.order(&format!("POLL_STA {station}")).await;
                    tokio::time::sleep(PROBE).await;
                }
                let found = nl80211.station(cell.interface.index, station).await;
                let here = matches!(found, Ok(Some(found)) if found.inactive < HEARD);
                self.input(ApInput::Probed { station, here });
            }
            Report::Released(station) => tracing::debug!("{station} is elsewhere"),
            Report::Forget(station) => {
                self.asked.remove(&station);
                if let Some(control) = hostapd {
                    // Without a frame to it: it would be for its new cell to hear.
                    let order = format!("DISASSOCIATE {station} tx=0");
                    if let Err(error) = control.order(&order).await {
                        tracing::debug!("{error}");
                    }
                }
            }
            Report::Record { record, work } => {
                let work = work.map(|work| work.with_events(self.events.end(record.station)));
                tracing::info!("{}", described(&record));
                self.ledger.add(*record, work);
            }
            Report::Peer { id, up: true } => tracing::info!("{id} can be reached"),
            Report::Peer { id, up: false } => tracing::warn!("{id} cannot be reached"),
            Report::Note { station, text } => tracing::info!("{station}: {text}"),
            Report::Refused { count, last } => {
                tracing::debug!("{count} messages refused, the last one: {last}");
            }
            Report::Trouble(error) => tracing::warn!("handoff: {error}"),
        }
    }
}

/// Of those that were `silent`, by when they were asked, who has been heard since.
fn heard(
    silent: &BTreeMap<MacAddr, Instant>,
    present: &[Station],
    now: Instant,
) -> impl Iterator<Item = MacAddr> {
    let since = move |station: &&Station| {
        let asked = silent.get(&station.mac);
        asked.is_some_and(|asked| station.inactive < now.since(*asked))
    };
    present.iter().filter(since).map(|station| station.mac)
}

/// An entry of the ledger in a line.
fn described(record: &rether_handoff::roam::RoamRecord) -> String {
    use rether_handoff::roam::Side;
    let other = record
        .peer
        .map_or_else(|| "nobody known".to_owned(), |peer| peer.to_string());
    let way = match record.side {
        Side::Old => "went to",
        Side::New => "came from",
    };
    let culprit = record.culprit.as_ref();
    let culprit = culprit.map_or_else(String::new, |text| format!(": {text}"));
    format!(
        "{} {way} {other}: {} packets held, {} sent on, {} expired, {} dropped, {} missing{culprit}",
        record.station,
        record.held,
        record.flushed_packets,
        record.expired,
        record.dropped,
        record.missing,
    )
}

fn hello(cell: &Cell, stations: usize) -> Hello {
    let frequency = cell.interface.frequency.unwrap_or(0);
    Hello {
        bssid: cell.link.mac,
        frequency: u16::try_from(frequency).unwrap_or(0),
        free: 0,
        stations: u16::try_from(stations).unwrap_or(u16::MAX),
        life: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_silent_is_here_once_it_is_heard() {
        let ms = Duration::from_millis;
        let [a, b, c] = [1, 2, 3].map(|n| MacAddr([2, 0, 0, 0, 0, n]));
        let asked = Instant::ZERO + ms(100);
        let silent = BTreeMap::from([(a, asked), (b, asked)]);
        let station = |mac, inactive| Station {
            mac,
            inactive: ms(inactive),
            ..Station::default()
        };
        let heard = |present: &[Station], at| {
            let now = Instant::ZERO + ms(at);
            Vec::from_iter(super::heard(&silent, present, now))
        };
        let quiet = [station(a, 9_000), station(b, 400), station(c, 0)];
        assert_eq!(heard(&quiet, 120), []);
        assert_eq!(heard(&quiet, 500), []);
        assert_eq!(heard(&quiet, 501), [b]);
        assert_eq!(heard(&[], 501), []);
    }
}
