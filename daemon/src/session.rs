//! A core at work on an interface: driver, gate, rules, watchdog and recording, opened and closed
//! in the order that loses no packet.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rether_linux::gate::{Gate as _, Hop, NfqGate, QueueOptions};
use rether_linux::inject::Injector;
use rether_linux::link::Link;
use rether_linux::neigh::NeighbourSocket;
use rether_linux::rules::{Placement, Rules, RulesConfig};
use rether_linux::token_socket::TokenSocket;
use rether_proto::machine::Machine;
use rether_proto::policy::Prefix;
use rether_proto::record::Start;
use rether_proto::time::Duration;
use serde::Serialize;

use crate::driver::{self, Handle, Orders, Parts, Port, Reports};
use crate::record;
use crate::rules::RuleKeeper;
use crate::watchdog::Watchdog;

/// What a session is opened with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The radio's interface.
    pub link: Link,
    /// Where the gate stands.
    pub placement: Placement,
    /// Number of the gate's base queue.
    pub queue: u16,
    /// Whom the packets of the base queue are for.
    pub hop: Hop,
    /// `EtherType` of Rether's frames.
    pub ether_type: u16,
    /// The core gets copies of small packets but those for these networks; `None`: of none.
    pub uncopied: Option<Vec<Prefix>>,
    /// How long the driver may be silent.
    pub patience: Duration,
    /// Where to record.
    pub record: Option<PathBuf>,
}

/// An open session. Dropped without [`Session::close`], it leaves the rules to the watchdog.
pub struct Session<M: Machine> {
    /// The way to the driver.
    pub orders: Orders<M, NfqGate>,
    /// The rules.
    pub rules: RuleKeeper,
    handle: Handle<M, NfqGate>,
    watchdog: Watchdog,
    writer: Option<record::Writer>,
}

/// The radio as the driver uses it.
///
/// # Errors
/// Missing rights, or the interface has gone.
pub fn open_port(
    link: &Link,
    placement: Placement,
    ether_type: u16,
    injector: Option<Injector>,
) -> anyhow::Result<Port> {
    let socket = TokenSocket::open(link, ether_type)?;
    let neighbours = match placement {
        Placement::RoutedAp => Some(NeighbourSocket::open(link.index)?),
        Placement::Station | Placement::BridgedAp => None,
    };
    Ok(Port {
        socket,
        neighbours,
        injector,
    })
}

impl<M> Session<M>
where
    M: Machine + Send + 'static,
    M::Command: Clone + Serialize + Send + 'static,
    M::Event: Clone + Serialize + Send + 'static,
{
    /// Takes the queue, removes what a killed predecessor left, then starts everything. No rule is
    /// in force yet. Packets that come inside frames come in by `injector`.
    ///
    /// # Errors
    /// Missing rights or kernel features; the text says what to do.
    pub fn open<S>(
        start: &S,
        plan: &Plan,
        injector: Option<Injector>,
    ) -> anyhow::Result<(Self, Reports<M>)>
    where
        S: Start<Machine = M> + Serialize,
    {
        let interface = &plan.link.name;
        // First of all, because it fails while another daemon serves the interface: its rules have
        // to stay, and a watchdog that is left alone would remove them.
        let mut gate = NfqGate::open()?;
        gate.copy(plan.uncopied.clone());
        if plan.placement == Placement::BridgedAp {
            gate.cut(&plan.link)?;
        }
        gate.bind(plan.queue, QueueOptions::new(plan.hop))?;
        if Rules::flush_leftovers(interface)? {
            // Old rules have found their queue bound again.
            gate.release_all()?;
            Rules::remove_leftovers(interface)?;
            tracing::warn!("removed the rules that a killed predecessor left for {interface}");
        }
        let program = Path::new("/proc/self/exe");
        let watchdog = Watchdog::start(program, interface, plan.patience)
            .context("cannot start the watchdog")?;
        let port = open_port(&plan.link, plan.placement, plan.ether_type, injector)?;
        let (recorder, writer) = match &plan.record {
            Some(path) => {
                let (recorder, writer) = record::start(path, start)
                    .with_context(|| format!("cannot record to {}", path.display()))?;
                (Some(recorder), Some(writer))
            }
            None => (None, None),
        };
        let heartbeat = Some(watchdog.heartbeat()?);
        let machine = start.build();
        let (handle, reports) = driver::spawn(Parts {
            machine,
            gate,
            port,
            heartbeat,
            recorder,
        })
        .context("cannot start the token thread")?;
        let rules = RuleKeeper::start(Rules::new(RulesConfig {
            interface: interface.clone(),
            placement: plan.placement,
            queue: plan.queue,
            ether_type: plan.ether_type,
        }))?;
        let orders = handle.orders();
        Ok((
            Self {
                orders,
                rules,
                handle,
                watchdog,
                writer,
            },
            reports,
        ))
    }

    /// Ends it gracefully: `stop` makes the core release what it holds and take leave; then the
    /// rules send nothing more to the gate, what has come meanwhile is let go, and the rules are
    /// removed.
    ///
    /// # Errors
    /// The token thread had ended by itself, or the rules cannot be removed; the watchdog then
    /// tries once more.
    pub async fn close(self, stop: M::Command) -> anyhow::Result<()> {
        self.orders.command(stop);
        let opened = self.rules.open().await;
        // Inspections come after the packets that have come so far: the core passed them on.
        let released = self.orders.inspect(|view| view.gate.release_all()).await;
        let removed = self.rules.remove().await;
        self.handle.stop()?;
        opened?;
        released??;
        removed?;
        // Before the recording is waited for, because nothing beats for the watchdog any more.
        self.watchdog.good_bye().context("the watchdog was gone")?;
        drop(self.writer);
        Ok(())
    }
}
