//! `rether-ap run`: the daemon around the coordinator.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rether_daemon::bundle::{self, Bundle};
use rether_daemon::config::find;
use rether_daemon::control::{self, ControlSocket};
use rether_daemon::driver::{Report, Reports, Trouble};
use rether_daemon::host::{self, Asked, Signals, TransmitQueues};
use rether_daemon::session::{Plan, Session, open_port};
use rether_daemon::table::bit_rate;
use rether_daemon::{exit, matches, service};
use rether_linux::clock;
use rether_linux::control::{ApEvent, Control, ControlEvents};
use rether_linux::gate::Hop;
use rether_linux::inject::Injector;
use rether_linux::link::{InterfaceName, Link};
use rether_linux::nl80211::{Event, Events, Nl80211};
use rether_linux::rules::{Mode, Placement, Remark};
use rether_proto::airtime::{PhyKind, Turn};
use rether_proto::coordinator::{
    Coordinator, CoordinatorCommand, CoordinatorConfig, CoordinatorEvent, FlowStatus, Strategy,
};
use rether_proto::policy::{Direction, Prefix};
use rether_proto::record::CoordinatorStart;
use rether_proto::wire::CellMode;

use crate::ask;
use crate::cell::{self, Cell};
use crate::cli::RunOptions;
use crate::config::{self, Config};
use crate::handoff::{Roaming, next_report};
use crate::members::Members;
use crate::profile;
use crate::status;

/// How this daemon's observe sockets are told from others.
pub(crate) const SUFFIX: &str = "ap";
/// How often the driver's station table is read.
const LOOK: Duration = Duration::from_millis(500);

/// Runs until a signal says stop; returns the exit code.
pub(crate) async fn run(options: &RunOptions) -> anyhow::Result<u8> {
    let config = configuration(options)?;
    let mut signals = Signals::listen()?;
    let nl80211 = Nl80211::connect().await?;
    let cell = tokio::select! {
        cell = wait_for_cell(&nl80211, options, &config) => cell?,
        () = stop_asked(&mut signals) => return Ok(exit::OK),
    };
    let queues = TransmitQueues::straighten(&nl80211, cell.interface.wiphy).await;
    let mut once = config;
    let served = loop {
        let own = (once.clone(), cell.clone());
        match Daemon::serve(options, own.0, own.1, &nl80211, &mut signals).await {
            Ok(Ending::WithoutBundle) => {
                // The policy may have been read anew since.
                once = configuration(options).unwrap_or(once);
                once.bundle = Bundle::Off;
            }
            Ok(Ending::Stop) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if let Some(queues) = queues {
        queues.restore(&nl80211).await;
    }
    served.map(|()| exit::OK)
}

/// The file that was named; else the usual one if it is there; else an empty policy.
fn configuration(options: &RunOptions) -> anyhow::Result<Config> {
    let named = options.config.as_deref();
    let mut config = match find(named, config::DEFAULT_FILE, config::load)? {
        Some(config) => config,
        None => {
            tracing::warn!(
                "there is no {}: no flow is promised anything; write a [[policy]] into it",
                config::DEFAULT_FILE
            );
            config::default()?
        }
    };
    if options.interface.is_some() {
        config.interface.clone_from(&options.interface);
    }
    Ok(config)
}

/// Puts back what a daemon that was killed has changed in the cell.
pub(crate) async fn clean_up(interface: &InterfaceName) -> anyhow::Result<()> {
    let nl80211 = Nl80211::connect().await?;
    if profile::repair(&nl80211, interface).await? {
        tracing::warn!("put the 802.11e parameters of {interface} back");
    }
    Ok(())
}

async fn stop_asked(signals: &mut Signals) {
    while signals.next().await != Asked::Stop {}
}

/// hostapd may start after us, or take its time for a channel.
async fn wait_for_cell(
    nl80211: &Nl80211,
    options: &RunOptions,
    config: &Config,
) -> anyhow::Result<Cell> {
    let mut said = false;
    loop {
        let wanted = config.interface.as_ref();
        let hostapd = options.hostapd.as_deref();
        if let Some(cell) = cell::look(nl80211, wanted, hostapd, config).await? {
            return Ok(cell);
        }
        if !std::mem::replace(&mut said, true) {
            tracing::info!("waiting for the access point to come up: start hostapd");
            service::ready("waiting for the access point");
        }
        service::alive();
        tokio::time::sleep(LOOK / 2).await;
    }
}

struct Daemon<'a> {
    options: &'a RunOptions,
    config: Config,
    nl80211: &'a Nl80211,
    name: InterfaceName,
    cell: Cell,
    session: &'a Session<Coordinator>,
    members: Members,
    hostapd: Option<Control>,
    hostapd_events: Option<ControlEvents>,
    events: Option<Events>,
    mode: CellMode,
    profile: profile::Keeper<'a>,
    roaming: Roaming,
    /// Stations put packets into frames.
    bundles_up: bool,
    way_in_mended: bool,
    remarking: bool,
    wmm_told: bool,
}

impl<'a> Daemon<'a> {
    async fn serve(
        options: &'a RunOptions,
        config: Config,
        cell: Cell,
        nl80211: &'a Nl80211,
        signals: &mut Signals,
    ) -> anyhow::Result<Ending> {
        let name = cell.link.name.clone();
        let path = options
            .control
            .clone()
            .unwrap_or_else(|| control::default_path(name.as_str(), SUFFIX));
        let socket = ControlSocket::bind(&path, config.group_may_observe)
            .with_context(|| format!("cannot make the observe socket {}", path.display()))?;
        let queue = config
            .queue
            .unwrap_or_else(|| host::base_queue(cell.link.index));
        let is_bridged = cell.placement == Placement::BridgedAp;
        let mut settings = config.cell.coordinator(cell.phy);
        let (uncopied, injector) = bundling(&config, &mut settings, &cell);
        let plan = Plan {
            link: cell.link.clone(),
            placement: cell.placement,
            queue,
            hop: if is_bridged {
                Hop::LinkDestination
            } else {
                Hop::Neighbour
            },
            ether_type: config.ether_type,
            uncopied,
            patience: config.patience,
            record: options.record.clone(),
        };
        let profile = profile::Plan {
            profile: config.cell.profile,
            dsss: matches!(cell.phy.kind, PhyKind::DsssLong | PhyKind::DsssShort),
            control: options.hostapd.clone(),
            config: config.hostapd_config.clone(),
        };
        if cell.phy.wmm && profile.can_be_kept(&name) {
            settings.turn = Turn::Burst;
        }
        settings.auth = config.security.auth(host::secret()?);
        let bundles_up = injector.is_some();
        let start = CoordinatorStart {
            config: settings,
            policy: config.policy.clone(),
            seed: host::seed()?,
            now: clock::now(),
        };
        let (session, mut reports) = Session::open(&start, &plan, injector)?;
        // Not before the queue is ours: a daemon that serves this cell keeps its profile.
        match profile::repair(nl80211, &name).await {
            Ok(true) => tracing::warn!("put back the 802.11e parameters of a killed predecessor"),
            Ok(false) => {}
            Err(error) => tracing::warn!("the 802.11e parameters are not as before: {error:#}"),
        }
        let about = Arc::new(status::about(&cell));
        let orders = session.orders.clone();
        let roaming = Roaming::start(&config, &cell, queue, session.orders.clone())?;
        let window = roaming.window();
        let answer =
            move |asked| ask::serve(orders.clone(), Arc::clone(&about), window.clone(), asked);
        let mut daemon = Daemon {
            options,
            config,
            nl80211,
            name: name.clone(),
            members: Members::new(session.orders.clone(), is_bridged.then_some(queue)),
            cell,
            session: &session,
            hostapd: None,
            hostapd_events: None,
            events: None,
            mode: CellMode::Free,
            profile: profile::Keeper::new(nl80211, name, profile),
            roaming,
            bundles_up,
            way_in_mended: false,
            remarking: false,
            wmm_told: false,
        };
        daemon.announce(&path);
        daemon.set_rules();
        let outcome = tokio::select! {
            outcome = daemon.turn_around(&mut reports, signals) => outcome,
            () = socket.serve(answer) => Ok(Ending::Stop),
        };
        if !matches!(outcome, Ok(Ending::WithoutBundle)) {
            service::stopping();
        }
        daemon.profile.want(false);
        daemon.profile.settle(&daemon.cell.interface).await;
        let stopped = daemon.roaming.stop();
        let closed = session.close(CoordinatorCommand::Stop).await;
        outcome.and_then(|ending| closed.and(stopped).map(|()| ending))
    }

    fn announce(&self, control: &std::path::Path) {
        let gate = if self.cell.placement == Placement::BridgedAp {
            "bridged"
        } else {
            "routed"
        };
        let rules = self.config.policy.rules.len();
        let phy = self.cell.phy;
        tracing::info!(
            "serving {} ({gate}, {:?}{}), {rules} policy rules, state at {}",
            self.name,
            phy.kind,
            if phy.wmm { " with WMM" } else { "" },
            control.display()
        );
        if self.config.security.is_open() {
            tracing::warn!(
                "no key: every station is believed, and nobody can tell a forged token; see \
                 `rether-ap keygen` and [security]"
            );
        }
        service::ready(&format!("serving {}", self.name));
    }

    /// Everything that happens until somebody asks to stop.
    async fn turn_around(
        &mut self,
        reports: &mut Reports<Coordinator>,
        signals: &mut Signals,
    ) -> anyhow::Result<Ending> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                report = reports.recv() => match report {
                    Some(Report::Event(event)) => self.coordinator_says(event).await,
                    Some(Report::Trouble(trouble)) => {
                        trouble.log();
                        if matches!(trouble, Trouble::Undelivered(_)) && !self.mend_way_in() {
                            return Ok(Ending::WithoutBundle);
                        }
                    }
                    // The driver's own error comes out when the session is closed.
                    None => return Ok(Ending::Stop),
                },
                event = host::next_event(&mut self.events) => self.radio_says(event).await,
                said = next_ap_event(&mut self.hostapd_events) => match said {
                    Some(event) => self.hostapd_says(event).await,
                    None => {
                        tracing::info!("hostapd has gone; its stations are followed without it");
                        (self.hostapd, self.hostapd_events) = (None, None);
                    }
                },
                report = next_report(&mut self.roaming.site) => match report {
                    Some(report) => {
                        let (nl80211, hostapd) = (self.nl80211, &mut self.hostapd);
                        self.roaming.carry_out(report, nl80211, &self.cell, hostapd).await;
                    }
                    // Its own error comes out when it is stopped.
                    None => return Ok(Ending::Stop),
                },
                _ = look.tick() => self.look().await,
                asked = signals.next() => match asked {
                    Asked::Stop => return Ok(Ending::Stop),
                    Asked::Reload => self.reload().await,
                },
            }
        }
    }

    async fn coordinator_says(&mut self, event: CoordinatorEvent) {
        self.roaming.coordinator_says(&event).await;
        match event {
            CoordinatorEvent::Mode(mode) => {
                tracing::info!("{mode} mode");
                service::status(&format!("serving {}, {mode} mode", self.name));
                self.mode = mode;
                self.set_rules();
                self.profile.want(mode == CellMode::Token);
                self.profile.settle(&self.cell.interface).await;
            }
            CoordinatorEvent::Registered { station, name } => {
                tracing::info!("agent {name:?} registered at {station}");
            }
            CoordinatorEvent::AgentLost(station) => tracing::info!("agent lost at {station}"),
            CoordinatorEvent::Granted(id) => {
                tracing::info!("granted {} of {}", id.key, id.station);
                self.set_remarks().await;
            }
            CoordinatorEvent::Refused(id, refusal) => {
                tracing::warn!("refused {} of {}: {refusal}", id.key, id.station);
            }
            CoordinatorEvent::Released(id, cause) => {
                tracing::info!("released {} of {}: {cause:?}", id.key, id.station);
                self.set_remarks().await;
            }
            CoordinatorEvent::Held(id) => tracing::info!("holding airtime for {id:?}"),
            CoordinatorEvent::Degraded { id, rate, cause } => {
                let rate = bit_rate(rate.into());
                tracing::warn!("{} of {} has {rate} for now: {cause}", id.key, id.station);
            }
            CoordinatorEvent::Withdrawn { id, cause } => {
                tracing::warn!("withdrew {} of {} for now: {cause}", id.key, id.station);
            }
            CoordinatorEvent::Restored { id, rate } => {
                let rate = bit_rate(rate.into());
                tracing::info!("restored {} of {} to {rate}", id.key, id.station);
            }
            CoordinatorEvent::NotAuthenticated { station, status } => {
                tracing::warn!("the agent at {station} is not believed: {status}");
            }
            CoordinatorEvent::Drained(station) => tracing::debug!("nothing waits for {station}"),
            // Told to the handoff thread.
            CoordinatorEvent::Leaving { .. } | CoordinatorEvent::Seen { .. } => {}
            CoordinatorEvent::Overstayed(station) => {
                tracing::debug!("{station} used more than it was granted");
            }
        }
    }

    /// The rules that go with the mode, for the stations that are here.
    fn set_rules(&self) {
        self.session.rules.set(match self.mode {
            CellMode::Free => {
                Mode::Watch(matches::watched(&self.config.policy, Direction::Down, None))
            }
            CellMode::Token => Mode::Hold(self.members.queues()),
        });
    }

    /// The DSCP that granted packets get on their way to the wire.
    async fn set_remarks(&mut self) {
        let rules = &self.config.policy.rules;
        let any = rules.iter().any(|rule| rule.remark.is_some());
        // What a reload has taken away may still be in force.
        if !std::mem::replace(&mut self.remarking, any) && !any {
            return;
        }
        // A driver that has ended ends the daemon by its reports.
        let orders = &self.session.orders;
        let Ok(flows) = orders.inspect(|view| view.machine.status().flows).await else {
            return;
        };
        let remark = |flow: FlowStatus| {
            let rule = rules
                .iter()
                .find(|rule| Some(&rule.name) == flow.rule.as_ref())?;
            let dscp = rule
                .remark
                .filter(|_| flow.direction.covers(Direction::Up))?;
            let flow = flow.key;
            Some(Remark { flow, dscp })
        };
        let remarks = flows.into_iter().filter_map(remark).collect();
        self.session.rules.remark(remarks);
    }

    async fn radio_says(&mut self, event: Option<Event>) {
        let ours = self.cell.interface.index;
        match event {
            Some(Event::StationGone { index, mac }) if index == ours => {
                self.roaming.left(mac);
                // Told apart from the table, because a station may be back in it already.
                if self.members.left(mac) {
                    self.set_rules();
                }
            }
            Some(Event::StationNew { index, mac }) if index == ours => {
                self.roaming.came(mac, false);
                // As long as hostapd has not authorised it, there is nothing to see.
                if self.members.came(mac) || self.hostapd_events.is_none() {
                    self.follow_stations().await;
                }
            }
            Some(Event::Overrun) => self.follow_stations().await,
            Some(_) => {}
            None => self.events = None,
        }
    }

    async fn hostapd_says(&mut self, event: ApEvent) {
        match event {
            ApEvent::Authorised { station } => {
                // It joins before what waits for it comes; its rates can wait.
                self.members.authorised(station).await;
                self.roaming.came(station, true);
                self.follow_stations().await;
            }
            ApEvent::Gone { .. } => self.follow_stations().await,
            ApEvent::TransitionAnswer {
                station,
                status: 0,
                target,
            } => self.roaming.agreed(station, target, &self.cell),
            ApEvent::TransitionAnswer { .. }
            | ApEvent::TransitionQuery { .. }
            | ApEvent::BeaconReport { .. } => {}
        }
    }

    async fn follow_stations(&mut self) {
        let present = match self.nl80211.stations(self.cell.interface.index).await {
            Ok(present) => present,
            // Nobody has left because of that: the next look tries once more.
            Err(error) => return tracing::debug!("the stations stay as they were: {error}"),
        };
        let (joined, changed) = self.members.follow(&present, &mut self.hostapd).await;
        if changed {
            self.set_rules();
            self.roaming.tell(&self.cell, present.len());
        }
        let (cell, hostapd) = (&self.cell, &mut self.hostapd);
        let here = self
            .roaming
            .here(joined, &present, self.nl80211, cell, hostapd);
        for station in here.await {
            self.roaming.came(station, true);
        }
        let surprise = !self.cell.phy.wmm && present.iter().any(|station| station.wmm);
        if surprise && !std::mem::replace(&mut self.wmm_told, true) {
            tracing::warn!(
                "stations use WMM, which airtime is computed without: write wmm = true under \
                 [cell] and restart"
            );
        }
    }

    /// At every [`LOOK`]: whatever events may have missed.
    async fn look(&mut self) {
        self.roaming.rest();
        if self.events.is_none() {
            self.events = Events::subscribe(self.nl80211).await.ok();
        }
        self.reattach_interface().await;
        if self.hostapd.is_none() {
            self.reattach_hostapd().await;
        }
        self.follow_stations().await;
        self.profile.settle(&self.cell.interface).await;
        // Proves that the token thread answers, before systemd is told so.
        if service::is_watched() && self.session.orders.inspect(|_| ()).await.is_ok() {
            service::alive();
        }
    }

    /// An interface that was deleted and made anew has another index, and may become a port of its
    /// bridge only later, where the socket has to listen otherwise.
    async fn reattach_interface(&mut self) {
        let Ok(now) = Link::read(&self.name) else {
            return;
        };
        let known = &self.cell.link;
        if (now.index, now.mac, now.bridge) == (known.index, known.mac, known.bridge) {
            return;
        }
        let Ok((interface, link)) = cell::refresh(self.nl80211, &self.name).await else {
            return;
        };
        // It may have gone again: the next look tries once more.
        let injector = self
            .bundles_up
            .then(|| way_in(&self.config, &link))
            .flatten();
        let port = open_port(&link, self.cell.placement, self.config.ether_type, injector);
        let Ok(port) = port else {
            return;
        };
        tracing::info!("{} has changed: listening on it anew", self.name);
        self.session.orders.change_port(port);
        (self.cell.interface, self.cell.link) = (interface, link);
    }

    /// Somebody may have deleted the device by which packets come in that were inside frames. False
    /// if a new one does not help: then the stations must hear that none are wanted.
    fn mend_way_in(&mut self) -> bool {
        if std::mem::replace(&mut self.way_in_mended, true) {
            return false;
        }
        let link = &self.cell.link;
        let Some(injector) = way_in(&self.config, link) else {
            return false;
        };
        let ether_type = self.config.ether_type;
        match open_port(link, self.cell.placement, ether_type, Some(injector)) {
            Ok(port) => self.session.orders.change_port(port),
            Err(_) => return false,
        }
        true
    }

    async fn reattach_hostapd(&mut self) {
        let path = self.options.hostapd.as_deref();
        let control = cell::connect(&self.name, path, &self.cell.interface).await;
        let Some(control) = control else { return };
        let path = path.map_or_else(|| cell::hostapd_path(&self.name), std::path::Path::to_owned);
        match ControlEvents::attach(&path).await {
            Ok(events) => {
                tracing::debug!("attached to hostapd at {}", path.display());
                (self.hostapd, self.hostapd_events) = (Some(control), Some(events));
            }
            Err(error) => tracing::debug!("{error}"),
        }
    }

    async fn reload(&mut self) {
        let fresh = match configuration(self.options) {
            Ok(fresh) => fresh,
            Err(error) => {
                tracing::error!("the old configuration stays in force: {error:#}");
                return;
            }
        };
        tracing::info!("new policy with {} rules", fresh.policy.rules.len());
        self.config.policy.clone_from(&fresh.policy);
        if fresh != self.config {
            tracing::warn!("more than the policy has changed: that takes effect at a restart");
        }
        self.session
            .orders
            .command(CoordinatorCommand::Policy(fresh.policy));
        self.set_rules();
        self.set_remarks().await;
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

/// Settles which packets travel inside frames: for which networks those from here do not (`None`:
/// none does), and the way in for those of stations, without which they are told to send none.
fn bundling(
    config: &Config,
    settings: &mut CoordinatorConfig,
    cell: &Cell,
) -> (Option<Vec<Prefix>>, Option<Injector>) {
    let by_strategy = matches!(settings.strategy, Strategy::Auto | Strategy::Bundle);
    if !by_strategy || config.bundle == Bundle::Off {
        if by_strategy {
            settings.strategy = Strategy::Poll;
        }
        return (None, None);
    }
    let injector = way_in(config, &cell.link);
    settings.bundle = injector.is_some();
    (Some(Vec::new()), injector)
}

/// The way in for packets of stations. Where the access point is a bridge, only its operator knows
/// whether it is the router of its stations, too; nobody else could say where they go.
fn way_in(config: &Config, link: &Link) -> Option<Injector> {
    let bridge = match (link.bridge, config.bundle) {
        (_, Bundle::Off) | (Some(_), Bundle::Auto) => return None,
        (Some(_), Bundle::On) => Some(link.bridge_link()?.mac),
        (None, _) => None,
    };
    bundle::way_in(config.bundle, link, bridge)
}

/// The next event that matters, `None` when hostapd has gone; never while nobody listens.
async fn next_ap_event(events: &mut Option<ControlEvents>) -> Option<ApEvent> {
    let Some(listener) = events else {
        return std::future::pending().await;
    };
    loop {
        let event = listener.next().await.ok()?;
        if event.name == "CTRL-EVENT-TERMINATING" {
            return None;
        }
        if let Some(event) = ApEvent::parse(&event) {
            return Some(event);
        }
    }
}
