//! Both cores on real token sockets, on the loopback interface, where both have the address
//! 00:00:00:00:00:00 and hear themselves too. Only the gate is a stand-in.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rether_linux::clock;
use rether_linux::gate::{Counters as GateCounters, Gate, Sink};
use rether_linux::link::Link;
use rether_linux::neigh::Neighbours;
use rether_proto::agent::{AgentCommand, AgentConfig, AgentEvent, GateMode};
use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::coordinator::{CoordinatorCommand, CoordinatorConfig, CoordinatorEvent};
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::machine::{Packet, PacketId, Verdict};
use rether_proto::policy::PolicyTable;
use rether_proto::record::{AgentStart, CoordinatorStart, Start};

use super::*;

const NODE: MacAddr = MacAddr([0; 6]);
const PATIENCE: Duration = Duration::from_secs(20);

/// A gate whose packets come from the test.
#[derive(Clone)]
struct TestGate {
    bell: Wake,
    arrived: Arc<Mutex<Vec<Packet>>>,
    applied: Arc<Mutex<Vec<Verdict>>>,
}

impl TestGate {
    fn new() -> Self {
        let bell = Wake::new().unwrap();
        Self {
            bell,
            arrived: Arc::default(),
            applied: Arc::default(),
        }
    }

    fn arrive(&self, numbers: std::ops::Range<u64>) {
        let packet = |n| Packet {
            id: PacketId(n),
            station: NODE,
            len: 100,
            flow: FlowKey::UNKNOWN,
        };
        self.arrived.lock().unwrap().extend(numbers.map(packet));
        self.bell.ring();
    }
}

impl AsFd for TestGate {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Gate for TestGate {
    fn receive(&mut self, _: &Neighbours, sink: &mut Sink<'_>) -> Result<(), OsError> {
        let _ = self.bell.silence();
        for packet in self.arrived.lock().unwrap().drain(..) {
            sink(packet, None);
        }
        Ok(())
    }

    fn apply(&mut self, verdicts: &[Verdict]) -> Result<(), OsError> {
        self.applied.lock().unwrap().extend(verdicts);
        Ok(())
    }

    fn release_all(&mut self) -> Result<(), OsError> {
        Ok(())
    }

    fn counters(&self) -> GateCounters {
        GateCounters::default()
    }
}

type Started<M> = (
    Handle<M, TestGate>,
    mpsc::UnboundedReceiver<Report<<M as Machine>::Event>>,
    TestGate,
);

/// Starts a core on an `EtherType` of the test's own; `None` if the test may not open sockets.
fn start<S>(start: &S, ether_type: u16) -> Option<Started<S::Machine>>
where
    S: Start,
    S::Machine: Send + 'static,
    <S::Machine as Machine>::Command: Clone + Send + 'static,
    <S::Machine as Machine>::Event: Clone + Send + 'static,
{
    let link = Link::read(&"lo".parse().unwrap()).unwrap();
    let socket = match TokenSocket::open(&link, ether_type) {
        Err(error) if error.is_denied() => {
            eprintln!("not run: {error}");
            return None;
        }
        socket => socket.unwrap(),
    };
    let gate = TestGate::new();
    let port = Port {
        socket,
        neighbours: None,
        injector: None,
    };
    let machine = start.build();
    let parts = Parts {
        machine,
        gate: gate.clone(),
        port,
        heartbeat: None,
        recorder: None,
    };
    let (handle, reports) = spawn(parts).unwrap();
    Some((handle, reports, gate))
}

fn agent() -> AgentStart {
    AgentStart {
        config: AgentConfig::default(),
        address: NODE,
        seed: 1,
        now: clock::now(),
    }
}

fn coordinator() -> CoordinatorStart {
    let phy = Phy {
        kind: PhyKind::Ofdm,
        wmm: false,
    };
    let config = CoordinatorConfig::new(phy, Rate(540));
    CoordinatorStart {
        config,
        policy: PolicyTable::default(),
        seed: 2,
        now: clock::now(),
    }
}

async fn until<E>(reports: &mut mpsc::UnboundedReceiver<Report<E>>, wanted: impl Fn(&E) -> bool) {
    let search = async {
        loop {
            match reports.recv().await.expect("the driver ended") {
                Report::Event(event) if wanted(&event) => return,
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, search)
        .await
        .expect("the event did not come");
}

#[tokio::test]
async fn an_agent_registers_and_packets_pass_in_free_mode() {
    let Some((ap, mut ap_reports, ap_gate)) = start(&coordinator(), 0x88b6) else {
        return;
    };
    let Some((sta, mut sta_reports, sta_gate)) = start(&agent(), 0x88b6) else {
        return;
    };
    let (ap_orders, sta_orders) = (ap.orders(), sta.orders());
    ap_orders.command(CoordinatorCommand::StationJoined(NODE));
    sta_orders.command(AgentCommand::LinkUp { bssid: NODE });
    until(&mut ap_reports, |event| {
        matches!(event, CoordinatorEvent::Registered { .. })
    })
    .await;
    until(&mut sta_reports, |event| {
        *event == AgentEvent::Gate(GateMode::Watch)
    })
    .await;

    ap_gate.arrive(0..500);
    sta_gate.arrive(0..3);
    let accepted = |numbers: std::ops::Range<u64>| -> Vec<_> {
        numbers.map(|n| Verdict::Accept(PacketId(n))).collect()
    };
    for (gate, count) in [(&ap_gate, 500), (&sta_gate, 3)] {
        let all = async {
            while gate.applied.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, all)
            .await
            .expect("packets are held");
    }
    assert_eq!(*ap_gate.applied.lock().unwrap(), accepted(0..500));
    assert_eq!(*sta_gate.applied.lock().unwrap(), accepted(0..3));

    let status = sta_orders
        .inspect(|view| view.machine.status())
        .await
        .unwrap();
    assert!(status.registered);
    // Both hear their own frames, which are out of place and refused, and live on.
    let counters = ap_orders.inspect(|view| view.counters).await.unwrap();
    assert!(counters.refused > 0 && counters.sent > 0, "{counters:?}");
    assert_eq!(counters.packets, 500);

    sta_orders.command(AgentCommand::Stop);
    until(&mut ap_reports, |event| {
        *event == CoordinatorEvent::AgentLost(NODE)
    })
    .await;
    sta.stop().unwrap();
    ap.stop().unwrap();
    assert_eq!(sta_orders.inspect(|_| ()).await, Err(Ended));
}

#[tokio::test]
async fn orders_keep_their_order_and_a_flood_of_them_is_no_end() {
    let Some((sta, _reports, _gate)) = start(&agent(), 0x88b7) else {
        return;
    };
    let orders = sta.orders();
    for n in 1..=1_000 {
        orders.command(AgentCommand::Rate(Rate(n)));
    }
    let status = orders.inspect(|view| view.machine.status()).await.unwrap();
    assert_eq!(status.rate, Rate(1_000));
    sta.stop().unwrap();
}
