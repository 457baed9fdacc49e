//! `rether-sta run`: the daemon around the agent.

mod follow;
mod gap;
mod neighbours;
mod roam;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rether_daemon::about::About;
use rether_daemon::bundle::{self, Bundle};
use rether_daemon::config::find;
use rether_daemon::control::{self, ControlSocket};
use rether_daemon::driver::{Report, Reports, Trouble};
use rether_daemon::host::{self, Asked, Signals, TransmitQueues};
use rether_daemon::session::{Plan, Session};
use rether_daemon::table::bit_rate;
use rether_daemon::{exit, matches, service};
use rether_handoff::station::StationInput;
use rether_linux::clock;
use rether_linux::control::{Control, ControlEvents};
use rether_linux::gate::Hop;
use rether_linux::inject::Injector;
use rether_linux::link::{InterfaceName, Link};
use rether_linux::nl80211::{Events, Interface, InterfaceKind, Nl80211};
use rether_linux::rules::{Mode, Placement};
use rether_proto::agent::{Agent, AgentCommand, AgentConfig, AgentEvent, GateMode};
use rether_proto::airtime::Rate;
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::policy::{Direction, PolicyTable, Prefix};
use rether_proto::record::AgentStart;
use rether_proto::time::Instant;
use rether_proto::wire::{Neighbours, Outcome};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::ask::{self, Change, Counter, Told};
use crate::cli::RunOptions;
use crate::config::{self, Config};
use crate::handoff::{Desk, Handoff, History, Received, Wanted};
use gap::Gap;
use neighbours::Survey;
use roam::Haste;

/// How this daemon's observe sockets are told from others.
pub(crate) const SUFFIX: &str = "sta";
/// How often the driver is asked for the link and its rate.
const LOOK: Duration = Duration::from_secs(1);
/// Whom packets are for while there is no AP: nobody.
const NOBODY: MacAddr = MacAddr([0; 6]);

/// Runs until a signal says stop; returns the exit code.
pub(crate) async fn run(options: &RunOptions) -> anyhow::Result<u8> {
    let config = configuration(options)?;
    let mut signals = Signals::listen()?;
    let nl80211 = Nl80211::connect().await?;
    let wanted = config.interface.as_ref();
    let interface =
        host::find_interface(&nl80211, wanted, InterfaceKind::Station, "Wi-Fi station").await?;
    anyhow::ensure!(
        interface.kind == InterfaceKind::Station,
        "{} is not a station; rether-ap is for access points",
        interface.name
    );
    let queues = TransmitQueues::straighten(&nl80211, interface.wiphy).await;
    let index = interface.index;
    // Left off at the end where somebody else had turned it off.
    let had_power_save =
        config.stay_awake && matches!(nl80211.power_save(index).await, Ok(Some(true)));
    let mut once = config;
    let served = loop {
        let own = (once.clone(), interface.clone());
        match Daemon::serve(options, own.0, own.1, &nl80211, &mut signals).await {
            Ok(Ending::WithoutBundle) => once.bundle = Bundle::Off,
            Ok(Ending::Stop) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if let Some(queues) = queues {
        queues.restore(&nl80211).await;
    }
    if had_power_save && let Err(error) = nl80211.set_power_save(index, true).await {
        tracing::debug!("power save stays off: {error}");
    }
    served.map(|()| exit::OK)
}

/// The file that was named; else the usual one if it is there; else the defaults.
fn configuration(options: &RunOptions) -> anyhow::Result<Config> {
    let named = options.config.as_deref();
    let mut config = match find(named, config::DEFAULT_FILE, config::load)? {
        Some(config) => config,
        None => config::default()?,
    };
    if options.interface.is_some() {
        config.interface.clone_from(&options.interface);
    }
    Ok(config)
}

struct Daemon<'a> {
    options: &'a RunOptions,
    config: &'a Config,
    nl80211: &'a Nl80211,
    name: InterfaceName,
    interface: Interface,
    queue: u16,
    session: &'a Session<Agent>,
    wpa: Option<Control>,
    wpa_events: Option<ControlEvents>,
    events: Option<Events>,
    /// Where packets never go inside frames; `None` if none does at all.
    uncopied: Option<Vec<Prefix>>,
    way_in_mended: bool,
    bssid: Option<MacAddr>,
    gap: Gap,
    survey: Survey,
    /// While the radio switches.
    haste: Haste,
    rate: Rate,
    gate: GateMode,
    policy: PolicyTable,
    /// Flows that programs want promises for.
    wishes: Vec<FlowKey>,
    told: Told,
    handoff: Handoff,
    /// The other access points of the site.
    neighbours: Neighbours,
    /// What came lately; only where another access point may want to know.
    received: Option<Received>,
    /// Looks since there was one.
    idle_looks: u32,
}

impl<'a> Daemon<'a> {
    async fn serve(
        options: &'a RunOptions,
        config: Config,
        interface: Interface,
        nl80211: &'a Nl80211,
        signals: &mut Signals,
    ) -> anyhow::Result<Ending> {
        let name: InterfaceName = interface.name.parse()?;
        let path = options
            .control
            .clone()
            .unwrap_or_else(|| control::default_path(name.as_str(), SUFFIX));
        let socket = ControlSocket::bind(&path, config.group_may_observe)
            .with_context(|| format!("cannot make the observe socket {}", path.display()))?;
        let own = Link::read(&name)?;
        let injector = way_in(&config, &own);
        let bundles = injector.is_some();
        let uncopied = bundles.then(|| bundle::on_link_networks(own.index));
        let start = AgentStart {
            config: AgentConfig {
                bundle: bundles,
                ..config.agent(&host_name(), host::secret()?)
            },
            address: own.mac,
            seed: host::seed()?,
            now: clock::now(),
        };
        let about = Arc::new(About::new("rether-sta", own.name.as_str(), []));
        let plan = Plan {
            queue: config.queue.unwrap_or_else(|| host::base_queue(own.index)),
            link: own,
            placement: Placement::Station,
            hop: Hop::Station(NOBODY),
            ether_type: config.ether_type,
            uncopied: uncopied.clone(),
            patience: config.patience,
            record: options.record.clone(),
        };
        let (session, mut reports) = Session::open(&start, &plan, injector)?;
        let orders = session.orders.clone();
        let told = Told::default();
        let telling = told.clone();
        let history = History::default();
        let (desk, mut wanted) = Desk::new(history.clone());
        let counter = Counter {
            orders,
            about,
            told: telling,
            desk,
        };
        let answer = move |asked| ask::serve(counter.clone(), asked);
        let mut daemon = Daemon {
            options,
            config: &config,
            nl80211,
            name,
            interface,
            queue: plan.queue,
            session: &session,
            wpa: None,
            wpa_events: None,
            events: None,
            uncopied,
            way_in_mended: false,
            bssid: None,
            gap: Gap::default(),
            survey: Survey::default(),
            haste: Haste::default(),
            rate: Rate(0),
            gate: GateMode::Open,
            policy: PolicyTable::default(),
            wishes: Vec::new(),
            told,
            handoff: Handoff::new(config.handoff.station(), history, clock::now()),
            neighbours: Neighbours::default(),
            received: None,
            idle_looks: 0,
        };
        if config.key.is_none() {
            tracing::warn!(
                "no key: whatever comes from the access point's address is believed; name its key \
                 file under [security]"
            );
        }
        tracing::info!("station {} ready, state at {}", daemon.name, path.display());
        service::ready(&format!("{}: no coordinator yet", daemon.name));
        let outcome = tokio::select! {
            outcome = daemon.turn_around(&mut reports, &mut wanted, signals) => outcome,
            () = socket.serve(answer) => Ok(Ending::Stop),
        };
        if !matches!(outcome, Ok(Ending::WithoutBundle)) {
            service::stopping();
        }
        let closed = session.close(AgentCommand::Stop).await;
        outcome.and_then(|ending| closed.map(|()| ending))
    }

    /// Everything that happens until somebody asks to stop.
    async fn turn_around(
        &mut self,
        reports: &mut Reports<Agent>,
        wanted: &mut UnboundedReceiver<Wanted>,
        signals: &mut Signals,
    ) -> anyhow::Result<Ending> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // A roam comes first, and what wpa_supplicant says of it before what the kernel
                // says: only then is it known why the link is gone.
                biased;
                said = host::next_word(&mut self.wpa_events) => self.supplicant_says(said).await,
                event = host::next_event(&mut self.events) => self.radio_says(event).await,
                report = reports.recv() => match report {
                    Some(Report::Event(event)) => {
                        self.answer(&event).await;
                        self.agent_says(event);
                    }
                    Some(Report::Trouble(trouble)) => {
                        trouble.log();
                        if matches!(trouble, Trouble::Undelivered(_)) && !self.mend_way_in() {
                            return Ok(Ending::WithoutBundle);
                        }
                    }
                    // The driver's own error comes out when the session is closed.
                    None => return Ok(Ending::Stop),
                },
                wanted = wanted.recv() => self.order(wanted).await,
                () = until(self.handoff.next_timer()) => self.step(StationInput::Timeout).await,
                () = until(self.gap.next_timer()) => self.gap_timer().await,
                _ = look.tick() => self.look().await,
                asked = signals.next() => match asked {
                    Asked::Stop => return Ok(Ending::Stop),
                    Asked::Reload => tracing::info!("the policy is at the access point: nothing to reload"),
                },
            }
        }
    }

    fn agent_says(&mut self, event: AgentEvent) {
        match event {
            AgentEvent::Gate(mode) => {
                tracing::info!("the gate is {}", described(mode));
                service::status(&format!("{}: the gate is {}", self.name, described(mode)));
                self.gate = mode;
                self.set_rules();
            }
            AgentEvent::Policy(table) => {
                tracing::info!(
                    "policy with {} rules from the access point",
                    table.rules.len()
                );
                self.policy = table;
                self.set_rules();
            }
            AgentEvent::Neighbours(neighbours) => {
                tracing::info!("other access points of the site: {neighbours}");
                if !neighbours.0.is_empty() {
                    self.note_received();
                }
                self.neighbours = neighbours;
            }
            AgentEvent::Registered { bssid } => {
                tracing::info!("registered at {bssid}");
                self.neighbours = Neighbours::default();
            }
            AgentEvent::Rejected(status) => {
                tracing::warn!("the coordinator refused this agent: {status}");
            }
            AgentEvent::NotAuthenticated(trouble) => tracing::warn!("{trouble}"),
            AgentEvent::Reservation {
                key,
                outcome,
                rate,
                largest,
            } => {
                promise_changed(&key, outcome, rate, largest);
                self.told.note(Change {
                    key,
                    outcome,
                    rate,
                    largest,
                });
            }
            AgentEvent::Wishes(wishes) => {
                self.wishes = wishes;
                self.set_rules();
            }
            AgentEvent::FailedOpen { released } => {
                tracing::warn!("the coordinator is silent: let {released} packets go");
            }
            AgentEvent::CoordinatorLost => tracing::info!("the coordinator is gone"),
            AgentEvent::Prepared {
                candidate, outcome, ..
            } => tracing::debug!("{candidate} is {outcome}"),
            AgentEvent::Go {
                candidate, outcome, ..
            } => tracing::debug!("leaving for {candidate}: {outcome}"),
            AgentEvent::Gap => {}
            AgentEvent::LeaveUnanswered { candidate } => {
                tracing::debug!("the coordinator does not answer about {candidate}");
            }
        }
    }

    fn set_rules(&self) {
        self.session.rules.set(match self.gate {
            GateMode::Open => Mode::OPEN,
            GateMode::Watch => {
                let own = Some(self.interface.mac);
                let table = ask::with_wishes(&self.policy, &self.wishes);
                Mode::Watch(matches::watched(&table, Direction::Up, own))
            }
            GateMode::Hold => Mode::Hold(Vec::new()),
        });
    }
}

/// Why serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Somebody asked to stop.
    Stop,
    /// To begin anew without packets inside frames: what comes in them is lost here.
    WithoutBundle,
}

/// The way in for packets that come inside frames, if they may.
fn way_in(config: &Config, own: &Link) -> Option<Injector> {
    let wanted = config.bundle;
    (wanted != Bundle::Off).then(|| bundle::way_in(wanted, own, None))?
}

/// Says what became of a promise; what an application may feel as a warning.
fn promise_changed(key: &FlowKey, outcome: Outcome, rate: u32, largest: u32) {
    let (rate, largest) = (bit_rate(rate.into()), bit_rate(largest.into()));
    match outcome {
        Outcome::Granted => tracing::info!("{key}: {outcome}, {rate}"),
        Outcome::Released => tracing::info!("{key}: {outcome}"),
        Outcome::Refused(_) => tracing::warn!("{key}: {outcome}; {largest} would fit"),
        Outcome::Degraded(_) => tracing::warn!("{key}: {outcome}, {rate} for now"),
        Outcome::Withdrawn(_) => tracing::warn!("{key}: {outcome}, best effort for now"),
    }
}

const fn described(mode: GateMode) -> &'static str {
    match mode {
        GateMode::Open => "open: no coordinator",
        GateMode::Watch => "watching for flows of the policy",
        GateMode::Hold => "holding for tokens",
    }
}

/// The machine's name, or nothing.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().into()
}

/// Until that time of the cores' clock; for ever if there is none.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => {
            let left = at.since(clock::now()).as_nanos();
            tokio::time::sleep(Duration::from_nanos(left)).await;
        }
        None => std::future::pending().await,
    }
}
